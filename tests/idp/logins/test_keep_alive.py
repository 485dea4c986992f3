"""A login that is only used for signing on to apps is in use, too."""

from __future__ import annotations

from datetime import timedelta

import pytest

from idp.foundation import clock
from tests.support.town import Town


def test_signing_on_keeps_the_login_alive(town: Town) -> None:
    browser, app = town.signed_in(), town.register()
    assert browser.sign_on(app)["code"]
    for minutes in (40, 80, 120):
        with clock.travelled(timedelta(minutes=minutes)):
            assert browser.sign_on(app, prompt="none")["code"]
    with clock.travelled(timedelta(minutes=120 + 61)):
        assert browser.sign_on(app, prompt="none")["error"] == "login_required"


def test_the_absolute_end_comes_all_the_same(town: Town) -> None:
    browser, app = town.signed_in(), town.register()
    for minutes in range(0, 12 * 60, 50):
        with clock.travelled(timedelta(minutes=minutes)):
            assert browser.sign_on(app)["code"]
    with clock.travelled(timedelta(hours=12, minutes=1)):
        assert browser.sign_on(app, prompt="none")["error"] == "login_required"


@pytest.mark.parametrize("wrong", [1, 3])
def test_only_wrong_activation_codes_are_counted(sqlite_url: str, wrong: int) -> None:
    with Town(sqlite_url, activation_limit="10/hour") as town:
        only_wrong_ones_count(town, wrong)


def only_wrong_ones_count(town: Town, wrong: int) -> None:
    browser = town.browser()
    attempt = browser.get("/signin?next=/my/").location
    for _ in range(wrong):
        assert (
            browser.post(f"{attempt}/code", {"code": "ABCD-EFGH-JKMN", "birth_date": "1989-04-12"}).status_code == 400
        )
    for _ in range(12):
        code = town.activation_code("hanako")
        answer = browser.post(f"{attempt}/code", {"code": code, "birth_date": "1989-04-12"})
        assert answer.status_code == 303
    for _ in range(10 - wrong):
        browser.post(f"{attempt}/code", {"code": "ABCD-EFGH-JKMN", "birth_date": "1989-04-12"})
    assert browser.post(f"{attempt}/code", {"code": "ABCD-EFGH-JKMN", "birth_date": "1989-04-12"}).status_code == 429
