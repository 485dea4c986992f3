"""Away and back, whoever is on the other side: what a provider to come gets from it, and what nobody gets around."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Response

from idp.credentials import challenges
from idp.foundation import clock
from idp.foundation.vault import digest
from idp.foundation.web.callers import Caller, caller_of
from idp.signin import handoff
from tests.support.browser import Browser
from tests.support.town import Town

PURPOSE = "another_provider"


@pytest.fixture
def used() -> Iterator[list[tuple[str, bytes | None]]]:
    """What was collected: `(outcome, sealed)`."""
    found: list[tuple[str, bytes | None]] = []

    def use(_attempt: object, collected: challenges.Collected) -> Response:
        found.append((collected.outcome, collected.sealed))
        return Response("used")

    handoff.on_return(PURPOSE, use)
    yield found
    handoff._uses.pop(PURPOSE)


def left(town: Town, browser: Browser) -> str:
    """The browser is away: the challenge's id."""
    attempt_id = browser.get("/signin").location.rsplit("/", 1)[1]
    with town.writing() as session:
        return challenges.issue(
            session, PURPOSE, digest(str(browser.cookie("machi_browser"))), attempt_id=attempt_id
        ).challenge_id


def arrived(town: Town, challenge_id: str) -> str | None:
    """The word comes; where whoever brought it is sent, None if the challenge is used or over."""
    with town.app.test_request_context(), town.writing() as session:
        challenge = challenges.consume(session, challenge_id=challenge_id)
        return handoff.arrived(challenge, "ok", b"sealed").location if challenge is not None else None


def test_the_browser_that_left_collects_once(any_town: Town, used: list[tuple[str, bytes | None]]) -> None:
    browser = any_town.browser()
    back = arrived(any_town, left(any_town, browser))
    assert back is not None
    assert browser.get(back).text == "used"
    assert browser.get(back).status_code == 303
    assert used == [("ok", b"sealed")]


def test_neither_the_browser_nor_the_secret_alone(any_town: Town, used: list[tuple[str, bytes | None]]) -> None:
    began, answered = any_town.browser(), any_town.browser()
    challenge_id = left(any_town, began)
    back = str(arrived(any_town, challenge_id))
    assert began.get(back.rsplit("/", 1)[0] + "/" + "A" * 43).status_code == 303
    assert answered.get(back).status_code == 410
    assert began.get(back).status_code == 303
    assert used == []


def test_two_words_for_one_challenge(any_town: Town, used: list[tuple[str, bytes | None]]) -> None:
    """The second would replace the secret of the first."""
    browser = any_town.browser()
    challenge_id = left(any_town, browser)
    back = str(arrived(any_town, challenge_id))
    assert arrived(any_town, challenge_id) is None
    assert browser.get(back).text == "used"


def test_what_is_fetched_too_late(town: Town, used: list[tuple[str, bytes | None]]) -> None:
    browser = town.browser()
    back = str(arrived(town, left(town, browser)))
    with clock.travelled(timedelta(minutes=11)):
        assert browser.get(back).status_code == 303
    assert used == []


def test_a_purpose_nobody_registered_leaves_not_at_all(town: Town) -> None:
    with town.app.test_request_context(), town.writing() as session, pytest.raises(LookupError):
        handoff.leave(session, "made_up", "x" * 43)


def test_forms_of_other_sites_end_here(town: Town) -> None:
    """A route that another site posts to has no cookie to go by: it has to end in `away.arrived`. Look at yours before you add it."""
    endpoints = {rule.endpoint for rule in town.app.url_map.iter_rules()}
    assert {e for e in endpoints if caller_of(town.app, e) is Caller.CEREMONY} == {"card.answer"}
