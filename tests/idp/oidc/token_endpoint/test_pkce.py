"""PKCE (RFC 7636), S256 only, or a nonce from a confidential app (RFC 9700 §2.1.1); never neither, and a challenge once sent binds.

authentik CVE-2023-48228, CVE-2024-23647.
"""

from __future__ import annotations

from typing import Any

import pytest

from idp.foundation.settings import Settings
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


PUBLIC = {"token_endpoint_auth_method": "none"}
NEEDED = [
    # setting, metadata, PKCE is needed, a nonce is enough
    ("nonce", {}, False),
    ("nonce", {"require_pkce": False}, False),
    ("nonce", {"require_pkce": True}, True),
    ("nonce", PUBLIC, True),
    ("pkce", {}, True),
    ("pkce", {"require_pkce": False}, False),
    ("pkce", PUBLIC, True),
    ("none", {"require_pkce": True}, True),
    ("none", PUBLIC, True),
]
NO_PKCE = {"code_challenge": None, "code_challenge_method": None}


@pytest.mark.parametrize(("setting", "metadata", "pkce"), NEEDED, ids=str)
def test_what_is_needed_from_whom(sqlite_url: str, setting: str, metadata: dict[str, Any], pkce: bool) -> None:
    with Town(sqlite_url, code_binding=setting) as town:
        app, browser = town.register(**metadata), town.signed_in()
        with_nonce = browser.sign_on(app, **NO_PKCE)
        if pkce:
            assert with_nonce["error"] == "invalid_request"
            assert "code_challenge" in with_nonce["error_description"]
        else:
            tokens = app.redeem(with_nonce["code"], code_verifier=None).json
            assert app.id_token(tokens["id_token"])["nonce"] == "n-1"
        if pkce or setting != "none":
            neither = browser.sign_on(app, nonce=None, **NO_PKCE)
            assert neither["error"] == "invalid_request"
        assert app.redeem(browser.code(app, nonce=None)).status_code == 200


def test_neither_is_for_test_suites_only(sqlite_url: str) -> None:
    with Town(sqlite_url, code_binding="none") as town:
        app = town.register()
        assert app.redeem(town.signed_in().code(app, nonce=None, **NO_PKCE), code_verifier=None).status_code == 200
        assert any("CODE_BINDING" in line for line in town.settings.insecurities())
    assert not any("CODE_BINDING" in line for line in Settings(code_binding="nonce").insecurities())


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
    from idp.oidc.client_metadata.metadata import MetadataError

    with pytest.raises(MetadataError, match="require_pkce"):
        shared_town.register(token_endpoint_auth_method="none", require_pkce=False)


def test_a_public_client_signs_on_with_pkce(shared_town: Town, shared_browser: Browser) -> None:
    app = shared_town.register(token_endpoint_auth_method="none")
    assert app.secret is None
    body = shared_browser.tokens(app)
    assert app.refresh(body["refresh_token"]).status_code == 200
