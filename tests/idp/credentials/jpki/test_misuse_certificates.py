"""Every certificate a card must not sign in with is refused for its own reason, and the library validators agree.

`pyhanko` and `webpki` say whether that validator refuses the case too. Where it does not, the check is one that path
validation does not contain (key strength, a usage too many), which is why ours exists.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import SubjectKeyIdentifier

from clients.simulators.card_reader import Deck
from clients.simulators.card_reader.authority import Authority
from clients.simulators.card_reader.card import Card
from idp.credentials.jpki import CardError, CardMessage, CardReason, Medium, TrustStore, verify_card

from .oracles import cryptography_accepts, pyhanko_accepts

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[Deck, datetime], Card]
    reason: CardReason
    pyhanko: bool = True
    webpki: bool = True
    message: CardMessage = CardMessage.TRY_AGAIN


def _card(key: str) -> Callable[[Deck, datetime], Card]:
    return lambda deck, _now: deck.card(key)


def _with(**overrides: Any) -> Callable[[Deck, datetime], Card]:
    return lambda deck, _now: deck.issue("hanako", **overrides)


def _rogue_with_copied_identifier(deck: Deck, _now: datetime) -> Card:
    real = deck.authority("auth").certificate
    identifier = real.extensions.get_extension_for_class(SubjectKeyIdentifier).value.digest
    return deck.issue("hanako", authority=Authority.create("auth"), key_identifier=identifier)


R = CardReason
CASES = [
    Case("self-signed with the victim's serial", _card("selfsigned"), R.SELF_SIGNED),
    Case("signature certificate used to sign in", _card("wrong-ca"), R.UNKNOWN_ISSUER),
    Case("same-name rogue root", lambda d, _: d.issue("hanako", authority=Authority.create("auth")), R.UNKNOWN_ISSUER),
    Case("same-name rogue root, copied key identifier", _rogue_with_copied_identifier, R.UNKNOWN_ISSUER),
    Case("key identifier of another root", _with(key_identifier=b"x" * 20), R.UNKNOWN_ISSUER, webpki=False),
    Case("issuer serial of another root", _with(issuer_serial=1), R.UNKNOWN_ISSUER, webpki=False),
    Case("usable for encryption", _with(key_encipherment=True), R.KEY_USAGE, False, False),
    Case("expired", _card("hikari"), R.EXPIRED, message=CardMessage.EXPIRED),
    Case(
        "not yet valid",
        lambda d, now: d.issue("hanako", not_before=now + DAY, not_after=now + 9 * DAY),
        R.NOT_YET_VALID,
    ),
    Case("non-repudiation set", _with(non_repudiation=True), R.KEY_USAGE, False, False),
    Case("no key usage", _with(key_usage=False), R.KEY_USAGE, webpki=False),
    Case("key usage not critical", _with(key_usage_critical=False), R.KEY_USAGE, False, False),
    Case("wrong policy", _with(policies=("1.2.392.200149.8.5.1.9.99",)), R.POLICY),
    Case("policy of signature certificates", _with(policies=("1.2.392.200149.8.5.1.1.20",)), R.POLICY),
    Case("no policy", _with(policies=()), R.POLICY),
    Case("any policy", _with(policies=("2.5.29.32.0",)), R.POLICY, pyhanko=False),
    Case("unknown critical extension", _with(unknown_critical=True), R.CRITICAL_EXTENSION),
    Case("a CA certificate", _with(ca=True), R.IS_AUTHORITY, False, False),
    Case("may sign certificates", _with(cert_sign=True), R.IS_AUTHORITY, False, False),
    Case("for servers only", _with(extended_key_usage=("1.3.6.1.5.5.7.3.1",)), R.EXTENDED_KEY_USAGE, webpki=False),
    Case("RSA of 1024 bits", _with(key_type="rsa-1024"), R.KEY_STRENGTH, False, False),
    Case("RSA with exponent 3", _with(key_type="rsa-e3"), R.KEY_STRENGTH, False, False),
    Case("P-256", _with(key_type="p256"), R.KEY_STRENGTH, False, False),
    Case("revoked", _card("jiro"), R.REVOKED, webpki=False, message=CardMessage.STOPPED),
    Case("on hold", _card("hold"), R.ON_HOLD, webpki=False, message=CardMessage.STOPPED),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_for_its_own_reason(case: Case, deck: Deck, store: TrustStore, statement: bytes, now: datetime) -> None:
    certificate, signature = case.make(deck, now).authenticate(statement)
    with pytest.raises(CardError) as caught:
        verify_card(certificate, signature, statement, store, now)
    assert caught.value.reason is case.reason
    assert caught.value.message is case.message

    files = deck.state_dir
    assert pyhanko_accepts(certificate, files / "auth-roots.pem", files / "auth.crl", now) is not case.pyhanko
    assert cryptography_accepts(certificate, files / "auth-roots.pem", now) is not case.webpki


def _sha1(certificate: asn1_x509.Certificate) -> None:
    certificate["tbs_certificate"]["signature"]["algorithm"] = "sha1_rsa"
    certificate["signature_algorithm"]["algorithm"] = "sha1_rsa"


def _version_1(certificate: asn1_x509.Certificate) -> None:
    certificate["tbs_certificate"]["version"] = "v1"


def _serial_zero(certificate: asn1_x509.Certificate) -> None:
    certificate["tbs_certificate"]["serial_number"] = 0


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize(
    ("change", "reason"),
    [(_sha1, R.WEAK_CERTIFICATE_SIGNATURE), (_version_1, R.UNREADABLE), (_serial_zero, R.UNREADABLE)],
)
def test_refused_even_if_the_right_root_signed_it(
    change: Callable[[asn1_x509.Certificate], None],
    reason: CardReason,
    deck: Deck,
    store: TrustStore,
    statement: bytes,
    now: datetime,
) -> None:
    certificate, signature = deck.card("hanako").authenticate(statement)
    changed = asn1_x509.Certificate.load(certificate)
    change(changed)
    root_key = deck.authority("auth").key
    assert isinstance(root_key, rsa.RSAPrivateKey)
    to_sign = changed["tbs_certificate"].dump(force=True)
    digest = SHA1() if change is _sha1 else SHA256()
    changed["signature_value"] = root_key.sign(to_sign, padding.PKCS1v15(), digest)
    with pytest.raises(CardError) as caught:
        verify_card(changed.dump(force=True), signature, statement, store, now)
    assert caught.value.reason is reason


def test_identifier_by_the_roots_own_serial(deck: Deck, store: TrustStore, statement: bytes, now: datetime) -> None:
    card = deck.issue("hanako", issuer_serial=deck.authority("auth").certificate.serial_number)
    verify_card(*card.authenticate(statement), statement, store, now)


GOOD = {
    "as issued": {},
    "no extended key usage": {"extended_key_usage": ()},
    "P-384": {"key_type": "p384"},
    "with a distribution point": {"distribution_point": "Mihon-shi"},
    "two policies, one of them ours": {"policies": ("1.2.3.4", "1.2.392.200149.8.5.1.3.30")},
}


@pytest.mark.parametrize("overrides", GOOD.values(), ids=GOOD)
def test_good_card_passes_everywhere(
    overrides: dict[str, Any], deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    card = deck.issue("hanako", **overrides)
    certificate, signature = card.authenticate(statement)
    verdict = verify_card(certificate, signature, statement, store, now)
    assert verdict.serial == card.auth.serial
    assert verdict.issuer_key_id == store.auth.roots[0].key_id
    assert verdict.medium is Medium.CARD
    assert verdict.not_after == card.auth.certificate.not_valid_after_utc

    files = deck.state_dir
    assert pyhanko_accepts(certificate, files / "auth-roots.pem", files / "auth.crl", now)
    assert cryptography_accepts(certificate, files / "auth-roots.pem", now)


def test_the_root_itself_is_no_card(deck: Deck, store: TrustStore, statement: bytes, now: datetime) -> None:
    root = deck.authority("auth").certificate.public_bytes(Encoding.DER)
    _, signature = deck.card("hanako").authenticate(statement)
    with pytest.raises(CardError) as caught:
        verify_card(root, signature, statement, store, now)
    assert caught.value.reason is CardReason.SELF_SIGNED


def test_small_clock_difference_does_not_refuse_a_new_card(
    deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    for minutes, accepted in ((4, True), (6, False)):
        card = deck.issue("hanako", not_before=now + timedelta(minutes=minutes))
        if accepted:
            verify_card(*card.authenticate(statement), statement, store, now)
            continue
        with pytest.raises(CardError) as caught:
            verify_card(*card.authenticate(statement), statement, store, now)
        assert caught.value.reason is CardReason.NOT_YET_VALID


def test_the_end_of_validity_gets_no_grace(deck: Deck, store: TrustStore, statement: bytes, now: datetime) -> None:
    card = deck.issue("hanako", not_after=now - timedelta(seconds=1))
    with pytest.raises(CardError) as caught:
        verify_card(*card.authenticate(statement), statement, store, now)
    assert caught.value.reason is CardReason.EXPIRED


def test_status_of_a_card_is_told_only_to_its_holder(
    deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    """A certificate can be read off a card without its PIN; without the key it must not reveal "revoked" or
    "expired".
    """
    _, foreign_signature = deck.card("taro").authenticate(statement)
    for key in ("jiro", "hikari", "hold"):
        certificate, _ = deck.card(key).authenticate(statement)
        with pytest.raises(CardError) as caught:
            verify_card(certificate, foreign_signature, statement, store, now)
        assert caught.value.message is CardMessage.TRY_AGAIN


def test_verdict_and_errors_never_print_the_serial(
    deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    card = deck.card("hanako")
    verdict = verify_card(*card.authenticate(statement), statement, store, now)
    assert str(card.auth.serial) not in repr(verdict)
    assert repr(store.auth.roots[0].key_id) not in repr(verdict)
    jiro = deck.card("jiro")
    with pytest.raises(CardError) as caught:
        verify_card(*jiro.authenticate(statement), statement, store, now)
    assert str(jiro.auth.serial) not in repr(caught.value) + str(caught.value)
