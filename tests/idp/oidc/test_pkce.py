"""PKCE (RFC 7636): S256 for every client, and no way to lower it (authentik CVE-2023-48228, CVE-2024-23647)."""

from __future__ import annotations

import pytest

from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town


@pytest.mark.parametrize(
    ("verifier", "error"),
    [
        (None, "invalid_grant"),
        ("w" * 50, "invalid_grant"),
        ("short", "invalid_request"),
        ("v" * 129, "invalid_request"),
        ("\u3042" * 50, "invalid_request"),
        ("", "invalid_grant"),
    ],
)
def test_the_verifier_must_fit(shared_browser: Browser, shared_app: App, verifier: str | None, error: str) -> None:
    code = shared_browser.code(shared_app)
    answer = shared_app.redeem(code, code_verifier=verifier)
    assert (answer.status_code, answer.json["error"]) == (400, error)
    # A wrong verifier is not a use of the code: whoever holds the right one still gets the tokens.
    assert shared_app.redeem(code).status_code == 200


def test_the_challenge_is_not_its_own_verifier(shared_browser: Browser, shared_app: App) -> None:
    from tests.support.apps import CHALLENGE

    assert shared_app.redeem(shared_browser.code(shared_app), code_verifier=CHALLENGE).json["error"] == "invalid_grant"


def test_a_client_registered_without_pkce_may_send_none(shared_town: Town, shared_browser: Browser) -> None:
    app = shared_town.register(require_pkce=False)
    code = shared_browser.code(app, code_challenge=None, code_challenge_method=None)
    assert app.redeem(code, code_verifier=None).status_code == 200


def test_a_challenge_once_sent_binds_even_then(shared_town: Town, shared_browser: Browser) -> None:
    """authentik CVE-2023-48228, CVE-2024-23647."""
    app = shared_town.register(require_pkce=False)
    code = shared_browser.code(app)
    answer = app.redeem(code, code_verifier=None)
    assert answer.json["error"] == "invalid_grant"
    assert app.redeem(code).status_code == 200


def test_a_verifier_without_a_challenge_is_refused(shared_town: Town, shared_browser: Browser) -> None:
    """RFC 9700 §4.8.2: somebody took the challenge away on the way."""
    app = shared_town.register(require_pkce=False)
    code = shared_browser.code(app, code_challenge=None, code_challenge_method=None)
    answer = app.redeem(code)
    assert answer.json["error"] == "invalid_request"


def test_plain_is_refused_for_them_as_well(shared_town: Town, shared_browser: Browser) -> None:
    from tests.support.browser import callback

    app = shared_town.register(require_pkce=False)
    answer = callback(shared_browser.authorize(app, code_challenge="v" * 43, code_challenge_method="plain"))
    assert answer["error"] == "invalid_request"


def test_a_public_client_cannot_be_registered_without(shared_town: Town) -> None:
    from idp.oidc.metadata import MetadataError

    with pytest.raises(MetadataError, match="require_pkce"):
        shared_town.register(token_endpoint_auth_method="none", require_pkce=False)


def test_a_public_client_signs_on_with_pkce(shared_town: Town, shared_browser: Browser) -> None:
    app = shared_town.register(token_endpoint_auth_method="none")
    assert app.secret is None
    body = shared_browser.tokens(app)
    assert app.refresh(body["refresh_token"]).status_code == 200
