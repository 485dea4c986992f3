"""RP-Initiated Logout plan."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.core_client import Client, Flow
from tests.support.core_site import CoreSite
from tests.support.html import hidden_fields
from tests.support.signing_in import Resident

BYE = "https://bye.example/signed-out"


@pytest.fixture(scope="module")
def client(site: CoreSite) -> Client:
    return site.client(post_logout_redirect_uris=[BYE])


@pytest.fixture
def person(site: CoreSite) -> Resident:
    return site.signed_in()


@pytest.fixture
def flow(client: Client, person: Resident) -> Flow:
    return client.sign_on(person)


def log_out(client: Client, person: Resident, **query: str) -> requests.Response:
    url = requests.Request("GET", client.config["end_session_endpoint"], params=query).prepare().url
    return person.go(str(url))


def still_in(client: Client, person: Resident) -> bool:
    response = client.answered(person.go(client.url(client.request(prompt="none"))))
    assert "code" in response or response["error"] == "login_required"
    return "code" in response


def not_redirected(page: requests.Response) -> None:
    """A page of ours, and nothing on it that leads to the address by itself."""
    assert page.status_code in (200, 400)
    assert "http-equiv" not in page.text.lower()


def test_oidcc_rp_initiated_logout(client: Client, person: Resident, flow: Flow) -> None:
    page = log_out(client, person, id_token_hint=flow.id_token, post_logout_redirect_uri=BYE, state="st 1&2")
    location = urlsplit(page.headers["Location"])
    assert location._replace(query="").geturl() == BYE
    assert dict(parse_qsl(location.query)) == {"state": "st 1&2"}
    assert not still_in(client, person)


def test_oidcc_rp_initiated_logout_without_state(client: Client, person: Resident, flow: Flow) -> None:
    page = log_out(client, person, id_token_hint=flow.id_token, post_logout_redirect_uri=BYE)
    assert page.headers["Location"] == BYE
    assert not still_in(client, person)


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(client: Client, person: Resident, flow: Flow) -> None:
    bad = "https://elsewhere.example/bye"
    page = log_out(client, person, id_token_hint=flow.id_token, post_logout_redirect_uri=bad, state="s")
    not_redirected(page)


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(
    client: Client, person: Resident, flow: Flow
) -> None:
    page = log_out(client, person, id_token_hint=flow.id_token, post_logout_redirect_uri=f"{BYE}?foo=bar", state="s")
    not_redirected(page)


def test_oidcc_rp_initiated_logout_modified_id_token_hint(client: Client, person: Resident, flow: Flow) -> None:
    """The same claims with `alg` none."""
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    hint = f"{header}.{flow.id_token.split('.')[1]}."
    page = log_out(client, person, id_token_hint=hint, post_logout_redirect_uri=BYE, state="s")
    not_redirected(page)
    assert still_in(client, person)


def test_oidcc_rp_initiated_logout_bad_id_token_hint(client: Client, person: Resident, flow: Flow) -> None:
    """The same claims, signed by somebody else."""
    kid = json.loads(base64.urlsafe_b64decode(flow.id_token.split(".")[0] + "=="))["kid"]
    hint = jwt.encode({"alg": "RS256", "kid": kid}, flow.claims, RSAKey.generate_key(2048))
    page = log_out(client, person, id_token_hint=hint, post_logout_redirect_uri=BYE, state="s")
    not_redirected(page)
    assert still_in(client, person)


def test_oidcc_rp_initiated_logout_no_id_token_hint(client: Client, person: Resident, flow: Flow) -> None:
    """An address without a hint: the resident is asked first."""
    page = log_out(client, person, post_logout_redirect_uri=BYE, state="s")
    not_redirected(page)
    assert still_in(client, person)


@pytest.mark.parametrize("named", [False, True])
def test_without_a_hint_the_resident_decides(client: Client, person: Resident, flow: Flow, named: bool) -> None:
    """After the resident's own press: signed out, and to the app only if it said who it is."""
    query = {"client_id": client.client_id} if named else {}
    page = log_out(client, person, post_logout_redirect_uri=BYE, state="s", **query)
    kept = {n: v for n, v in hidden_fields(page.text).items() if n == "request"}
    after = person.submit(page, f"{client.issuer}/logout/confirm", **kept)
    assert after.headers.get("Location") == (f"{BYE}?state=s" if named else None)
    assert not still_in(client, person)


def signed_out_after_asking(client: Client, person: Resident, **query: str) -> None:
    """Our own pages only: the question, and after the press the end."""
    page = log_out(client, person, **query)
    not_redirected(page)
    after = person.submit(page, f"{client.issuer}/logout/confirm")
    assert after.status_code == 200
    assert not still_in(client, person)


def test_oidcc_rp_initiated_logout_no_params(client: Client, person: Resident, flow: Flow) -> None:
    signed_out_after_asking(client, person)


def test_oidcc_rp_initiated_logout_only_state(client: Client, person: Resident, flow: Flow) -> None:
    signed_out_after_asking(client, person, state="s")


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(client: Client, person: Resident, flow: Flow) -> None:
    page = log_out(client, person, id_token_hint=flow.id_token, state="s")
    not_redirected(page)
    assert not still_in(client, person)
