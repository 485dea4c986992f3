"""Secrets at rest: what is sealed for one place opens nowhere else; old keys still read."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.foundation.vault import Vault, VaultError, digest


def key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


KEY = key()
vault = Vault(KEY)


@given(st.binary(max_size=300), st.text(max_size=30))
def test_what_is_sealed_opens_in_its_place(plain: bytes, place: str) -> None:
    sealed = vault.encrypt(plain, place)
    assert vault.decrypt(sealed, place) == plain
    assert len(plain) < 8 or plain not in sealed
    with pytest.raises(VaultError):
        vault.decrypt(sealed, place + "x")


@given(st.data())
def test_a_changed_bit_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(vault.encrypt(b"secret", "place"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(VaultError):
        vault.decrypt(bytes(sealed), "place")


@pytest.mark.parametrize("sealed", [b"", b"xx", b"x" * 15, b"x" * 16, b"x" * 40])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(VaultError):
        vault.decrypt(sealed, "place")
    with pytest.raises(VaultError):
        vault.decrypt(vault.encrypt(b"", "place")[:4] + sealed, "place")


def test_the_same_twice_looks_different() -> None:
    assert vault.encrypt(b"same", "place") != vault.encrypt(b"same", "place")


def test_a_new_key_reads_what_the_old_one_sealed() -> None:
    new = key()
    sealed, index = vault.encrypt(b"secret", "place"), vault.index("what", "value")
    with pytest.raises(VaultError):
        Vault(new).decrypt(sealed, "place")
    both = Vault(new, (KEY,))
    assert both.decrypt(sealed, "place") == b"secret"
    assert index in both.indexes("what", "value")
    assert both.index("what", "value") != index
    with pytest.raises(VaultError):
        vault.decrypt(both.encrypt(b"secret", "place"), "place")


@given(st.text(), st.text(), st.text(), st.text())
def test_parts_of_an_index_do_not_run_together(a: str, b: str, c: str, d: str) -> None:
    if (a, b) != (c, d):
        assert vault.index("what", a, b) != vault.index("what", c, d)


def test_indexes_are_per_purpose_and_keyed() -> None:
    assert vault.index("one", "value") != vault.index("two", "value")
    assert vault.index("one", "value") != Vault(key()).index("one", "value")
    assert vault.index("one", "value") == Vault(KEY).index("one", "value")


def test_signatures() -> None:
    signed = vault.sign("csrf", "message")
    assert vault.signed("csrf", "message", signed)
    for purpose, message, signature in (
        ("other", "message", signed), ("csrf", "other", signed), ("csrf", "message", ""), ("csrf", "message", "\u3042"),
        ("csrf", "message", signed[:-1]), ("csrf", "message", signed + "A"),
    ):  # fmt: skip
        assert not vault.signed(purpose, message, signature)


def test_digest_is_sha256() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
