"""Revocation lists decide, and without a list that can be trusted nobody signs in."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from clients.simulators.card_reader import Deck
from clients.simulators.card_reader.authority import Authority
from idp.credentials.jpki import CardError, CardMessage, CardReason, TrustStore, verify_card

from .conftest import load_store
from .oracles import pyhanko_accepts

HOUR = timedelta(hours=1)
REASONS = (
    "affiliationChanged",
    "cessationOfOperation",
    "superseded",
    "keyCompromise",
    "cACompromise",
    "privilegeWithdrawn",
    "unspecified",
)


def outcome(deck: Deck, store: TrustStore, statement: bytes, at: datetime | None = None) -> CardReason | None:
    """Why Hanako's card is refused; None if it is not."""
    try:
        verify_card(*deck.card("hanako").authenticate(statement), statement, store, at or datetime.now(UTC))
    except CardError as error:
        return error.reason
    return None


def pyhanko_outcome(deck: Deck, at: datetime | None = None) -> bool:
    certificate, _ = deck.card("hanako").authenticate(b"")
    files = deck.state_dir
    return pyhanko_accepts(certificate, files / "auth-roots.pem", files / "auth.crl", at or datetime.now(UTC))


@pytest.mark.parametrize("reason", REASONS)
def test_revoked_for_any_reason(reason: str, own_deck: Deck, statement: bytes) -> None:
    store = load_store(own_deck.state_dir)
    own_deck.revoke(own_deck.card("hanako").auth.serial, reason=reason)
    assert outcome(own_deck, store, statement) is CardReason.REVOKED
    assert not pyhanko_outcome(own_deck)


def test_hold_stops_the_card_until_released(own_deck: Deck, statement: bytes) -> None:
    store = load_store(own_deck.state_dir)
    serial = own_deck.card("hanako").auth.serial
    own_deck.revoke(serial, reason="certificateHold")
    with pytest.raises(CardError) as caught:
        verify_card(*own_deck.card("hanako").authenticate(statement), statement, store, datetime.now(UTC))
    assert (caught.value.reason, caught.value.message) == (CardReason.ON_HOLD, CardMessage.STOPPED)
    own_deck.release(serial)
    assert outcome(own_deck, store, statement) is None
    assert pyhanko_outcome(own_deck)


def test_serial_on_the_other_authoritys_list_means_nothing(own_deck: Deck, statement: bytes) -> None:
    own_deck.revoke(own_deck.card("hanako").auth.serial, kind="sign")
    assert outcome(own_deck, load_store(own_deck.state_dir), statement) is None


AGES: dict[str, tuple[timedelta, timedelta, CardReason | None]] = {
    "a day old": (-25 * HOUR, 24 * HOUR, None),
    "older than allowed, though nextUpdate is far": (-27 * HOUR, 240 * HOUR, CardReason.REVOCATION_STALE),
    "past nextUpdate": (-3 * HOUR, -HOUR, CardReason.REVOCATION_STALE),
    "just past nextUpdate": (-3 * HOUR, timedelta(seconds=-2), CardReason.REVOCATION_STALE),
    "four minutes ahead of us": (timedelta(minutes=4), 24 * HOUR, None),
    "six minutes ahead of us": (timedelta(minutes=6), 24 * HOUR, CardReason.REVOCATION_STALE),
}


@pytest.mark.parametrize(("this_update", "next_update", "expected"), AGES.values(), ids=AGES)
def test_age_of_the_list(
    this_update: timedelta, next_update: timedelta, expected: CardReason | None, own_deck: Deck, statement: bytes
) -> None:
    now = datetime.now(UTC)
    own_deck.write_crls(this_update=now + this_update, next_update=now + next_update)
    assert outcome(own_deck, load_store(own_deck.state_dir), statement, now) is expected


def test_pyhanko_agrees_that_an_outdated_list_is_no_list(own_deck: Deck) -> None:
    now = datetime.now(UTC)
    own_deck.write_crls(this_update=now - 3 * HOUR, next_update=now - HOUR)
    assert not pyhanko_outcome(own_deck, now)


def test_list_signed_by_a_same_name_rogue(own_deck: Deck, statement: bytes) -> None:
    """Keycloak CVE-2019-3875, GHSA-38cg-gg9j-q9j9."""
    own_deck.write_crls(signer=Authority.create("auth"))
    assert outcome(own_deck, load_store(own_deck.state_dir), statement) is CardReason.REVOCATION_UNAVAILABLE
    assert not pyhanko_outcome(own_deck)


def _remove(deck: Deck) -> None:
    (deck.state_dir / "auth.crl").unlink()


def _break(deck: Deck) -> None:
    (deck.state_dir / "auth.crl").write_bytes(b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")


def _empty(deck: Deck) -> None:
    (deck.state_dir / "auth.crl").write_bytes(b"")


def _other_purpose(deck: Deck) -> None:
    (deck.state_dir / "auth.crl").write_bytes((deck.state_dir / "sign.crl").read_bytes())


def _delta(deck: Deck) -> None:
    deck.write_crls(delta=True)


@pytest.mark.parametrize("spoil", [_remove, _break, _empty, _other_purpose, _delta])
def test_no_usable_list_means_no_sign_in(spoil: Callable[[Deck], None], own_deck: Deck, statement: bytes) -> None:
    spoil(own_deck)
    store = load_store(own_deck.state_dir)
    assert outcome(own_deck, store, statement) is CardReason.REVOCATION_UNAVAILABLE
    own_deck.write_crls()
    assert outcome(own_deck, store, statement) is None, "the store recovers when the file does"


@pytest.mark.parametrize("spoil", [_remove, _break, _empty, _other_purpose])
def test_a_spoilt_file_leaves_the_last_good_list_in_force(
    spoil: Callable[[Deck], None], own_deck: Deck, statement: bytes
) -> None:
    own_deck.revoke(own_deck.card("hanako").auth.serial)
    store = load_store(own_deck.state_dir)
    spoil(own_deck)
    assert outcome(own_deck, store, statement) is CardReason.REVOKED
    assert outcome(own_deck, store, statement, datetime.now(UTC) + 27 * HOUR) is CardReason.REVOCATION_STALE


def test_a_list_that_went_backwards_does_not_bring_a_card_back(own_deck: Deck, statement: bytes) -> None:
    serial = own_deck.card("hanako").auth.serial
    own_deck.revoke(serial)
    store = load_store(own_deck.state_dir)
    own_deck.release(serial)
    own_deck.write_crls(number=1)
    assert outcome(own_deck, store, statement) is CardReason.REVOKED


def test_partitioned_list_covers_only_its_own_cards(own_deck: Deck, statement: bytes) -> None:
    own_deck.write_crls(partition="Mihon-shi")
    store = load_store(own_deck.state_dir)
    results = {}
    for place in ("Mihon-shi", "Tonari-shi", None):
        card = own_deck.issue("hanako", distribution_point=place)
        try:
            verify_card(*card.authenticate(statement), statement, store, datetime.now(UTC))
            results[place] = None
        except CardError as error:
            results[place] = error.reason
    unavailable = CardReason.REVOCATION_UNAVAILABLE
    assert results == {"Mihon-shi": None, "Tonari-shi": unavailable, None: unavailable}


def test_evidence_names_the_list_that_was_asked(own_deck: Deck, statement: bytes) -> None:
    number = own_deck.write_crls()
    store = load_store(own_deck.state_dir)
    verdict = verify_card(*own_deck.card("hanako").authenticate(statement), statement, store, datetime.now(UTC))
    assert verdict.revocation.number == number
    assert verdict.revocation.next_update - verdict.revocation.this_update == timedelta(days=7)


def test_the_file_is_read_once_per_change(own_deck: Deck, statement: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    from idp.credentials.jpki import revocation

    reads: list[int] = []
    split = revocation._split
    monkeypatch.setattr(revocation, "_split", lambda data: reads.append(1) or split(data))
    store = load_store(own_deck.state_dir)
    for _ in range(5):
        assert outcome(own_deck, store, statement) is None
    assert len(reads) == 2, "one for each of the two hierarchies"
    own_deck.write_crls()
    for _ in range(5):
        assert outcome(own_deck, store, statement) is None
    assert len(reads) == 3


def test_many_threads_while_lists_change(own_deck: Deck, statement: bytes) -> None:
    """A good card stays good and a revoked one stays revoked, whatever list is being read at that moment."""
    store = load_store(own_deck.state_dir)
    good = own_deck.card("hanako").authenticate(statement)
    stopped = own_deck.card("jiro").authenticate(statement)
    wrong: list[object] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                verify_card(*good, statement, store, datetime.now(UTC))
            except CardError as error:
                wrong.append(error.reason)
            try:
                verify_card(*stopped, statement, store, datetime.now(UTC))
                wrong.append("revoked card passed")
            except CardError as error:
                if error.reason is not CardReason.REVOKED:
                    wrong.append(error.reason)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        own_deck.write_crls()
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
