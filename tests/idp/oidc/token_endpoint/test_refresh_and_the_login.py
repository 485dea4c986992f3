"""A refresh token ends with the login it came from, however that ends, unless the resident allowed more (OIDC Core §11)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.foundation import clock
from tests.support.town import Town

GRANTS = ["authorization_code", "refresh_token"]


@pytest.mark.parametrize(("scope", "after"), [("openid", 400), ("openid offline_access", 200)])
def test_after_the_absolute_end_of_the_login(any_town: Town, scope: str, after: int) -> None:
    browser = any_town.signed_in()
    app = any_town.register(grant_types=GRANTS, scope="openid offline_access")
    token = browser.tokens(app, scope=scope, prompt="consent")["refresh_token"]
    with clock.travelled(timedelta(hours=11, minutes=59)):
        answer = app.refresh(token)
        assert answer.status_code == 200
    with clock.travelled(timedelta(hours=12, minutes=1)):
        assert app.refresh(answer.json["refresh_token"]).status_code == after
