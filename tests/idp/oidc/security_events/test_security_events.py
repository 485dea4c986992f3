"""Security events: which happening tells whom, under which `sub`; nobody who does not know the resident hears anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import RSAKey
from sqlalchemy import update

from idp.audit import AuditEventType, record
from idp.foundation import clock, housekeeping
from idp.foundation.outbox import Job, OutboxRow
from idp.logins.model import LoginSession
from idp.logins.sessions import end_sessions
from idp.oidc.clients.model import Client
from idp.oidc.grants.revoke import end_app_access
from idp.oidc.registration.register_client import CityOptions
from idp.oidc.security_events.event_types import SUPPORTED
from idp.oidc.security_events.model import SecurityEvent
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser
from tests.support.subscriber import CREDENTIAL, REVOKED, VERIFICATION, Subscriber
from tests.support.town import Town


def subscribed(town: Town, **metadata: Any) -> Subscriber:
    me = Subscriber(town, **metadata)
    me.subscribe()
    return me


def resident_of(town: Town) -> str:
    return town.resident("hanako")


def user(town: Town, sub: str) -> dict[str, str]:
    return {"format": "iss_sub", "iss": town.issuer, "sub": sub}


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_the_end_of_a_login_names_the_session_and_the_apps_own_sub(any_town: Town, alg: str) -> None:
    browser = any_town.signed_in()
    apps = [subscribed(any_town, id_token_signed_response_alg=alg) for _ in range(2)]
    known = [me.sub(browser) for me in apps]
    browser.post("/signout")
    for me, before in zip(apps, known, strict=True):
        [event] = me.fetch()
        assert event["sub_id"] == {
            "format": "complex",
            "user": user(any_town, before["sub"]),
            "session": {"format": "opaque", "id": before["sid"]},
        }
        members = event["events"][REVOKED]
        assert members.pop("reason_admin") == {"en": "The login has ended."}
        assert event["iat"] - 5 <= members.pop("event_timestamp") <= event["iat"]
        assert members == {"initiating_entity": "user"}
        assert abs(event["iat"] - clock.epoch()) < 60
    assert known[0]["sub"] != known[1]["sub"]


def test_two_departments_cannot_join_what_they_heard(town: Town) -> None:
    browser = town.signed_in()
    apps = [subscribed(town) for _ in range(2)]
    for me in apps:
        me.sub(browser)
    browser.post("/signout")
    [[first], [second]] = [me.fetch() for me in apps]
    assert first["jti"] != second["jti"]
    assert first["txn"] != second["txn"]


def test_an_app_that_did_not_take_part_hears_nothing_of_the_login(town: Town) -> None:
    """It knows the resident, but when they sign in and out elsewhere is none of its business."""
    me, browser = subscribed(town), town.signed_in()
    me.sub(browser)
    browser.post("/signout")
    assert len(me.fetch()) == 1
    town.signed_in().post("/signout")
    assert me.fetch() == []


def test_only_what_was_asked_for_comes(town: Town) -> None:
    browser, me = town.signed_in(), Subscriber(town)
    me.subscribe(events_requested=[CREDENTIAL])
    me.sub(browser)
    browser.post("/signout")
    assert me.fetch() == []


@pytest.mark.parametrize(
    ("by", "entity"), [("resident", "user"), ("app", "user"), ("staff", "admin"), ("expiry", "system")]
)
def test_who_set_it_off_is_said(town: Town, by: str, entity: str) -> None:
    me, browser = subscribed(town), town.signed_in()
    me.sub(browser)
    with town.writing() as session:
        end_sessions(session, [row.session_id for row in town.rows(LoginSession)], by=by)
    [event] = me.fetch()
    assert event["events"][REVOKED]["initiating_entity"] == entity


def test_an_end_of_access_tells_that_app_that_every_session_is_over(any_town: Town) -> None:
    browser = any_town.signed_in()
    me, other = subscribed(any_town), subscribed(any_town)
    sub = me.sub(browser)["sub"]
    other.sub(browser)
    resident_id = resident_of(any_town)
    with any_town.writing() as session:
        end_app_access(session, resident_id, me.app.client_id)
    [event] = me.fetch()
    assert event["sub_id"] == user(any_town, sub)
    assert set(event["events"]) == {REVOKED}
    assert other.fetch() == []


def test_an_app_that_gave_its_grant_back_itself_is_not_told(town: Town) -> None:
    browser = town.signed_in()
    me = Subscriber(town, "openid profile ssf.manage ssf.read grant_management_revoke")
    me.subscribe()
    managed = browser.tokens(me.app, grant_management_action="create")["grant_id"]
    token = me.token("grant_management_revoke")
    assert me.call("DELETE", f"/grants/{managed}", token=token).status_code == 204
    assert me.fetch() == []


def happened(town: Town, event: AuditEventType, /, **facts: Any) -> None:
    resident_id = resident_of(town)
    with town.writing() as session:
        record(session, event, resident_id=resident_id, **facts)


CHANGES: dict[str, tuple[Callable[[Town], None], dict[str, str]]] = {
    "card": (
        lambda town: happened(town, AuditEventType.CARD_BOUND, ceremony="c", medium="card"),
        {"credential_type": "x509", "change_type": "create"},
    ),
    "card on hold": (
        lambda town: happened(town, AuditEventType.CREDENTIAL_HELD, credential="c", kind="card"),
        {"credential_type": "x509", "change_type": "revoke"},
    ),
    "passkey back": (
        lambda town: happened(town, AuditEventType.CREDENTIAL_RELEASED, credential="gone", kind="passkey"),
        {"credential_type": "fido2-platform", "change_type": "update"},
    ),
    "passkey removed": (
        lambda town: happened(town, AuditEventType.PASSKEY_REMOVED, credential="gone"),
        {"credential_type": "fido2-platform", "change_type": "delete"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_credentials(any_town: Town, change: str) -> None:
    act, expected = CHANGES[change]
    browser, me = any_town.signed_in(), subscribed(any_town)
    sub = me.sub(browser)["sub"]
    browser.post("/signout")
    me.fetch()
    act(any_town)  # also while nobody is signed in
    [event] = me.fetch()
    assert event["sub_id"] == user(any_town, sub)
    members = event["events"][CREDENTIAL]
    assert expected.items() <= members.items()
    # The serial or issuer of a certificate would be the same for every department.
    assert set(members) == {"credential_type", "change_type", "event_timestamp", "initiating_entity", "reason_admin"}


@pytest.mark.parametrize(("transports", "kind"), [(["internal"], "fido2-platform"), (["usb", "nfc"], "fido2-roaming")])
def test_a_passkey_that_the_resident_adds(any_town: Town, transports: list[str], kind: str) -> None:
    me, browser = subscribed(any_town), any_town.signed_in()
    sub = me.sub(browser)["sub"]
    made = Authenticator(any_town.settings.origin).create(browser.post_json("/account/passkeys/options", {}).json)
    made["response"]["transports"] = transports
    assert browser.post_json("/account/passkeys", made).status_code == 201
    [event] = me.fetch()
    assert event["sub_id"] == user(any_town, sub)
    members = event["events"][CREDENTIAL]
    assert (members["credential_type"], members["change_type"]) == (kind, "create")
    assert members["initiating_entity"] == "user"


def test_apps_that_do_not_know_the_resident_hear_nothing(town: Town) -> None:
    stranger, of_taro, me = subscribed(town), subscribed(town), subscribed(town)
    of_taro.sub(town.signed_in("taro"))
    me.sub(town.signed_in("hanako"))
    happened(town, AuditEventType.CARD_BOUND, ceremony="c", medium="card")
    assert len(me.fetch()) == 1
    assert stranger.fetch() == of_taro.fetch() == []


def test_an_app_of_the_same_sector_that_the_resident_never_used_hears_nothing(town: Town) -> None:
    uris = ["https://shared.example/callback"]
    me, neighbour = subscribed(town, redirect_uris=uris), subscribed(town, redirect_uris=uris)
    me.sub(town.signed_in())
    happened(town, AuditEventType.CARD_BOUND, ceremony="c", medium="card")
    assert len(me.fetch()) == 1
    assert neighbour.fetch() == []


def test_after_the_end_of_access_an_app_learns_nothing_more(town: Town) -> None:
    me = subscribed(town)
    me.sub(town.signed_in())
    resident_id = resident_of(town)
    with town.writing() as session:
        end_app_access(session, resident_id, me.app.client_id)
    me.fetch()
    happened(town, AuditEventType.CARD_BOUND, ceremony="c", medium="card")
    assert me.fetch() == []


def test_an_app_without_consent_pages_hears_as_others_do(town: Town) -> None:
    me = subscribed(town, options=CityOptions(skip_consent=True))
    me.sub(town.signed_in())
    happened(town, AuditEventType.CARD_BOUND, ceremony="c", medium="card")
    assert len(me.fetch()) == 1


def test_an_app_that_was_switched_off_hears_nothing(town: Town) -> None:
    me, browser = subscribed(town), town.signed_in()
    me.sub(browser)
    town.change(update(Client).where(Client.client_id == me.app.client_id).values(active=False))
    browser.post("/signout")
    assert town.count(SecurityEvent) == 0


def test_what_is_not_committed_did_not_happen(town: Town) -> None:
    me, browser = subscribed(town), town.signed_in()
    me.sub(browser)
    resident_id = resident_of(town)

    def fails_later() -> None:
        with town.writing() as session:
            record(session, AuditEventType.CARD_BOUND, resident_id=resident_id, ceremony="c", medium="card")
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        fails_later()
    assert town.count(SecurityEvent) == 0


def test_a_pause_holds_and_an_end_of_it_sends(town: Town) -> None:
    me, browser = subscribed(town), town.signed_in()
    me.sub(browser)
    me.status("paused")
    happened(town, AuditEventType.CARD_BOUND, ceremony="c", medium="card")
    browser.post("/signout")
    assert me.fetch() == []
    me.status("enabled")
    assert [next(iter(event["events"])) for event in me.fetch()] == [CREDENTIAL, REVOKED]


def test_a_disabled_stream_holds_nothing(town: Town) -> None:
    me, browser = subscribed(town), town.signed_in()
    me.sub(browser)
    happened(town, AuditEventType.CARD_BOUND, ceremony="c", medium="card")
    me.status("disabled")
    browser.post("/signout")
    assert town.count(SecurityEvent) == 0
    me.status("enabled")
    assert me.fetch() == []


def test_an_event_nobody_took_is_forgotten(town: Town) -> None:
    me = subscribed(town)
    me.verify()
    with clock.travelled(timedelta(days=6)):
        housekeeping.handle(town.parts.database, Job(1, housekeeping.TOPIC, {}, 0))
        assert town.count(SecurityEvent) == 1
    with clock.travelled(timedelta(days=7, seconds=1)):
        assert me.anew().poll() == {"sets": {}, "moreAvailable": False}  # before it is swept
        housekeeping.handle(town.parts.database, Job(1, housekeeping.TOPIC, {}, 0))
        assert town.count(SecurityEvent) == 0


def test_verification_brings_the_state(town: Town) -> None:
    me = subscribed(town)
    me.verify("state-1")
    me.verify()
    first, second = me.fetch()
    assert first["events"] == {VERIFICATION: {"state": "state-1"}}
    assert second["events"] == {VERIFICATION: {}}
    assert first["sub_id"] == {"format": "opaque", "id": me.stream["stream_id"]}


def test_an_event_token_opens_nothing(town: Town, browser: Browser) -> None:
    me = subscribed(town)
    me.sub(browser)
    happened(town, AuditEventType.CARD_BOUND, ceremony="c", medium="card")
    [token] = me.poll()["sets"].values()
    assert me.app.userinfo(token).status_code == 401
    assert me.app.introspect(token) == {"active": False}
    assert me.call("GET", "/ssf/streams", token=token).status_code == 401
    hinted = browser.get("/authorize", query_string=me.app.request(prompt="none", id_token_hint=token))
    assert "error=" in hinted.location or hinted.status_code == 400


def test_events_of_an_app_with_encrypted_id_tokens_are_encrypted(town: Town) -> None:
    key = RSAKey.generate_key(2048, {"use": "enc", "kid": "e"})
    me = subscribed(
        town,
        id_token_encrypted_response_alg="RSA-OAEP-256",
        id_token_encrypted_response_enc="A256GCM",
        jwks={"keys": [key.as_dict(private=False)]},
    )
    me.verify()
    [token] = me.poll()["sets"].values()
    assert token.count(".") == 4
    inner = jwe.decrypt_compact(token, key, algorithms=["RSA-OAEP-256", "A256GCM"]).plaintext
    assert inner is not None
    assert VERIFICATION in me.claims(inner.decode())["events"]


def test_nothing_of_a_resident_is_in_the_outbox(town: Town) -> None:
    me = Subscriber(town)
    me.subscribe("https://93.184.216.34/events")
    me.sub(town.signed_in())
    happened(town, AuditEventType.CARD_BOUND, ceremony="c", medium="card")
    [row] = [row for row in town.rows(OutboxRow) if row.topic == "oidc.security_event"]
    [event] = town.rows(SecurityEvent)
    assert row.payload == f'{{"jti":"{event.jti}"}}'


def test_every_supported_type_is_of_caep_or_risc() -> None:
    families = {t.rpartition("/")[0].removeprefix("https://schemas.openid.net/secevent/") for t in SUPPORTED}
    assert families == {"caep/event-type", "risc/event-type"}
