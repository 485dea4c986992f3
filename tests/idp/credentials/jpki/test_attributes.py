"""The four attributes of a signature certificate: read as written, or not at all."""

import string
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from hypothesis import given
from hypothesis import strategies as st

from clients.simulators.card_reader import Deck
from clients.simulators.card_reader.authority import Authority
from clients.simulators.card_reader.people import BY_KEY, HANAKO
from clients.simulators.card_reader.profile import other_names
from idp.credentials.jpki import (
    CardError,
    CardReason,
    FourAttributes,
    Sex,
    SignatureVerdict,
    TrustStore,
    verify_signature_card,
)
from idp.credentials.jpki.attributes import BASE, four_attributes, read_attributes

from .oracles import SIGN, cryptography_accepts, pyhanko_accepts

GOOD = {f"{BASE}.{arc}": text for arc, text in other_names(HANAKO)}
ADDRESS_200 = "見本県みほん市" + "字" * 193


def verify(deck: Deck, store: TrustStore, statement: bytes, now: datetime, **overrides: Any) -> SignatureVerdict:
    card = deck.issue("hanako", kind="sign", **overrides)
    return verify_signature_card(*card.sign(statement), statement, store, now)


@pytest.mark.parametrize("key", ["hanako", "taro", "midori", "outsider"])
def test_attributes_of_the_deck(key: str, deck: Deck, store: TrustStore, statement: bytes, now: datetime) -> None:
    certificate, signature = deck.card(key).sign(statement)
    verdict = verify_signature_card(certificate, signature, statement, store, now)
    holder = BY_KEY[key].holder
    assert verdict.attributes == FourAttributes(
        name=holder.name,
        birth_date=holder.birth_date,
        sex=Sex(holder.sex),
        address=holder.address,
        name_substitutes=(),
        address_substitutes=(),
    )
    files = deck.state_dir
    assert pyhanko_accepts(certificate, files / "sign-roots.pem", files / "sign.crl", now, SIGN)
    assert cryptography_accepts(certificate, files / "sign-roots.pem", now, SIGN)


@pytest.mark.parametrize(
    ("key", "reason"),
    [("jiro", CardReason.REVOKED), ("hikari", CardReason.EXPIRED), ("hold", CardReason.ON_HOLD)],
)
def test_stopped_signature_certificate(
    key: str, reason: CardReason, deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    with pytest.raises(CardError) as caught:
        verify_signature_card(*deck.card(key).sign(statement), statement, store, now)
    assert caught.value.reason is reason


MISUSE: dict[str, tuple[dict[str, Any], CardReason]] = {
    "without non-repudiation": ({"non_repudiation": False}, CardReason.KEY_USAGE),
    "policy of user authentication": ({"policies": ("1.2.392.200149.8.5.1.3.30",)}, CardReason.POLICY),
    "for clients only": ({"extended_key_usage": ("1.3.6.1.5.5.7.3.2",)}, CardReason.EXTENDED_KEY_USAGE),
    "unknown critical extension": ({"unknown_critical": True}, CardReason.CRITICAL_EXTENSION),
    "self-signed": ({"self_signed": True}, CardReason.SELF_SIGNED),
    "RSA of 1024 bits": ({"key_type": "rsa-1024"}, CardReason.KEY_STRENGTH),
}


@pytest.mark.parametrize(("overrides", "reason"), MISUSE.values(), ids=MISUSE)
def test_misuse(
    overrides: dict[str, Any], reason: CardReason, deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    with pytest.raises(CardError) as caught:
        verify(deck, store, statement, now, **overrides)
    assert caught.value.reason is reason


def test_rogue_authority_cannot_name_anybody(deck: Deck, store: TrustStore, statement: bytes, now: datetime) -> None:
    with pytest.raises(CardError) as caught:
        verify(deck, store, statement, now, authority=Authority.create("sign"))
    assert caught.value.reason is CardReason.UNKNOWN_ISSUER


def test_address_of_200_characters_and_substitutes_travel_in_a_certificate(
    deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    names = dict(other_names(HANAKO))
    names |= {5: ADDRESS_200, 6: "0" * 7 + "1" + "0" * 192, 2: "10001"}
    attributes = verify(deck, store, statement, now, other_names=tuple(names.items())).attributes
    assert attributes.address == ADDRESS_200
    assert (attributes.name_substitutes, attributes.address_substitutes) == ((0, 4), (7,))


@given(st.permutations(list(other_names(HANAKO))))
def test_order_does_not_matter(order: list[tuple[int, str]]) -> None:
    assert read_attributes(san(order)) == four_attributes(GOOD)


def san(names: list[tuple[int, str]]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [x509.OtherName(x509.ObjectIdentifier(f"{BASE}.{arc}"), asn1.encode_der(text)) for arc, text in names]
    )


def test_other_names_of_others_are_passed_over() -> None:
    foreign = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), asn1.encode_der("hanako@mihon.example"))
    assert read_attributes(x509.SubjectAlternativeName([foreign, *san(list(other_names(HANAKO)))])).name == HANAKO.name


def refused(values: dict[str, str]) -> bool:
    try:
        four_attributes(values)
    except CardError as error:
        return error.reason is CardReason.ATTRIBUTES
    return False


@pytest.mark.parametrize("arc", range(1, 7))
def test_each_of_the_six_is_needed_exactly_once(arc: int) -> None:
    assert refused({key: text for key, text in GOOD.items() if key != f"{BASE}.{arc}"})
    doubled = [*other_names(HANAKO), (arc, GOOD[f"{BASE}.{arc}"])]
    with pytest.raises(CardError):
        read_attributes(san(doubled))


def test_no_alternative_name_at_all() -> None:
    with pytest.raises(CardError):
        read_attributes(None)


@pytest.mark.parametrize("value", [b"\x13\x02ab", b"\x0c\x02\xff\xff", b"\x0c\x05ab", b"", b"\x0c\x01a\x00"])
def test_value_that_is_not_one_utf8string(value: bytes) -> None:
    names = [x509.OtherName(x509.ObjectIdentifier(f"{BASE}.1"), value), *san(list(other_names(HANAKO))[1:])]
    with pytest.raises(CardError):
        read_attributes(x509.SubjectAlternativeName(names))


@given(st.dates(min_value=date(1868, 1, 1), max_value=date(2030, 12, 31)), st.sampled_from("12345"))
def test_known_birth_dates(born: date, era: str) -> None:
    value = f"{era}{born:%Y%m%d}"
    assert four_attributes(GOOD | {f"{BASE}.4": value}).birth_date == born


UNKNOWN_DATES = ("000000000", "019890412", "419890012", "419890400", "419890000")
ODD_DATES = ("419891301", "419890230", "420010229", "619890412", "41989041", "4198904120", "41989041２", "4-989-041")


@pytest.mark.parametrize("value", [*UNKNOWN_DATES, *ODD_DATES, "H10412", "", " 41989041", "41989041 "])
def test_unknown_or_odd_birth_dates_are_refused(value: str) -> None:
    assert refused(GOOD | {f"{BASE}.4": value})


@given(st.text(alphabet=string.printable + "０１見元年月日", max_size=12))
def test_a_birth_date_is_nothing_else_than_the_written_one(value: str) -> None:
    values = GOOD | {f"{BASE}.4": value}
    assert refused(values) or f"{four_attributes(values).birth_date:%Y%m%d}" == value[1:]


@pytest.mark.parametrize(("value", "sex"), [("1", Sex.MALE), ("2", Sex.FEMALE), ("3", Sex.OTHER), ("9", Sex.OTHER)])
def test_sex(value: str, sex: Sex) -> None:
    assert four_attributes(GOOD | {f"{BASE}.3": value}).sex is sex


@pytest.mark.parametrize("value", ["", "0", "4", "１", "12", "女"])
def test_unknown_sex_is_refused(value: str) -> None:
    assert refused(GOOD | {f"{BASE}.3": value})


@given(st.text(alphabet="01", max_size=8), st.text(alphabet="見本花子ひかり", min_size=1, max_size=8))
def test_flags_count_the_characters_or_are_refused(flags: str, name: str) -> None:
    values = GOOD | {f"{BASE}.1": name, f"{BASE}.2": flags}
    if len(flags) != len(name):
        assert refused(values)
    else:
        marked = four_attributes(values).name_substitutes
        assert "".join("1" if at in marked else "0" for at in range(len(name))) == flags


@pytest.mark.parametrize("text", ["", "\u3000", "x" * 201, "見本\n花子", "見本\u202e花子", "見本\x00花子"])
def test_text_that_no_register_writes_is_refused(text: str) -> None:
    for arc, flags in ((1, 2), (5, 6)):
        assert refused(GOOD | {f"{BASE}.{arc}": text, f"{BASE}.{flags}": "0" * len(text)})


def test_attributes_are_in_no_repr(deck: Deck, store: TrustStore, statement: bytes, now: datetime) -> None:
    verdict = verify(deck, store, statement, now)
    shown = repr(verdict) + repr(verdict.attributes)
    assert HANAKO.name not in shown
    assert HANAKO.address not in shown
    assert "1989" not in shown


def test_a_move_ends_the_signature_certificate_only(own_deck: Deck, statement: bytes, now: datetime) -> None:
    from idp.credentials.jpki import verify_card

    from .conftest import load_store

    card, store = own_deck.card("hanako"), load_store(own_deck.state_dir)
    own_deck.revoke(card.signature.serial, kind="sign", reason="affiliationChanged")
    later = now + timedelta(minutes=1)
    verify_card(*card.authenticate(statement), statement, store, later)
    with pytest.raises(CardError) as caught:
        verify_signature_card(*card.sign(statement), statement, store, later)
    assert caught.value.reason is CardReason.REVOKED
