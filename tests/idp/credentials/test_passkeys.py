"""Passkeys (WebAuthn §7.1, §7.2): each step of the checklist refused on its own; user verification always."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from idp.credentials.model import Challenge, Passkey, PasskeyUser
from idp.credentials.passkeys import add_options
from idp.foundation import clock
from tests.support.browser import Browser
from tests.support.phone import BE, BS, UP, UV, Phone, b64
from tests.support.town import Town
from tests.support.waiting import until


def add(browser: Browser, authenticator: Phone, **changes: Any) -> Any:
    options = browser.post_json("/account/passkeys/options", {})
    assert options.status_code == 200, options.text
    return browser.post_json("/account/passkeys", authenticator.create(options.json, **changes))


class Ready:
    """A resident with a passkey, and a fresh browser at the sign-in page."""

    def __init__(self, town: Town, synced: bool = True) -> None:
        self.town = town
        self.resident = town.resident()
        self.phone = Phone(synced=synced)
        home = town.browser()
        home.sign_in(self.resident)
        assert add(home, self.phone).status_code == 201
        self.begin()

    def begin(self) -> None:
        """Another browser at the sign-in page."""
        self.browser = self.town.browser()
        self.attempt = self.browser.get("/signin?next=/account/passkeys/new").location

    def options(self, browser: Browser | None = None, attempt: str | None = None) -> Any:
        answer = (browser or self.browser).post_json(f"{attempt or self.attempt}/passkey/options", {})
        assert answer.status_code == 200, answer.text
        return answer.json

    def send(self, credential: Any, browser: Browser | None = None, attempt: str | None = None) -> Any:
        return (browser or self.browser).post_json(f"{attempt or self.attempt}/passkey", credential)

    def refused(self, answer: Any, reason: str) -> None:
        assert (answer.status_code, answer.json["title"]) == (400, "passkey_refused")
        assert self.browser.cookie("machi_session") is None
        assert reason in self.town.events("passkey_refused")[-1].facts


@pytest.fixture(scope="module")
def prepared(shared_town: Town) -> Ready:
    return Ready(shared_town)


@pytest.fixture
def ready(prepared: Ready) -> Ready:
    """The same resident and passkey for the module, a browser of its own for each test."""
    prepared.begin()
    return prepared


@pytest.mark.parametrize("synced", [True, False])
def test_add_and_sign_in(any_town: Town, synced: bool) -> None:
    ready = Ready(any_town, synced)
    answer = ready.send(ready.phone.get(ready.options()))
    assert (answer.status_code, answer.json) == (200, {"next": "/account/passkeys/new"})
    assert ready.browser.get("/account/passkeys/new").status_code == 200
    row = any_town.rows(Passkey)[0]
    assert (row.device_type, row.backed_up) == ("multi_device" if synced else "single_device", synced)
    assert row.last_used_at is not None
    app = any_town.register()
    claims = app.id_token(ready.browser.tokens(app)["id_token"])
    assert claims["acr"] == "urn:machi:acr:ial3-aal2"
    assert claims["amr"] == sorted(["swk" if synced else "hwk", "mfa", "pop", "user"])


def test_what_the_browser_is_asked(ready: Ready) -> None:
    options = ready.options()
    assert options["userVerification"] == "required"
    assert options["rpId"] == "localhost"
    assert options.get("allowCredentials", []) == []  # discoverable: nobody is named before they have proven themselves
    home = ready.town.browser()
    home.sign_in(ready.resident)
    create = home.post_json("/account/passkeys/options", {}).json
    assert create["authenticatorSelection"]["residentKey"] == "required"
    assert create["authenticatorSelection"]["userVerification"] == "required"
    assert [c["id"] for c in create["excludeCredentials"]] == [b64(ready.phone.credential_id)]
    assert create["attestation"] == "none"
    assert ready.resident.encode() != ready.phone.user_handle


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost:8001", "https://localhost:8000", "http://localhost:8000.evil.example",
     "http://evillocalhost:8000", "http://localhost:8000/", "", "null"],
)  # fmt: skip
def test_another_origin(ready: Ready, origin: str) -> None:
    """kanidm 1.10: `badexample.com` passed for `example.com`."""
    ready.refused(ready.send(ready.phone.get(ready.options(), origin=origin)), "reason")


@pytest.mark.parametrize("rp_id", ["evil.example", "", "localhos"])
def test_another_relying_party(ready: Ready, rp_id: str) -> None:
    ready.refused(ready.send(ready.phone.get(ready.options(), rp_id=rp_id)), "reason")


@pytest.mark.parametrize("flags", [UP | BE | BS, UV | BE | BS, BE | BS, 0])
def test_without_presence_or_verification(ready: Ready, flags: int) -> None:
    """Keycloak CVE-2026-8830: what the page asks for must be checked by the server."""
    ready.refused(ready.send(ready.phone.get(ready.options(), flags=flags)), "reason")


@pytest.mark.parametrize("kind", ["webauthn.create", "payment.get", ""])
def test_another_ceremony(ready: Ready, kind: str) -> None:
    ready.refused(ready.send(ready.phone.get(ready.options(), type=kind)), "reason")


def test_a_challenge_is_good_once(ready: Ready) -> None:
    """Zitadel CVE-2025-46815: a proof of sign-in used again."""
    assertion = ready.phone.get(ready.options())
    assert ready.send(assertion).status_code == 200
    again = ready.town.browser()
    again.set_cookie("machi_browser", str(ready.browser.cookie("machi_browser")))
    answer = again.post_json(f"{ready.attempt}/passkey", assertion)
    assert answer.status_code == 400
    assert again.cookie("machi_session") is None


def test_a_failed_answer_uses_the_challenge_up(ready: Ready) -> None:
    options = ready.options()
    ready.refused(ready.send(ready.phone.get(options, origin="https://evil.example")), "reason")
    ready.refused(ready.send(ready.phone.get(options)), '"challenge"')


def test_a_challenge_nobody_gave(ready: Ready) -> None:
    ready.refused(ready.send(ready.phone.get({"challenge": b64(b"x" * 32)})), '"challenge"')


def test_an_old_challenge(ready: Ready) -> None:
    options = ready.options()
    with clock.travelled(timedelta(minutes=11)):
        ready.refused(ready.send(ready.phone.get(options)), '"challenge"')


def test_a_challenge_of_another_browser(ready: Ready) -> None:
    """An assertion made for somebody else's page does not sign this browser in. Keycloak CVE-2026-9087."""
    other = ready.town.browser()
    elsewhere = other.get("/signin").location
    assertion = ready.phone.get(ready.options(other, elsewhere))
    ready.refused(ready.send(assertion), "challenge_of_another_browser")


def test_a_challenge_of_another_attempt(ready: Ready) -> None:
    second = ready.browser.get("/signin").location
    ready.refused(ready.send(ready.phone.get(ready.options(attempt=second))), "challenge_of_another_attempt")


def test_a_challenge_for_adding_does_not_sign_in(ready: Ready) -> None:
    home = ready.town.browser()
    home.sign_in(ready.resident)
    options = home.post_json("/account/passkeys/options", {}).json
    ready.refused(ready.send(ready.phone.get(options)), '"challenge"')


def test_a_credential_nobody_has(ready: Ready) -> None:
    ready.refused(ready.send(ready.phone.get(ready.options(), credential_id=b"y" * 32)), "unknown_credential")


@pytest.mark.parametrize("handle", [b"", b"z" * 32])
def test_the_handle_of_somebody_else(ready: Ready, handle: bytes) -> None:
    ready.refused(ready.send(ready.phone.get(ready.options(), user_handle=handle)), "user_handle")


def test_a_signature_of_another_key(ready: Ready) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    ready.refused(ready.send(ready.phone.get(ready.options(), key=stranger)), "reason")


def test_backup_eligibility_may_not_change(ready: Ready) -> None:
    """WebAuthn §7.2 step 18: the BE flag is for life."""
    ready.refused(ready.send(ready.phone.get(ready.options(), flags=UP | UV)), "backup_eligibility_changed")


def test_backup_without_eligibility_is_nonsense(town: Town) -> None:
    ready = Ready(town, synced=False)
    ready.refused(ready.send(ready.phone.get(ready.options(), flags=UP | UV | BS)), "reason")


@pytest.mark.parametrize("counter", [0, 1, 2**32 - 1])
def test_the_counter_is_advisory(ready: Ready, counter: int) -> None:
    """Synced passkeys keep it at 0; a smaller one must not lock anybody out."""
    assert ready.send(ready.phone.get(ready.options(), counter=counter)).status_code == 200


@pytest.mark.parametrize("state", ["revoked", "replaced"])
def test_a_passkey_that_is_out_of_use(town: Town, state: str) -> None:
    ready = Ready(town)
    ready.town.change(update(Passkey).values(state=state))
    ready.refused(ready.send(ready.phone.get(ready.options())), "unknown_credential")


def test_a_passkey_on_hold_is_told_so_only_to_whoever_holds_it(town: Town) -> None:
    """Its id alone, or a signature of another key, learns no more than of a passkey that never was."""
    ready = Ready(town)
    ready.town.change(update(Passkey).values(state="held"))
    stranger = ec.generate_private_key(ec.SECP256R1())
    ready.refused(ready.send(ready.phone.get(ready.options(), key=stranger)), "reason")
    ready.refused(ready.send(ready.phone.get(ready.options(), user_handle=b"z" * 32)), "user_handle")
    assert town.events("passkey_refused")[-1].resident_id is None
    answer = ready.send(ready.phone.get(ready.options()))
    assert (answer.status_code, answer.json["title"]) == (403, "passkey_held")
    assert ready.browser.cookie("machi_session") is None
    last = town.events("passkey_refused")[-1]
    assert (last.resident_id, last.facts) == (ready.resident, '{"reason":"held"}')


@pytest.mark.parametrize(
    "body",
    [{}, {"id": 1}, {"id": "x", "response": None}, {"id": "x", "response": {"clientDataJSON": "e30"}},
     {"id": "\u3042", "response": {"clientDataJSON": 1}}, {"id": "x", "response": {"clientDataJSON": "!"}},
     {"id": "x", "response": {"clientDataJSON": b64(b"[]")}}, {"id": "x", "response": {"clientDataJSON": b64(b"[" * 5000)}},
     {"id": "x", "response": {"clientDataJSON": b64(b"\xff")}}, {"response": {"clientDataJSON": b64(b'{"type":"x"}')}},
     {"id": "x", "response": {"clientDataJSON": b64(b'{"type":"webauthn.get","challenge":1,"origin":"x"}')}}],
)  # fmt: skip
def test_what_is_no_credential(ready: Ready, body: Any) -> None:
    ready.refused(ready.send(body), "reason")


@pytest.mark.parametrize("body", [[], "x", 1, None])
def test_what_is_no_object(ready: Ready, body: Any) -> None:
    assert ready.send(body).status_code == 400


def test_broken_parts_of_a_good_answer(ready: Ready) -> None:
    for part in ("authenticatorData", "signature", "userHandle", "clientDataJSON"):
        for value in ("", "!", "AAAA", 1, None, [], {}):
            credential = ready.phone.get(ready.options())
            credential["response"][part] = value
            assert ready.send(credential).status_code == 400
            del credential["response"][part]
            assert ready.send(credential).status_code == 400
            ready.town.parts.limits.reset()


def test_one_answer_sent_several_times_at_once(any_town: Town) -> None:
    """It signs in once; every other time is refused and recorded, also where all have seen the challenge unused."""
    ready = Ready(any_town)
    credential, together = ready.phone.get(ready.options()), threading.Barrier(4)
    tabs = [any_town.browser() for _ in range(4)]
    for tab in tabs:
        tab.client.set_cookie("machi_browser", str(ready.browser.cookie("machi_browser")))
        assert tab.csrf

    def send(tab: Browser) -> int:
        together.wait(10)
        return int(ready.send(credential, tab).status_code)

    with ThreadPoolExecutor(len(tabs)) as pool:
        assert sorted(pool.map(send, tabs)) == [200, 400, 400, 400]
    facts = [event.facts for event in any_town.events("passkey_refused")]
    assert facts == ['{"reason":"challenge"}'] * 3


# adding -----------------------------------------------------------------------------------------------------------------


def test_adding_needs_a_fresh_login(town: Town) -> None:
    """Keycloak CVE-2026-37982, CVE-2026-3429."""
    resident, browser = town.resident(), town.browser()
    with clock.travelled(timedelta(minutes=-11)):
        browser.sign_in(resident)
    assert browser.post_json("/account/passkeys/options", {}).status_code == 403
    assert browser.get("/account/passkeys/new").location.startswith("/signin/")
    browser.sign_in(resident)
    assert add(browser, Phone()).status_code == 201


def test_adding_needs_a_login_and_the_csrf_token(town: Town, browser: Browser) -> None:
    stranger = town.browser()
    for path in ("/account/passkeys/options", "/account/passkeys"):
        assert stranger.post_json(path, {}).status_code == 401
        assert browser.client.post(path, json={}).status_code == 400


@pytest.mark.parametrize("changes", [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"flags": UP | BE | BS},
                                     {"type": "webauthn.get"}, {"challenge": b64(b"x" * 32)}], ids=str)  # fmt: skip
def test_an_attestation_that_does_not_fit(town: Town, browser: Browser, changes: dict[str, Any]) -> None:
    assert add(browser, Phone(), **changes).status_code == 400
    assert town.count(Passkey) == 0


def test_adding_for_somebody_else(town: Town) -> None:
    first, second = town.signed_in("hanako"), town.signed_in("taro")
    options = first.post_json("/account/passkeys/options", {}).json
    assert second.post_json("/account/passkeys", Phone().create(options)).status_code == 400
    # Nor with the same browser's challenge after another person has signed in there.
    options = first.post_json("/account/passkeys/options", {}).json
    first.sign_in(town.resident("taro"))
    assert first.post_json("/account/passkeys", Phone().create(options)).status_code == 400
    assert town.count(Passkey) == 0


def test_a_passkey_is_added_once(town: Town, browser: Browser) -> None:
    phone = Phone()
    assert add(browser, phone).status_code == 201
    assert add(browser, phone).status_code == 400
    assert add(town.signed_in("taro"), phone).status_code == 400
    assert town.count(Passkey) == 1


def test_two_tabs_that_add_a_first_passkey_at_once(any_town: Town) -> None:
    """Both are served, and with the same user handle: an authenticator would keep two accounts otherwise."""
    resident = any_town.resident()
    tabs = [any_town.browser() for _ in range(2)]
    for tab in tabs:
        tab.sign_in(resident)
        assert tab.csrf
    together = threading.Barrier(len(tabs))

    def options(tab: Browser) -> Any:
        together.wait(10)
        return tab.post_json("/account/passkeys/options", {})

    with ThreadPoolExecutor(len(tabs)) as pool:
        answers = list(pool.map(options, tabs))
    assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
    assert len({answer.json["user"]["id"] for answer in answers}) == 1
    assert any_town.count(PasskeyUser) == 1


@pytest.mark.servers
def test_two_transactions_that_make_the_handle_meet_in_the_database(postgresql_url: str) -> None:
    """The second waits for the first one's insert, and then takes the handle the first one made."""

    def handle(session: Session) -> str:
        return str(add_options(session, town.parts.vault, town.settings, resident, "x", "b")["user"]["id"])

    def second() -> str:
        with town.writing() as session:
            return handle(session)

    def waits() -> bool:
        with town.parts.database.read() as session:
            return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))

    with Town(postgresql_url) as town, ThreadPoolExecutor(1) as pool:
        resident = town.resident()
        with town.writing() as session:
            made = handle(session)
            session.flush()
            other = pool.submit(second)
            until(waits)
        assert other.result(10) == made


def test_so_many_and_no_more(town: Town, browser: Browser) -> None:
    for _ in range(20):
        assert add(browser, Phone()).status_code == 201
    assert browser.post_json("/account/passkeys/options", {}).status_code == 409


def test_challenges_are_bound_and_random(ready: Ready) -> None:
    before = ready.town.count(Challenge)
    nonces = {ready.options()["challenge"] for _ in range(5)}
    assert len(nonces) == 5
    assert ready.town.count(Challenge) == before, "asking writes nothing"
    for _ in range(5):
        ready.send(ready.phone.get(ready.options()))
    rows = ready.town.rows(Challenge, Challenge.attempt_id == ready.attempt.rsplit("/", 1)[1])
    assert [(len(row.nonce), row.purpose) for row in rows] == [(32, "passkey_signin")] * 5
    assert len({row.nonce for row in rows}) == 5
