"""Cards, end to end through HTTP: the reader's answer, verified, written down, and collected by the browser that asked."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from clients.simulators.card_reader import Deck
from clients.simulators.card_reader.card import Card as TestCard
from clients.simulators.card_reader.people import HANAKO
from idp.credentials.model import Card, Challenge
from idp.foundation import clock
from idp.residents.model import ClaimReview, Resident
from tests.support.browser import Browser
from tests.support.phone import Phone
from tests.support.town import Town

READER = "http://localhost:8003"


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Deck:
    return Deck.open(tmp_path_factory.mktemp("deck"))


def card_town(url: str, deck: Deck) -> Town:
    folder = deck.state_dir
    return Town(
        url,
        card_reader_url=READER,
        jpki_auth_roots=folder / "auth-roots.pem",
        jpki_sign_roots=folder / "sign-roots.pem",
        jpki_auth_crl=folder / "auth.crl",
        jpki_sign_crl=folder / "sign.crl",
        signin_limit="1000/minute",
    )


@pytest.fixture
def town(sqlite_url: str, deck: Deck) -> Iterator[Town]:
    with card_town(sqlite_url, deck) as town:
        town.import_people()
        yield town


class Reading:
    """One reading: the browser is sent to the reader, the reader answers, the browser comes back."""

    def __init__(self, browser: Browser, purpose: str = "card", attempt: str | None = None) -> None:
        self.browser = browser
        self.attempt = attempt or browser.get("/signin?next=/account/passkeys/new").location
        sent = browser.post(f"{self.attempt}/{purpose}")
        assert sent.status_code == 303
        assert sent.location.startswith(f"{READER}/read?")
        self.asked = dict(parse_qsl(urlsplit(sent.location).query))
        self.statement = base64.urlsafe_b64decode(self.asked["tbs"] + "==")

    def form(self, card: TestCard, sign: bool = False) -> dict[str, str]:
        certificate, signature = card.authenticate(self.statement)
        values = card.prove(self.statement) if sign else {"certificate": certificate, "signature": signature}
        return {"challenge": self.asked["challenge"], **{k: base64.b64encode(v).decode() for k, v in values.items()}}

    def answer(self, form: dict[str, str]) -> TestResponse:
        """The reader's page posts the form; it is another site, so no token and no cookie of ours comes along."""
        poster = self.browser.town.app.test_client()
        return poster.post("/signin/card/answer", data=form, headers={"Origin": READER, "Sec-Fetch-Site": "cross-site"})

    def collect(self, answered: TestResponse) -> TestResponse:
        assert answered.status_code == 303, answered.text
        return self.browser.get(answered.location)

    def read(self, card: TestCard, sign: bool = False) -> TestResponse:
        return self.collect(self.answer(self.form(card, sign)))


def claim(town: Town, card: TestCard, browser: Browser | None = None) -> TestResponse:
    return Reading(browser or town.browser(), "claim").read(card, sign=True)


def kind(page: TestResponse) -> str:
    """What the page says happened."""
    if 'data-testid="claim-start"' in page.text:
        return "claim"
    found = re.search(r'data-testid="card-failed" data-kind="([a-z_]+)"', page.text)
    return found.group(1) if found else ""


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/account/passkeys/new").status_code == 200


# the good ways ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["hanako", "taro", "midori"])
def test_the_first_time_and_every_time_after(database_url: str, deck: Deck, key: str) -> None:
    with card_town(database_url, deck) as town:
        town.import_people()
        browser = town.browser()
        unknown = Reading(browser).read(deck.card(key))
        assert (unknown.status_code, kind(unknown)) == (200, "claim")
        assert not is_signed_in(browser)
        welcome = claim(town, deck.card(key), browser)
        assert welcome.location.endswith("/welcome")
        row = town.rows(Resident, Resident.state == "active")[0]
        assert row.unified_id[:4] in browser.get(welcome.location).text
        later = town.browser()
        assert Reading(later).read(deck.card(key)).location == "/account/passkeys/new"
        assert is_signed_in(later)
        app = town.register()
        claims = app.id_token(later.tokens(app)["id_token"])
        assert claims["acr"] == "urn:machi:acr:ial3-aal2"  # a bare nonce through a reader app can be relayed: not 3
        assert claims["amr"] == ["hwk", "mfa", "pin", "pop", "sc"]


def test_what_the_reader_is_told(town: Town, deck: Deck) -> None:
    reading = Reading(town.browser("ja"))
    assert set(reading.asked) == {"challenge", "tbs", "purpose", "origin", "return_url", "lang"}
    assert reading.asked["origin"] == town.settings.origin
    assert reading.asked["return_url"] == f"{town.issuer}/signin/card/answer"
    assert (reading.asked["purpose"], reading.asked["lang"]) == ("signin", "ja")
    assert Reading(town.browser(), "claim").asked["purpose"] == "claim"


def test_neither_serial_nor_certificate_is_kept(town: Town, deck: Deck) -> None:
    card = deck.card("hanako")
    claim(town, card)
    database = Path(str(town.parts.database.url.database))
    stored = database.read_bytes() + database.with_name(database.name + "-wal").read_bytes()
    serial = card.auth.serial
    for trace in (serial.to_bytes((serial.bit_length() + 7) // 8, "big"), str(serial).encode(), f"{serial:x}".encode(),
                  b"-----BEGIN CERT"):  # fmt: skip
        assert trace not in stored
    der, _ = card.authenticate(b"x")
    assert der[-60:] not in stored


def test_a_renewed_card_is_the_same_person(town: Town, deck: Deck) -> None:
    claim(town, deck.card("hanako"))
    before = town.rows(Card)[0]
    renewed = deck.issue("hanako", serial=987654321)
    browser = town.browser()
    assert kind(Reading(browser).read(renewed)) == "claim"
    assert claim(town, renewed, browser).location == "/account/passkeys/new"
    states = {row.credential_id: row.state for row in town.rows(Card)}
    assert states.pop(before.credential_id) == "replaced"
    assert list(states.values()) == ["active"]
    assert kind(Reading(town.browser()).read(deck.card("hanako"))) == "claim"  # the old one opens nothing any more
    assert town.count(Resident, Resident.state == "active") == 1


# cards that must not open the door --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("jiro", "stopped"),
        ("hold", "stopped"),
        ("hikari", "expired"),
        ("selfsigned", "try_again"),
        ("wrong-ca", "try_again"),
    ],
)
def test_cards_that_are_refused(town: Town, deck: Deck, key: str, told: str) -> None:
    for purpose, sign in (("card", False), ("claim", True)):
        browser = town.browser()
        page = Reading(browser, purpose).read(deck.card(key), sign)
        assert (page.status_code, kind(page)) == (403, told)
        assert not is_signed_in(browser)
    assert town.count(Card) == 0
    assert town.events("card_refused")


def test_the_signature_certificate_does_not_sign_in(town: Town, deck: Deck) -> None:
    """Another authority for another purpose: never accepted in place of the user-authentication certificate."""
    claim(town, deck.card("hanako"))
    reading = Reading(town.browser())
    certificate, signature = deck.card("hanako").sign(reading.statement)
    form = {"challenge": reading.asked["challenge"], "certificate": base64.b64encode(certificate).decode(),
            "signature": base64.b64encode(signature).decode()}  # fmt: skip
    page = reading.collect(reading.answer(form))
    assert (page.status_code, kind(page)) == (403, "try_again")
    assert "unknown_issuer" in town.events("card_refused")[-1].facts


def test_revoked_after_it_was_bound(sqlite_url: str, deck: Deck, tmp_path: Path) -> None:
    deck.card("taro")
    shutil.copytree(deck.state_dir, tmp_path / "deck")
    own = Deck.open(tmp_path / "deck")
    with card_town(sqlite_url, own) as town:
        town.import_people()
        claim(town, own.card("taro"))
        own.revoke(own.card("taro").auth.serial)
        page = Reading(town.browser()).read(own.card("taro"))
        assert (page.status_code, kind(page)) == (403, "stopped")


@pytest.mark.parametrize("state", ["held", "revoked"])
def test_a_card_the_resident_stopped(town: Town, deck: Deck, state: str) -> None:
    claim(town, deck.card("hanako"))
    town.change(update(Card).values(state=state))
    page = Reading(town.browser()).read(deck.card("hanako"))
    assert kind(page) == ("stopped" if state == "held" else "claim")


def test_a_stopped_card_does_not_come_back_by_being_registered_anew(town: Town, deck: Deck) -> None:
    """Whoever has it in their hands has its PINs, too, perhaps: the first-time ceremony must not undo the stop."""
    claim(town, deck.card("hanako"))
    town.change(update(Card).values(state="held"))
    browser = town.browser()
    page = claim(town, deck.card("hanako"), browser)
    assert kind(page) == "stopped"
    assert not is_signed_in(browser)
    assert [card.state for card in town.rows(Card)] == ["held"]


def test_somebody_of_another_town(town: Town, deck: Deck) -> None:
    page = claim(town, deck.card("outsider"))
    assert (page.status_code, kind(page)) == (403, "no_match")
    assert town.count(ClaimReview) == 0


def test_somebody_who_moved_waits_for_the_registrar(town: Town, deck: Deck) -> None:
    from idp.residents.import_register import import_register
    from tests.support.people import HEADER, LINES

    moved = LINES["hanako"].replace("中央一丁目2番3号", "北町一丁目1番1号")
    import_register(town.parts.database, town.parts.vault, [HEADER, moved])
    page = claim(town, deck.card("hanako"))
    assert kind(page) == "no_match"
    assert town.rows(ClaimReview)[0].reason == "near"


def test_a_card_bound_to_another_resident(town: Town, deck: Deck) -> None:
    """Refused without telling whose it is."""
    claim(town, deck.card("hanako"))
    other = town.rows(Resident, Resident.state == "pending")[0].resident_id
    town.change(update(Card).values(resident_id=other))
    browser = town.browser()
    page = claim(town, deck.card("hanako"), browser)
    assert kind(page) == "no_match"
    assert not is_signed_in(browser)
    assert [row.resident_id for row in town.rows(Card)] == [other]
    assert "bound_to_another" in town.events("card_refused")[-1].facts


# the challenge ----------------------------------------------------------------------------------------------------------


def test_a_challenge_is_good_once(town: Town, deck: Deck) -> None:
    claim(town, deck.card("hanako"))
    reading = Reading(town.browser())
    form = reading.form(deck.card("hanako"))
    first = reading.answer(form)
    assert reading.answer(form).status_code == 410
    assert reading.collect(first).location == "/account/passkeys/new"
    # The outcome is fetched once: going back leads to the first page, not into a second session.
    again = reading.browser.get(first.location)
    assert again.status_code == 303
    assert again.location == reading.attempt


def test_a_failed_answer_uses_it_up(town: Town, deck: Deck) -> None:
    claim(town, deck.card("hanako"))
    reading = Reading(town.browser())
    form = reading.form(deck.card("hanako"))
    wrong = form | {"signature": base64.b64encode(b"x" * 256).decode()}
    assert kind(reading.collect(reading.answer(wrong))) == "try_again"
    assert reading.answer(form).status_code == 410


def test_an_old_challenge(town: Town, deck: Deck) -> None:
    reading = Reading(town.browser())
    with clock.travelled(timedelta(minutes=11)):
        assert reading.answer(reading.form(deck.card("hanako"))).status_code == 410


def test_another_browser_cannot_collect(town: Town, deck: Deck) -> None:
    """Session fixation by challenge: whoever holds the link is not who asked, and what they hold is then worth nothing to anybody."""
    claim(town, deck.card("hanako"))
    reading = Reading(town.browser())
    answered = reading.answer(reading.form(deck.card("hanako")))
    thief = town.browser()
    own = thief.get("/signin").location
    tail = answered.location.removeprefix(reading.attempt)
    assert thief.get(own + tail).location == own
    page = thief.get(answered.location)
    assert page.status_code == 410
    assert 'data-testid="elsewhere"' in page.text
    assert thief.cookie("machi_session") is None
    assert reading.collect(answered).location == reading.attempt
    assert not is_signed_in(reading.browser)
    assert [event.facts for event in town.events("return_refused")] == ['{"purpose":"card_signin"}']


def test_another_attempt_cannot_collect(town: Town, deck: Deck) -> None:
    claim(town, deck.card("hanako"))
    browser = town.browser()
    reading = Reading(browser)
    answered = reading.answer(reading.form(deck.card("hanako")))
    second = browser.get("/signin").location
    assert browser.get(second + answered.location.removeprefix(reading.attempt)).location == second
    assert not is_signed_in(browser)
    assert reading.collect(answered).location == "/account/passkeys/new"


def test_a_signature_over_another_statement(town: Town, deck: Deck) -> None:
    """Another browser's, another origin's, another purpose's: the statement is rebuilt from our own record."""
    claim(town, deck.card("hanako"))
    first, second = Reading(town.browser()), Reading(town.browser())
    swapped = second.form(deck.card("hanako")) | {"challenge": first.asked["challenge"]}
    assert kind(first.collect(first.answer(swapped))) == "try_again"
    attempt = town.browser()
    for_claim = Reading(attempt, "claim")
    sign_in = Reading(attempt, "card", for_claim.attempt)
    crossed = for_claim.form(deck.card("hanako")) | {"challenge": sign_in.asked["challenge"]}
    assert kind(sign_in.collect(sign_in.answer(crossed))) == "try_again"
    assert "statement_signature" in town.events("card_refused")[-1].facts


def test_a_sign_in_answer_is_no_claim(town: Town, deck: Deck) -> None:
    reading = Reading(town.browser(), "claim")
    assert kind(reading.collect(reading.answer(reading.form(deck.card("hanako"))))) == "try_again"
    assert town.count(Card) == 0


def test_a_passkeys_challenge_is_none_of_the_readers(town: Town, deck: Deck) -> None:
    browser = town.browser()
    attempt = browser.get("/signin").location
    options = browser.post_json(f"{attempt}/passkey/options", {}).json
    assert town.count(Challenge) == 0, "one that was only asked for has no row that could be named"
    assert browser.post_json(f"{attempt}/passkey", Phone().get(options)).status_code == 400
    challenge = town.rows(Challenge, Challenge.purpose == "passkey_signin")[0].challenge_id
    answer = town.app.test_client().post(
        "/signin/card/answer", data={"challenge": challenge, "certificate": "", "signature": ""}
    )
    assert answer.status_code == 410


REPORTS = [
    ("cancelled", "cancelled", 200),
    ("pin_locked", "pin_locked", 403),
    ("card_unreadable", "try_again", 403),
    ("<script>", "try_again", 403),
]


@pytest.mark.parametrize(("error", "told", "status"), REPORTS)
def test_what_the_reader_reports(town: Town, error: str, told: str, status: int) -> None:
    reading = Reading(town.browser())
    page = reading.collect(reading.answer({"challenge": reading.asked["challenge"], "error": error}))
    assert (page.status_code, kind(page)) == (status, told)
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    "form",
    [{}, {"challenge": ""}, {"challenge": "x" * 26}, {"challenge": "\u3042" * 26}, {"challenge": "a" * 25 + "\x00"},
     {"challenge": "a" * 26, "certificate": "x" * 9000}, {"challenge": "a" * 26, "other": "x" * 9000}],
)  # fmt: skip
def test_an_answer_that_is_none(town: Town, form: dict[str, str]) -> None:
    assert town.app.test_client().post("/signin/card/answer", data=form).status_code in (400, 410)


@pytest.mark.parametrize("field", ["certificate", "signature", "sign_certificate", "sign_signature"])
@pytest.mark.parametrize("value", ["", "!", "AAAA", "\u3042", "MA==", "x" * 8000])
def test_broken_parts_of_a_good_answer(town: Town, deck: Deck, field: str, value: str) -> None:
    reading = Reading(town.browser(), "claim")
    form: dict[str, Any] = reading.form(deck.card("hanako"), sign=True) | {field: value}
    assert kind(reading.collect(reading.answer(form))) == "try_again"
    assert town.count(Card) == 0


def test_an_answer_alone_signs_nobody_in(town: Town, deck: Deck) -> None:
    claim(town, deck.card("hanako"))
    reading = Reading(town.browser())
    answered = reading.answer(reading.form(deck.card("hanako")))
    assert not [c for c in answered.headers.getlist("Set-Cookie") if "machi_session" in c]


def test_where_cards_are_off(sqlite_url: str) -> None:
    with Town(sqlite_url) as town:
        browser = town.browser()
        attempt = browser.get("/signin").location
        assert "/card" not in browser.get(attempt).text.replace("js/", "")
        assert browser.post(f"{attempt}/card").status_code == 404


@pytest.mark.parametrize("bound", [True, False], ids=["bound", "new"])
def test_a_proven_card_of_a_suspended_account_is_told_so(town: Town, deck: Deck, bound: bool) -> None:
    """Signing in with it, and proving who one is with one that is not bound yet: nothing is bound, nobody is signed in."""
    from idp.residents.life_cycle import AccountAction
    from tests.idp.residents.test_life_cycle import do

    card = deck.card("hanako")
    if bound:
        claim(town, card)
    do(town, AccountAction.SUSPEND, town.resident("hanako"))
    browser, cards = town.browser(), town.count(Card)
    page = Reading(browser).read(card) if bound else claim(town, card, browser)
    assert page.status_code == 403
    assert 'data-testid="account-stopped" data-kind="suspended"' in page.text
    assert not is_signed_in(browser)
    assert town.count(Card) == cards
    assert [event.facts for event in town.events("sign_in_refused")] == ['{"method":"card","state":"suspended"}']


# relays, and cards put together of two ----------------------------------------------------------------------------------


def pages_of_return(reading: Reading, secret: str) -> list[str]:
    """Where somebody who began may look for what another browser answered."""
    challenge = reading.asked["challenge"]
    return [f"{reading.attempt}/card/{challenge}", f"{reading.attempt}/return/{challenge}/{secret}",
            f"{reading.attempt}/return/{challenge}/", f"{reading.attempt}/return/{challenge}"]  # fmt: skip


@pytest.mark.parametrize("purpose", ["card", "claim"])
@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "\u3042" * 43])
def test_whoever_sent_the_readers_link_on_collects_nothing(town: Town, deck: Deck, purpose: str, secret: str) -> None:
    """The attacker begins and sends the genuine reader's link; the victim's browser posts the answer and is sent on by us."""
    if purpose == "card":
        claim(town, deck.card("taro"))
    before = town.count(Card), town.count(Resident, Resident.state == "active")
    attacker, victim = town.browser(), town.browser()
    reading = Reading(attacker, purpose)
    answered = reading.answer(reading.form(deck.card("taro"), purpose == "claim"))
    for address in pages_of_return(reading, secret):
        attacker.get(address)
    assert not is_signed_in(attacker)
    page = victim.get(answered.location)
    assert page.status_code == 410
    assert 'data-testid="elsewhere"' in page.text
    # The victim reads the address out to the attacker: too late, their own browser has ended it.
    attacker.get(answered.location)
    assert not is_signed_in(attacker)
    assert not is_signed_in(victim)
    assert (town.count(Card), town.count(Resident, Resident.state == "active")) == before


def test_an_answer_changes_nothing_before_it_is_collected(town: Town, deck: Deck) -> None:
    reading = Reading(town.browser(), "claim")
    answered = reading.answer(reading.form(deck.card("hanako"), sign=True))
    assert (town.count(Card), town.count(Resident, Resident.state == "active")) == (0, 0)
    waiting = town.rows(Challenge, Challenge.outcome == "read")[0]
    assert "\u898b\u672c".encode() not in bytes(waiting.sealed)
    assert answered.location.rsplit("/", 1)[1] != waiting.return_digest
    assert reading.collect(answered).location.endswith("/welcome")
    assert town.rows(Challenge, Challenge.outcome == "read")[0].sealed is None


def test_an_answer_nobody_came_for(town: Town, deck: Deck) -> None:
    reading = Reading(town.browser(), "claim")
    answered = reading.answer(reading.form(deck.card("hanako"), sign=True))
    with clock.travelled(timedelta(minutes=11)):
        assert reading.collect(answered).location == reading.attempt
    assert town.count(Card) == 0


def test_chips_of_two_people(town: Town, deck: Deck) -> None:
    """In one reader at once, each naming the other: it is their ends that tell."""
    mixed = TestCard("mixed", deck.card("hanako").auth, deck.card("taro").signature)
    browser = town.browser()
    page = claim(town, mixed, browser)
    assert (page.status_code, kind(page)) == (403, "two_cards")
    assert not is_signed_in(browser)
    assert (town.count(Card), town.count(Resident, Resident.state == "active")) == (0, 0)
    assert "two_cards" in town.events("card_refused")[-1].facts


def test_chips_of_two_readings(town: Town, deck: Deck) -> None:
    """Two cards that nothing tells apart: signatures over the same statement that do not name each other are no claim."""
    twin = deck.issue("taro", kind="sign", holder=HANAKO)
    mixed = TestCard("mixed", deck.card("hanako").auth, twin.signature)
    reading = Reading(town.browser(), "claim")
    mine, theirs = reading.form(deck.card("hanako"), sign=True), reading.form(twin, sign=True)
    spliced = mine | {name: theirs[name] for name in ("sign_certificate", "sign_signature")}
    assert kind(reading.collect(reading.answer(spliced))) == "try_again"
    assert "statement_signature" in town.events("card_refused")[-1].facts
    alone = Reading(town.browser(), "claim")
    parts = dict(zip(("certificate", "signature"), mixed.authenticate(alone.statement), strict=True))
    parts |= zip(("sign_certificate", "sign_signature"), mixed.sign(alone.statement), strict=True)
    form = {"challenge": alone.asked["challenge"], **{k: base64.b64encode(v).decode() for k, v in parts.items()}}
    assert kind(alone.collect(alone.answer(form))) == "try_again"
    assert town.count(Card) == 0
