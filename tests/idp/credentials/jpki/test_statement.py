"""The statement binds origin, session, nonce, purpose and expiry; a signature over any other one is refused."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from hypothesis import given
from hypothesis import strategies as st

from clients.simulators.card_reader import Deck
from idp.credentials.jpki import CardError, CardReason, Purpose, TrustStore, build_statement, verify_card

DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
OTHERS: dict[str, dict[str, Any]] = {
    "origin": {"origin": "https://id.mihon.example.evil.example"},
    "session": {"session_binding": b"session-2"},
    "nonce": {"nonce": bytes(32)},
    "purpose": {"purpose": Purpose.CLAIM},
}


def test_layout(now: datetime) -> None:
    built = build_statement(
        origin="https://id.mihon.example",
        session_binding=b"s",
        nonce=b"n" * 32,
        purpose=Purpose.CLAIM,
        expires_at=datetime.fromisoformat("2026-11-23T00:00:00+00:00"),
    )
    assert built == (
        b"JPKI-AUTH-v1\x00"
        + hashlib.sha256(b"https://id.mihon.example").digest()
        + hashlib.sha256(b"s").digest()
        + b"n" * 32
        + b"\x02"
        + (1795392000).to_bytes(8, "big")
    )
    assert len(built) == 118


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": ""},
        {"origin": "https://id.mihon.example/"},
        {"origin": "https://みほん.example"},
        {"session_binding": b""},
        {"nonce": b"short"},
        {"nonce": bytes(33)},
        {"expires_at": datetime(2026, 1, 1)},  # noqa: DTZ001
    ],
    ids=str,
)
def test_a_caller_cannot_weaken_the_binding(wrong: dict[str, Any], rebuild: Callable[..., bytes]) -> None:
    with pytest.raises(ValueError):
        rebuild(**wrong)


@given(st.binary(min_size=1), st.binary(min_size=1), st.binary(min_size=32, max_size=32))
def test_different_sessions_never_share_a_statement(first: bytes, second: bytes, nonce: bytes) -> None:
    def built(session: bytes) -> bytes:
        return build_statement(
            origin="https://id.mihon.example",
            session_binding=session,
            nonce=nonce,
            purpose=Purpose.SIGN_IN,
            expires_at=datetime.fromisoformat("2026-11-23T00:00:00+00:00"),
        )

    assert (built(first) == built(second)) is (first == second)


@pytest.mark.parametrize("part", [*OTHERS, "expiry"])
def test_signature_over_another_statement_is_refused(
    part: str, deck: Deck, store: TrustStore, rebuild: Callable[..., bytes], statement: bytes, now: datetime
) -> None:
    signed = rebuild(**OTHERS.get(part, {"expires_at": now + timedelta(minutes=6)}))
    assert signed != statement
    with pytest.raises(CardError) as caught:
        verify_card(*deck.card("hanako").authenticate(signed), statement, store, now)
    assert caught.value.reason is CardReason.STATEMENT_SIGNATURE


def _raw(key: Any, block: bytes) -> bytes:
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    return pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")


def _padded(info: bytes, *, garbage: bytes = b"") -> bytes:
    return b"\x00\x01" + b"\xff" * (256 - 3 - len(info) - len(garbage)) + b"\x00" + info + garbage


BAD_BLOCKS: dict[str, Callable[[bytes], bytes]] = {
    "garbage after the digest": lambda digest: _padded(DIGEST_INFO + digest, garbage=b"\x00" * 16),
    "no digest info": _padded,
    "short padding, zeros behind": lambda digest: (
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + DIGEST_INFO + digest + bytes(256 - 11 - len(DIGEST_INFO) - 32)
    ),
    "encryption block type": lambda digest: b"\x00\x02" + _padded(DIGEST_INFO + digest)[2:],
    "digest info with a wrong length": lambda digest: _padded(DIGEST_INFO[:-1] + b"\x1f" + digest),
    "digest info naming SHA-512": lambda digest: _padded(
        DIGEST_INFO.replace(b"\x02\x01\x05", b"\x02\x03\x05") + digest
    ),
}


def test_the_hand_made_block_is_right_when_nothing_is_wrong(
    deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    chip = deck.card("hanako").auth
    certificate, _ = chip.answer(statement)
    block = _padded(DIGEST_INFO + hashlib.sha256(statement).digest())
    verify_card(certificate, _raw(chip.key, block), statement, store, now)


@pytest.mark.parametrize("block", BAD_BLOCKS.values(), ids=BAD_BLOCKS)
def test_malformed_signature_blocks_are_refused(
    block: Callable[[bytes], bytes], deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    chip = deck.card("hanako").auth
    certificate, _ = chip.answer(statement)
    signature = _raw(chip.key, block(hashlib.sha256(statement).digest()))
    with pytest.raises(CardError) as caught:
        verify_card(certificate, signature, statement, store, now)
    assert caught.value.reason is CardReason.STATEMENT_SIGNATURE


BAD_SIGNATURES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "a byte short": lambda good: good[:-1],
    "a byte behind": lambda good: good + b"\x00",
    "a zero before": lambda good: b"\x00" + good,
    "zeros": lambda good: bytes(len(good)),
    "one": lambda good: b"\x01".rjust(len(good), b"\x00"),
}


@pytest.mark.parametrize("change", BAD_SIGNATURES.values(), ids=BAD_SIGNATURES)
def test_altered_signatures_are_refused(
    change: Callable[[bytes], bytes], deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    certificate, signature = deck.card("hanako").authenticate(statement)
    with pytest.raises(CardError) as caught:
        verify_card(certificate, change(signature), statement, store, now)
    assert caught.value.reason is CardReason.STATEMENT_SIGNATURE


def test_pss_is_not_tried(deck: Deck, store: TrustStore, statement: bytes, now: datetime) -> None:
    with pytest.raises(CardError) as caught:
        verify_card(*deck.card("hanako").authenticate(statement, pss=True), statement, store, now)
    assert caught.value.reason is CardReason.STATEMENT_SIGNATURE


def test_sha1_is_not_tried(deck: Deck, store: TrustStore, statement: bytes, now: datetime) -> None:
    chip = deck.card("hanako").auth
    assert isinstance(chip.key, rsa.RSAPrivateKey)
    signature = chip.key.sign(statement, padding.PKCS1v15(), SHA1())
    with pytest.raises(CardError) as caught:
        verify_card(chip.answer(statement)[0], signature, statement, store, now)
    assert caught.value.reason is CardReason.STATEMENT_SIGNATURE


def test_p384_signature_of_another_key_is_refused(
    deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    first, second = deck.issue("hanako", key_type="p384"), deck.issue("hanako", key_type="p384")
    with pytest.raises(CardError) as caught:
        verify_card(first.authenticate(statement)[0], second.authenticate(statement)[1], statement, store, now)
    assert caught.value.reason is CardReason.STATEMENT_SIGNATURE
