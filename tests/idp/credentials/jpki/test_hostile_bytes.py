"""Whatever bytes arrive, the answer is a CardError; nothing altered passes, nothing large is parsed."""

from datetime import datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given
from hypothesis import strategies as st

from clients.simulators.card_reader import Deck
from idp.credentials.jpki import CardError, CardReason, TrustStore, verify_card, verify_signature_card


@given(certificate=st.binary(max_size=600), signature=st.binary(max_size=600))
@example(certificate=b"", signature=b"")
@example(certificate=b"0\x80\x00\x00", signature=bytes(256))
def test_any_bytes(certificate: bytes, signature: bytes, store: TrustStore, statement: bytes, now: datetime) -> None:
    """authentik GHSA-cxwx: malformed XML ended a worker; here it would be a certificate."""
    for verify in (verify_card, verify_signature_card):
        with pytest.raises(CardError):
            verify(certificate, signature, statement, store, now)


def test_one_changed_bit_of_the_certificate_is_enough(
    deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    """Every single bit, one after the other."""
    certificate, signature = deck.card("hanako").authenticate(statement)
    for bit in range(len(certificate) * 8):  # about 8,000
        altered = bytearray(certificate)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CardError):
            verify_card(bytes(altered), signature, statement, store, now)


def test_one_certificate_has_one_encoding(deck: Deck, store: TrustStore, statement: bytes, now: datetime) -> None:
    """A signature that ends in zero bits could be written with "unused bits"; the library would take both."""
    even = (deck.issue("hanako") for _ in range(64))
    card = next(card for card in even if card.auth.certificate.signature[-1] % 2 == 0)
    certificate, signature = card.authenticate(statement)
    at = len(certificate) - len(card.auth.certificate.signature) - 1
    altered = certificate[:at] + b"\x01" + certificate[at + 1 :]
    verify_card(certificate, signature, statement, store, now)
    with pytest.raises(CardError) as caught:
        verify_card(altered, signature, statement, store, now)
    assert caught.value.reason is CardReason.UNREADABLE


@given(data=st.data())
def test_one_changed_bit_of_the_signature_is_enough(
    data: st.DataObject, deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    certificate, signature = deck.card("hanako").authenticate(statement)
    altered = bytearray(signature)
    altered[data.draw(st.integers(0, 255))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CardError) as caught:
        verify_card(certificate, bytes(altered), statement, store, now)
    assert caught.value.reason is CardReason.STATEMENT_SIGNATURE


def test_shapes_that_are_not_one_der_certificate(
    deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    card = deck.card("hanako")
    certificate, signature = card.authenticate(statement)
    pem = card.auth.certificate.public_bytes(Encoding.PEM)
    for wrong in (certificate + b"\x00", certificate[:-1], certificate * 2, pem, certificate.hex().encode()):
        with pytest.raises(CardError) as caught:
            verify_card(wrong, signature, statement, store, now)
        assert caught.value.reason is CardReason.UNREADABLE


def test_large_input_is_refused_before_it_is_parsed(
    deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    certificate, signature = deck.card("hanako").authenticate(statement)
    for wrong in ((certificate + bytes(4097 - len(certificate)), signature), (certificate, bytes(513))):
        with pytest.raises(CardError) as caught:
            verify_card(*wrong, statement, store, now)
        assert caught.value.reason is CardReason.OVERSIZED
