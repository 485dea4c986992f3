"""The JWK set: public members only, distinct key ids that are thumbprints."""

from __future__ import annotations

import base64
import hashlib
import json

from tests.support.town import Town

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def keys_of(town: Town) -> list[dict[str, str]]:
    keys: list[dict[str, str]] = town.app.test_client().get("/jwks").json["keys"]
    return keys


def test_keys_are_public_and_say_what_they_are_for(shared_town: Town) -> None:
    keys = keys_of(shared_town)
    assert {k["alg"] for k in keys} == {"ES256", "RS256"}
    for key in keys:
        assert not PRIVATE & set(key)
        assert key["use"] == "sig"


def test_key_ids_are_distinct_thumbprints(shared_town: Town) -> None:
    keys = keys_of(shared_town)
    assert len({k["kid"] for k in keys}) == len(keys)
    for key in keys:
        members = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}[key["kty"]]
        canonical = json.dumps({m: key[m] for m in members}, separators=(",", ":"), sort_keys=True)
        thumbprint = base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).decode().rstrip("=")
        assert key["kid"] == thumbprint  # RFC 7638


def test_the_set_is_cacheable_and_has_its_media_type(shared_town: Town) -> None:
    answer = shared_town.app.test_client().get("/jwks")
    assert answer.mimetype == "application/jwk-set+json"
    assert answer.headers["Cache-Control"] == "public, max-age=600"
    assert "Set-Cookie" not in answer.headers


def test_private_keys_are_sealed_at_rest(shared_town: Town) -> None:
    from idp.oidc.jose.model import SigningKey

    for row in shared_town.rows(SigningKey):
        assert b"PRIVATE" not in row.private_sealed
        assert b"PRIVATE" in shared_town.parts.vault.decrypt(row.private_sealed, f"signing-key:{row.kid}")
