"""Keys of other parties: taken by the same rules wherever one comes in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from idp.oidc.client_metadata.metadata import MetadataError, validate_metadata
from idp.oidc.jose.public_keys import ENCRYPTION, SIGNATURE, KeyRefusedError, accept, encryption_key, usable
from tests.support.jwt_places import public
from tests.support.town import Town

EC = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
RSA = rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 2040)

BAD: dict[str, tuple[Any, str]] = {
    "short RSA": (public(SHORT), "2048"),
    "exponent 1": (public(RSA) | {"e": "AQ"}, "malformed"),
    "use": (public(EC, use="x"), "use"),
    "use and alg": (public(EC, use="enc", alg="ES256"), "go together"),
    "use and key_ops": (public(EC, use="sig", key_ops=["encrypt"]), "key_ops"),
    "key_ops no list": (public(EC, key_ops="verify"), "key_ops"),
    "alg of another kind": (public(EC, alg="RS256"), "go together"),
    "alg of another curve": (public(P384, alg="ES256"), "go together"),
    "alg none": (public(EC, alg="none"), "go together"),
    "alg not used here": (public(RSA, alg="RSA1_5"), "go together"),
    "curve": (public(EC) | {"crv": "P-256K"}, "curve"),
    "point": (public(EC) | {"y": public(P384)["y"]}, "malformed"),
    "private": (public(EC) | {"d": "AA"}, "private"),
    "private RSA": (public(RSA) | {"oth": []}, "private"),
    "symmetric": ({"kty": "oct", "k": "AA"}, "kty"),
    "member missing": ({"kty": "EC", "crv": "P-256", "x": "AA"}, "missing"),
    "not an object": ("key", "not a JWK"),
}


@pytest.mark.parametrize("name", BAD)
def test_refused_with_the_reason_at_registration(shared_town: Town, name: str) -> None:
    jwk, said = BAD[name]
    metadata = {"redirect_uris": ["https://a.example/cb"], "jwks": {"keys": [public(EC), jwk]}}
    with pytest.raises(MetadataError, match=f"jwks: key 2 cannot be used: .*{said}"):
        validate_metadata(shared_town.settings, metadata)


@pytest.mark.parametrize("name", BAD)
def test_left_out_of_what_is_fetched(name: str) -> None:
    """RFC 7517 §5: keys that cannot be used are ignored in a set that may be made for others too."""
    assert not usable(BAD[name][0])


def test_what_a_key_is_for() -> None:
    assert accept(public(EC)).algorithms == ("ES256", "ECDH-ES", "ECDH-ES+A256KW")
    assert accept(public(EC), SIGNATURE).algorithms == ("ES256",)
    assert accept(public(EC, use="sig")).algorithms == ("ES256",)
    assert accept(public(RSA, alg="PS256")).algorithms == ("PS256",)
    assert accept(public(P384)).algorithms == ("ECDH-ES", "ECDH-ES+A256KW")
    for marks in ({"use": "enc"}, {"alg": "ECDH-ES"}, {"key_ops": ["deriveBits"]}):
        with pytest.raises(KeyRefusedError):
            accept(public(EC, **marks), SIGNATURE)
    for marks in ({"use": "sig"}, {"alg": "ES256"}, {"key_ops": ["verify"]}):
        with pytest.raises(KeyRefusedError):
            accept(public(EC, **marks), ENCRYPTION)


def test_the_key_to_encrypt_to() -> None:
    """Marked for it first; never a short one, and never one for signatures."""
    marked = public(RSA, use="enc", alg="RSA-OAEP-256")
    assert encryption_key([public(SHORT), public(RSA, use="sig"), public(RSA), marked], "RSA-OAEP-256") == marked
    assert encryption_key([public(SHORT, use="enc"), public(RSA, use="sig"), public(EC)], "RSA-OAEP-256") is None


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["sig", "enc", "RSA", "P-256", "AQAB"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(
    base=st.sampled_from([public(EC), public(RSA), {}]),
    members=st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "alg", "key_ops", "kid", "d"]), anything
    ),
)
def test_whatever_it_is_it_is_taken_or_refused(base: dict[str, Any], members: dict[str, Any]) -> None:
    jwk = json.loads(json.dumps(base | members))
    try:
        taken = accept(jwk)
    except KeyRefusedError:
        return
    assert "d" not in jwk
    assert taken.algorithms
