"""Sign-in credentials beside the cryptography alone: what our checks, the database and the libraries add. CPU time, one thread."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

ORIGIN = "http://localhost:8000"


def run(repeats: int = 300) -> None:
    """Print median microseconds of CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        card, crypto = _card(Path(folder))
        _row("card: certificate, path, revocation, signature", card, repeats)
        _row("  parsing and two RSA verifications alone", crypto, repeats)
        passkey, crypto = _passkey(Path(folder))
        _row("passkey: challenge, look-up, assertion, commit", passkey, repeats)
        _row("  one ECDSA verification alone", crypto, repeats)


def _row(name: str, work: Callable[[], object], repeats: int) -> None:
    times = []
    for _ in range(repeats):
        before = time.thread_time_ns()
        work()
        times.append(time.thread_time_ns() - before)
    print(f"{name:50} {statistics.median(times) / 1000:8.0f} us", flush=True)


def _card(folder: Path) -> tuple[Callable[[], object], Callable[[], object]]:
    from clients.simulators.card_reader.deck import Deck
    from idp.credentials.jpki import Purpose, TrustStore, build_statement, verify_card

    deck = Deck.open(folder / "deck")
    names = ("auth-roots.pem", "sign-roots.pem", "auth.crl", "sign.crl")
    auth_roots, sign_roots, auth_crl, sign_crl = (folder / "deck" / name for name in names)
    store = TrustStore.load(auth_roots, sign_roots, auth_crl, sign_crl)
    now = datetime.now(UTC)
    statement = build_statement(
        origin=ORIGIN,
        session_binding=b"bench",
        nonce=os.urandom(32),
        purpose=Purpose.SIGN_IN,
        expires_at=now + timedelta(minutes=5),
    )
    certificate, signature = deck.card("hanako").authenticate(statement)
    root: Any = x509.load_pem_x509_certificate(auth_roots.read_bytes()).public_key()

    def alone() -> None:
        leaf = x509.load_der_x509_certificate(certificate)
        root.verify(leaf.signature, leaf.tbs_certificate_bytes, padding.PKCS1v15(), SHA256())
        key: Any = leaf.public_key()
        key.verify(signature, statement, padding.PKCS1v15(), SHA256())

    return lambda: verify_card(certificate, signature, statement, store, now), alone


def _passkey(folder: Path) -> tuple[Callable[[], object], Callable[[], object]]:
    """A whole sign-in at the provider's side: issue the challenge, then verify the assertion, each in a transaction."""
    from alembic import command

    from idp.credentials import passkeys, webauthn_core
    from idp.credentials.model import Passkey, PasskeyUser
    from idp.foundation import clock
    from idp.foundation.database import Database
    from idp.foundation.driver import Change, find_all, write_all
    from idp.foundation.key_ring import ensure_ring, open_vault
    from idp.foundation.schema import alembic_config
    from idp.foundation.settings import Settings
    from idp.residents.model import Resident

    settings = Settings(demo=True, issuer=ORIGIN, database_url=f"sqlite:///{folder}/signin.db")
    command.upgrade(alembic_config(settings.database_url), "head")
    database, key, now = Database(settings.database_url), ec.generate_private_key(ec.SECP256R1()), clock.now()
    numbers = key.public_key().public_numbers()
    cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
    vault = open_vault(settings, database)
    with database.write() as session:
        ensure_ring(session, vault)
        person = {"attributes": b"-", "match_key": "m", "near_key": "n", "created_at": now, "changed_at": now}
        session.add(Resident(resident_id="bench", unified_id="00000000001", state="active", **person))
        session.flush()
        session.add(PasskeyUser(resident_id="bench", user_handle=b"h" * 32))
        session.add(
            Passkey(
                credential_id="bench",
                resident_id="bench",
                webauthn_id=b"c" * 32,
                public_key=cose,
                sign_count=0,
                device_type="multi_device",
                backed_up=True,
                aaguid="0" * 36,
                label="bench",
                created_at=now,
            )
        )
    signed = hashlib.sha256(settings.rp_id.encode()).digest() + bytes([0x01 | 0x04 | 0x08 | 0x10]) + bytes(4)

    def whole() -> None:
        options = passkeys.signin_options(vault, settings, "browser", "attempt")
        client = json.dumps({"type": "webauthn.get", "challenge": options["challenge"], "origin": ORIGIN}).encode()
        response = {
            "clientDataJSON": bytes_to_base64url(client),
            "authenticatorData": bytes_to_base64url(signed),
            "signature": bytes_to_base64url(key.sign(signed + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))),
            "userHandle": bytes_to_base64url(b"h" * 32),
        }
        name = bytes_to_base64url(b"c" * 32)
        credential = {"id": name, "rawId": name, "type": "public-key", "response": response}
        said, changes = webauthn_core.presented(credential), list[Change]()
        with database.write() as session:
            answers = find_all(session, passkeys.asks_signin(said))
            passkeys.check_signin(vault, settings, said, passkeys.signing_in("browser", "attempt"), answers, changes)
            write_all(session, changes)

    signature, public = key.sign(signed, ec.ECDSA(SHA256())), key.public_key()
    return whole, lambda: public.verify(signature, signed, ec.ECDSA(SHA256()))
