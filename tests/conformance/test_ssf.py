"""The modules of the OpenID Foundation's SSF transmitter plan and of the CAEP interoperability plan, over HTTP (push and poll)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from idp.foundation.ids import new_id
from tests.conftest import sqlite_copy
from tests.support.browser import Browser
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.subscriber import CREDENTIAL, POLL, PUSH, REVOKED, VERIFICATION, EventServer, Subscriber
from tests.support.town import Town


class Site:
    """What the suite has: the metadata document, a token, and an endpoint for pushes."""

    def __init__(self, town: Town, mode: str) -> None:
        self.town, self.mode = town, mode
        self.metadata = requests.get(f"{town.issuer}/.well-known/ssf-configuration", timeout=10).json()
        # CAEP Interop §2.6: RS256.
        self.me = Subscriber(town, id_token_signed_response_alg="RS256")
        self.server = EventServer()
        self.header = "Bearer push-" + self.me.app.client_id

    def call(self, method: str, endpoint: str, body: Any = None, token: str | None = None, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {token or self.me.token()}"}
        url = self.metadata.get(endpoint, endpoint)
        return requests.request(method, url, json=body, headers=headers, timeout=15, allow_redirects=False, **more)

    def config(self, **members: Any) -> dict[str, Any]:
        delivery = {"method": POLL}
        if self.mode == "push":
            delivery = {"method": PUSH, "endpoint_url": self.server.uri, "authorization_header": self.header}
        return {"events_requested": [REVOKED, CREDENTIAL, "urn:unknown"], "delivery": delivery} | members

    def create(self, **members: Any) -> dict[str, Any]:
        answer = self.call("POST", "configuration_endpoint", self.config(description="suite", **members))
        assert answer.status_code == 201, answer.text
        stream: dict[str, Any] = answer.json()
        return stream

    def gone(self) -> str:
        """The id of a stream that was deleted: valid, and unknown."""
        stream_id = self.create()["stream_id"]
        assert self.delete(stream_id).status_code == 204
        return str(stream_id)

    def delete(self, stream_id: str, **more: Any) -> Any:
        return self.call("DELETE", "configuration_endpoint", params={"stream_id": stream_id}, **more)

    def poll(self, stream: dict[str, Any], **body: Any) -> dict[str, Any]:
        answer = self.call("POST", stream["delivery"]["endpoint_url"], body)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        found: dict[str, Any] = answer.json()
        return found

    def received(self, stream: dict[str, Any]) -> list[dict[str, Any]]:
        """The events that came, each checked, acknowledged when polled."""
        if self.mode == "push":
            self.town.parts.worker.run_once()
            tokens, self.server.got = self.server.got, []
        else:
            sets = self.poll(stream, returnImmediately=True)["sets"]
            assert self.poll(stream, ack=list(sets), maxEvents=0, returnImmediately=True)["sets"] == {}
            tokens = list(sets.values())
        return [self.me.claims(token) for token in tokens]


@pytest.fixture(scope="module")
def served(template: Any) -> Iterator[Town]:
    port = free_port()
    with sqlite_copy(template[0]) as url, Town(url, issuer=f"http://localhost:{port}") as town:
        server = Served(town.app, port)
        yield town
        server.stop()


@pytest.fixture(params=["push", "poll"])
def site(served: Town, request: pytest.FixtureRequest) -> Iterator[Site]:
    site = Site(served, request.param)
    yield site
    site.server.served.stop()


@pytest.fixture
def poll_site(served: Town) -> Iterator[Site]:
    site = Site(served, "poll")
    yield site
    site.server.served.stop()


@pytest.fixture
def push_site(served: Town) -> Iterator[Site]:
    site = Site(served, "push")
    yield site
    site.server.served.stop()


def refused(answer: Any, *codes: int) -> None:
    assert answer.status_code in codes, answer.text
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


# openid-ssf-transmitter-…


def test_openid_ssf_transmitter_metadata(poll_site: Site) -> None:
    found = poll_site.metadata
    assert found["issuer"] == poll_site.town.issuer
    assert found["spec_version"].startswith("1_0")
    assert {PUSH, POLL} >= set(found["delivery_methods_supported"])
    assert {"spec_urn": "urn:ietf:rfc:6749"} in found["authorization_schemes"]  # CAEP Interop §2.3.7
    assert found["default_subjects"] in ("ALL", "NONE")
    assert all(found.values())  # SSF §7.2.4: nothing empty
    keys = requests.get(found["jwks_uri"], timeout=10).json()["keys"]
    assert all(key["kid"] for key in keys)


def test_openid_ssf_stream_control_happy_path(site: Site) -> None:
    made = site.create()
    assert made["iss"] == site.metadata["issuer"]
    assert made["aud"] == site.me.app.client_id
    assert made["delivery"]["method"] == (PUSH if site.mode == "push" else POLL)
    assert {"stream_id", "iss", "aud", "delivery", "events_supported", "events_requested", "events_delivered"} <= set(
        made
    )
    assert set(made["events_delivered"]) <= set(made["events_supported"]) & set(made["events_requested"])
    query = {"stream_id": made["stream_id"]}
    assert site.call("GET", "configuration_endpoint", params=query).json() == made

    sent = site.config(stream_id=made["stream_id"], description="updated")
    updated = site.call("PATCH", "configuration_endpoint", sent)
    assert (updated.status_code, updated.json()["description"]) == (200, "updated")
    assert site.call("GET", "configuration_endpoint", params=query).json() == updated.json()

    reduced = site.config(stream_id=made["stream_id"], events_requested=[REVOKED])
    replaced = site.call("PUT", "configuration_endpoint", reduced)
    assert replaced.status_code == 200
    assert "description" not in replaced.json()
    assert replaced.json()["events_delivered"] == [REVOKED]
    assert site.call("GET", "configuration_endpoint", params=query).json() == replaced.json()

    assert site.call("GET", "status_endpoint", params=query).json() == query | {"status": "enabled"}
    for status in ("enabled", "paused", "disabled"):
        answer = site.call("POST", "status_endpoint", query | {"status": status})
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert site.delete(made["stream_id"]).status_code == 204


def test_openid_ssf_stream_control_error_create_stream_with_broken_input(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.me.token()}", "Content-Type": "application/json"}
    url = site.metadata["configuration_endpoint"]
    refused(requests.post(url, data='{"events_requested": [', headers=headers, timeout=10), 400)


def test_openid_ssf_stream_control_error_create_stream_with_invalid_token(site: Site) -> None:
    refused(site.call("POST", "configuration_endpoint", site.config(), token="invalid"), 401)


def test_openid_ssf_stream_control_error_create_stream_with_duplicate_config(site: Site) -> None:
    site.create()
    refused(site.call("POST", "configuration_endpoint", site.config()), 409)


def test_openid_ssf_stream_control_error_read_stream_with_invalid_token(site: Site) -> None:
    query = {"stream_id": site.create()["stream_id"]}
    refused(site.call("GET", "configuration_endpoint", params=query, token="invalid"), 401)


def test_openid_ssf_stream_control_error_read_unknown_stream(site: Site) -> None:
    refused(site.call("GET", "configuration_endpoint", params={"stream_id": site.gone()}), 404)


def test_openid_ssf_stream_control_error_token_in_uri_query(site: Site) -> None:
    query = {"stream_id": site.create()["stream_id"], "access_token": site.me.token()}
    assert requests.get(site.metadata["configuration_endpoint"], params=query, timeout=10).status_code == 401


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_openid_ssf_stream_control_error_update_and_replace_stream_with_invalid_token(site: Site, method: str) -> None:
    body = site.config(stream_id=site.create()["stream_id"])
    refused(site.call(method, "configuration_endpoint", body, token="invalid"), 401)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_openid_ssf_stream_control_error_update_and_replace_stream_with_invalid_body(site: Site, method: str) -> None:
    site.create()
    headers = {"Authorization": f"Bearer {site.me.token()}", "Content-Type": "application/json"}
    url = site.metadata["configuration_endpoint"]
    refused(requests.request(method, url, data="{broken", headers=headers, timeout=10), 400)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_openid_ssf_stream_control_error_update_and_replace_unknown_stream(site: Site, method: str) -> None:
    refused(site.call(method, "configuration_endpoint", site.config(stream_id=site.gone())), 404)


def test_openid_ssf_stream_control_error_delete_stream_with_invalid_token(site: Site) -> None:
    stream_id = site.create()["stream_id"]
    refused(site.delete(stream_id, token="invalid"), 401)
    assert site.delete(stream_id).status_code == 204


def test_openid_ssf_stream_control_error_delete_unknown_stream(site: Site) -> None:
    refused(site.delete(site.gone()), 404)
    refused(site.delete(new_id()), 404)


def test_openid_ssf_stream_subject_control(site: Site, phone: Browser) -> None:
    sub = site.me.sub(phone)["sub"]
    subject = {"format": "iss_sub", "iss": site.town.issuer, "sub": sub}
    body = {"stream_id": site.create()["stream_id"], "subject": subject}
    assert site.call("POST", "add_subject_endpoint", body | {"verified": True}).status_code == 200
    assert site.call("POST", "remove_subject_endpoint", body).status_code == 204
    refused(site.call("POST", "add_subject_endpoint", body, token="invalid"), 401)


@pytest.fixture
def phone(served: Town) -> Browser:
    return served.signed_in()


def verify(site: Site, stream: dict[str, Any], state: str = "suite-state") -> None:
    body = {"stream_id": stream["stream_id"], "state": state}
    answer = site.call("POST", "verification_endpoint", body)
    assert (answer.status_code, answer.content) == (204, b"")


def verified(site: Site, stream: dict[str, Any], claims: dict[str, Any]) -> None:
    assert claims["events"] == {VERIFICATION: {"state": "suite-state"}}
    assert claims["sub_id"] == {"format": "opaque", "id": stream["stream_id"]}
    assert claims["iss"] == site.metadata["issuer"]


def test_openid_ssf_transmitter_stream_verification_push(push_site: Site) -> None:
    stream = push_site.create()
    verify(push_site, stream)
    [claims] = push_site.received(stream)
    verified(push_site, stream, claims)
    assert push_site.server.headers[0]["Authorization"] == push_site.header
    assert push_site.server.headers[0]["Content-Type"] == "application/secevent+jwt"


def test_openid_ssf_transmitter_stream_verification_error_push_no_auth(push_site: Site) -> None:
    stream = push_site.create(delivery={"method": PUSH, "endpoint_url": push_site.server.uri})
    verify(push_site, stream)
    [claims] = push_site.received(stream)
    verified(push_site, stream, claims)
    assert "Authorization" not in push_site.server.headers[0]


def test_openid_ssf_transmitter_stream_verification_poll_only(poll_site: Site) -> None:
    stream = poll_site.create()
    verify(poll_site, stream)
    for _ in range(2):  # not acknowledged: it comes again
        [token] = poll_site.poll(stream)["sets"].values()
        verified(poll_site, stream, poll_site.me.claims(token))


def test_openid_ssf_transmitter_stream_verification_poll_and_ack(poll_site: Site) -> None:
    stream = poll_site.create()
    verify(poll_site, stream)
    [jti] = poll_site.poll(stream)["sets"]
    verify(poll_site, stream)
    [other] = poll_site.poll(stream, ack=[jti])["sets"]
    assert other != jti


def test_openid_ssf_transmitter_stream_verification_ack_only(poll_site: Site) -> None:
    stream = poll_site.create()
    verify(poll_site, stream)
    [jti] = poll_site.poll(stream)["sets"]
    assert poll_site.poll(stream, ack=[jti], maxEvents=0) == {"sets": {}, "moreAvailable": False}
    assert poll_site.poll(stream, returnImmediately=True)["sets"] == {}


def test_openid_ssf_transmitter_stream_verification_error_unknown_stream(site: Site) -> None:
    refused(site.call("POST", "verification_endpoint", {"stream_id": site.gone(), "state": "x"}), 404)


def test_openid_ssf_transmitter_events(site: Site) -> None:
    stream = site.create()
    for number in range(3):
        verify(site, stream, f"state-{number}")
    events = site.received(stream)
    assert [e["events"][VERIFICATION]["state"] for e in events] == ["state-0", "state-1", "state-2"]
    assert len({e["jti"] for e in events}) == 3


def test_openid_ssf_transmitter_stream_caep_interop(site: Site, phone: Browser) -> None:
    stream = site.create()
    assert set(stream["events_delivered"]) & {REVOKED, CREDENTIAL}
    verify(site, stream)
    verified(site, stream, site.received(stream)[0])
    known = site.me.sub(phone)
    phone.post("/signout")
    [claims] = site.received(stream)
    members = claims["events"][REVOKED]
    assert isinstance(members["event_timestamp"], int)
    assert members["reason_admin"]
    assert members["initiating_entity"] == "user"
    assert claims["sub_id"]["user"] == {"format": "iss_sub", "iss": site.town.issuer, "sub": known["sub"]}
    assert "sub" not in claims
    assert site.delete(stream["stream_id"]).status_code == 204
