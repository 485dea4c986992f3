"""What may be pinned, generations of a root, and that the two hierarchies never mix."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from clients.simulators.card_reader import Deck
from clients.simulators.card_reader.authority import Authority, new_key
from idp.credentials.jpki import CardError, CardReason, TrustError, TrustStore, verify_card, verify_signature_card

from .conftest import load_store
from .oracles import SIGN, cryptography_accepts, pyhanko_accepts


def _write_store(directory: Path, auth: list[Authority], sign: list[Authority]) -> TrustStore:
    for kind, generations in (("auth", auth), ("sign", sign)):
        (directory / f"{kind}-roots.pem").write_bytes(b"".join(one.pem for one in generations))
        an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
        lists = b"".join(one.revocation_list({}, 1, this_update=an_hour_ago) for one in generations)
        (directory / f"{kind}.crl").write_bytes(lists)
    return load_store(directory)


def test_generations_with_one_name_are_told_apart_by_key(
    deck: Deck, tmp_path: Path, statement: bytes, now: datetime
) -> None:
    generations = [Authority.create("auth") for _ in range(3)]
    store = _write_store(tmp_path, generations, [deck.authority("sign")])
    for generation, root in zip(generations, store.auth.roots, strict=True):
        certificate, signature = deck.issue("hanako", authority=generation).authenticate(statement)
        verdict = verify_card(certificate, signature, statement, store, now)
        assert verdict.issuer_key_id == root.key_id
        assert pyhanko_accepts(certificate, tmp_path / "auth-roots.pem", tmp_path / "auth.crl", now)
        assert cryptography_accepts(certificate, tmp_path / "auth-roots.pem", now)
    assert len({root.key_id for root in store.auth.roots}) == 3


def test_an_rsa_and_a_p384_generation_stand_side_by_side(
    deck: Deck, tmp_path: Path, statement: bytes, now: datetime
) -> None:
    """The change of keys that is planned. pyhanko-certvalidator stops with an assertion here, so it is not asked."""
    present, coming = Authority.create("auth"), Authority.create("auth", new_key("p384"))
    store = _write_store(tmp_path, [present, coming], [deck.authority("sign")])
    for generation, key_type in ((present, "rsa-2048"), (coming, "p384")):
        card = deck.issue("hanako", authority=generation, key_type=key_type)
        certificate, signature = card.authenticate(statement)
        assert verify_card(certificate, signature, statement, store, now).serial == card.auth.serial
        assert cryptography_accepts(certificate, tmp_path / "auth-roots.pem", now)


def test_revocation_is_kept_apart_by_generation(deck: Deck, tmp_path: Path, statement: bytes, now: datetime) -> None:
    """The same serial may exist under two generations; a revocation names only one of them."""
    first, second = Authority.create("auth"), Authority.create("auth")
    _write_store(tmp_path, [first, second], [deck.authority("sign")])
    revoked = first.revocation_list({4711: "superseded"}, 1) + second.revocation_list({}, 1)
    (tmp_path / "auth.crl").write_bytes(revoked)
    store = load_store(tmp_path)
    card = deck.issue("hanako", authority=first, serial=4711)
    with pytest.raises(CardError) as caught:
        verify_card(*card.authenticate(statement), statement, store, now)
    assert caught.value.reason is CardReason.REVOKED
    card = deck.issue("hanako", authority=second, serial=4711)
    assert verify_card(*card.authenticate(statement), statement, store, now).serial == 4711


@pytest.mark.parametrize(("start", "end"), [(-20, -1), (1, 20)], ids=["expired", "not yet valid"])
def test_root_outside_its_dates(
    start: int, end: int, deck: Deck, tmp_path: Path, statement: bytes, now: datetime
) -> None:
    root = Authority.create("auth", not_before=now + timedelta(days=start), not_after=now + timedelta(days=end))
    store = _write_store(tmp_path, [root], [deck.authority("sign")])
    certificate, signature = deck.issue("hanako", authority=root).authenticate(statement)
    with pytest.raises(CardError) as caught:
        verify_card(certificate, signature, statement, store, now)
    assert caught.value.reason is CardReason.ROOT_NOT_VALID
    assert not cryptography_accepts(certificate, tmp_path / "auth-roots.pem", now)


def test_user_authentication_certificate_proves_no_identity(
    deck: Deck, store: TrustStore, statement: bytes, now: datetime
) -> None:
    certificate, signature = deck.card("hanako").authenticate(statement)
    with pytest.raises(CardError) as caught:
        verify_signature_card(certificate, signature, statement, store, now)
    assert caught.value.reason is CardReason.UNKNOWN_ISSUER
    files = deck.state_dir
    assert not pyhanko_accepts(certificate, files / "sign-roots.pem", files / "sign.crl", now, SIGN)


def test_a_test_hierarchy_is_recognised(deck: Deck, store: TrustStore, tmp_path: Path) -> None:
    assert store.is_test_hierarchy
    real = [Authority.create(kind, organization="JPKI") for kind in ("auth", "sign")]
    assert not _write_store(tmp_path, real[:1], real[1:]).is_test_hierarchy
    assert _write_store(tmp_path, real[:1], [deck.authority("sign")]).is_test_hierarchy, "one test root is enough"


def test_one_root_cannot_serve_both_purposes(deck: Deck, tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="both"):
        _write_store(tmp_path, [deck.authority("auth")], [deck.authority("auth")])


def _missing(_deck: Deck) -> bytes | None:
    return None


def _empty(_deck: Deck) -> bytes | None:
    return b""


def _card(deck: Deck) -> bytes | None:
    return deck.card("hanako").auth.certificate.public_bytes(Encoding.PEM)


def _self_signed_card(deck: Deck) -> bytes | None:
    return deck.card("selfsigned").auth.certificate.public_bytes(Encoding.PEM)


def _short_key(_deck: Deck) -> bytes | None:
    return Authority.create("auth", new_key("p256")).pem


def _one_good_one_bad(deck: Deck) -> bytes | None:
    return deck.authority("auth").pem + (_self_signed_card(deck) or b"")


@pytest.mark.parametrize("make", [_missing, _empty, _card, _self_signed_card, _short_key, _one_good_one_bad])
def test_start_fails_on_roots_that_are_none(make: object, deck: Deck, tmp_path: Path) -> None:
    assert callable(make)
    _write_store(tmp_path, [deck.authority("auth")], [deck.authority("sign")])
    content = make(deck)
    (tmp_path / "auth-roots.pem").unlink()
    if content is not None:
        (tmp_path / "auth-roots.pem").write_bytes(content)
    with pytest.raises(TrustError, match=r"auth-roots\.pem"):
        load_store(tmp_path)


def test_the_second_validator_is_not_loaded_by_the_provider() -> None:
    """It is for tests; a process that verifies cards starts without it."""
    probe = "import sys, idp.credentials.jpki; sys.exit(any(m.startswith('pyhanko') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
