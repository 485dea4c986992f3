"""JWT Secured Authorization Response Mode (JARM): the response as one signed JWT, so that nothing in it can be changed or mixed up."""

from __future__ import annotations

from ...foundation import clock
from ...foundation.web.errors import ProblemError
from ..clients import RegisteredClient
from ..protection import EncryptionKeyError, encrypt_for, encrypts
from ..server import Provider

JWT_MODES = ("jwt", "query.jwt", "fragment.jwt", "form_post.jwt")
LIFETIME_SECONDS = 300  # JARM §2.1 recommends at most ten minutes


def response_algorithm(client: RegisteredClient) -> str:
    """`authorization_signed_response_alg`; JARM §3 makes RS256 the default, which FAPI 2.0 forbids."""
    registered = client.metadata.get("authorization_signed_response_alg")
    return str(registered or ("RS256" if client.fapi_profile is None else "ES256"))


def signed_response(
    op: Provider, client: RegisteredClient, response_mode: str, values: dict[str, str]
) -> tuple[str, dict[str, str]]:
    """The plain response mode that carries it, and the one parameter `response` (JARM §2.3). `values` include `iss`."""
    plain = response_mode.removesuffix("jwt").rstrip(".")
    if not plain:
        # §2.3.4: the default of the response type; tokens never stand in a query.
        plain = "fragment" if {"access_token", "id_token"} & set(values) else "query"
    claims = {"aud": client.client_id, "exp": clock.epoch() + LIFETIME_SECONDS, **values}
    signed = op.keys.signing(response_algorithm(client)).sign(claims)
    if encrypts(client, "authorization"):  # JARM §2.2: signed, then encrypted
        try:
            signed = encrypt_for(op, client, "authorization", signed)
        except EncryptionKeyError:  # nothing may go there in the clear
            raise ProblemError(
                502, "no_encryption_key", "The app's key could not be read. Please try again later."
            ) from None
    return plain, {"response": signed}
