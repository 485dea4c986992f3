"""`client_secret_jwt` (OIDC Core §9): the secret is readable to us only for these clients, and only in the vault."""

from __future__ import annotations

import itertools

import jwt
import pytest
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.oidc.client_metadata.metadata import MetadataError
from idp.oidc.clients.model import Client
from tests.support.apps import App
from tests.support.refusals import reason
from tests.support.town import Town

_jtis = itertools.count()


@pytest.fixture
def hmac_app(town: Town) -> App:
    return town.register(
        token_endpoint_auth_method="client_secret_jwt", grant_types=["client_credentials"], scope="case:write"
    )


def assertion(app: App, secret: str | None = None, alg: str = "HS256", **claims: object) -> str:
    now = clock.epoch()
    base = {
        "iss": app.client_id,
        "sub": app.client_id,
        "aud": app.town.issuer,
        "exp": now + 60,
        "jti": f"s{next(_jtis)}",
    }
    return jwt.encode(base | claims, secret if secret is not None else str(app.secret), alg)


def ask(app: App, given: str, **more: str) -> TestResponse:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": given,
    }
    return app.town.app.test_client().post("/token", data=form | more)


def test_it_authenticates(hmac_app: App) -> None:
    assert hmac_app.secret
    assert ask(hmac_app, assertion(hmac_app)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"secret": "w" * 43}, {"secret": "", "alg": "none"}, {"alg": "HS512"}, {"exp": 1}, {"aud": "https://x.example"}],
)
def test_a_wrong_assertion_does_not(hmac_app: App, change: dict[str, str]) -> None:
    answer = ask(hmac_app, assertion(hmac_app, **change))  # type: ignore[arg-type]
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_a_jti_is_good_once(hmac_app: App) -> None:
    given = assertion(hmac_app)
    assert [ask(hmac_app, given).status_code for _ in range(2)] == [200, 401]


def test_the_secret_itself_is_not_accepted(hmac_app: App) -> None:
    """A client is authenticated only by the method it registered."""
    form: dict[str, str | None] = {"grant_type": "client_credentials"}
    assert hmac_app.post("/token", form).status_code == 401
    assert hmac_app.town.app.test_client().post(
        "/token", data={"grant_type": "client_credentials", "client_id": hmac_app.client_id, "client_secret": hmac_app.secret}
    ).status_code == 401  # fmt: skip


def test_another_methods_client_cannot_use_its_secret_so(town: Town) -> None:
    app = town.register(grant_types=["client_credentials"], scope="case:write")
    assert ask(app, assertion(app)).status_code == 401


def test_only_such_clients_secrets_are_kept_readable_and_sealed(town: Town, hmac_app: App, app: App) -> None:
    rows = {row.client_id: row for row in town.rows(Client)}
    assert rows[app.client_id].secret_sealed is None
    sealed = rows[hmac_app.client_id].secret_sealed
    assert sealed is not None
    assert str(hmac_app.secret).encode() not in sealed
    # Bound to its row: copied to another client it does not open.
    from idp.foundation.vault import VaultError

    with pytest.raises(VaultError):
        town.parts.vault.decrypt(sealed, f"client-secret:{app.client_id}")


def test_the_algorithm_goes_with_the_method(town: Town) -> None:
    with pytest.raises(MetadataError):
        town.register(token_endpoint_auth_method="client_secret_jwt", token_endpoint_auth_signing_alg="ES256")
    with pytest.raises(MetadataError):
        town.register(token_endpoint_auth_signing_alg="HS256")


def test_of_a_guessed_secret_nothing_is_said_that_is_not_said_of_an_unknown_app(hmac_app: App) -> None:
    said = [
        reason(ask(hmac_app, assertion(hmac_app, "w" * 43)).json),
        reason(ask(hmac_app, assertion(hmac_app, "w" * 43, iss="nobody", sub="nobody")).json),
    ]
    assert said == ["The client could not be authenticated."] * 2
    # With the right secret its developer is told.
    assert "expired" in ask(hmac_app, assertion(hmac_app, exp=1)).json["error_description"]
