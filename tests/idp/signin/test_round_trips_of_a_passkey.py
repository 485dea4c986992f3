"""What a passkey sign-in asks of the database: one read for its page, one for its options, one transaction for its proof."""

from __future__ import annotations

import pytest

from idp.credentials.model import Challenge
from tests.support.phone import Phone
from tests.support.statements import Counter, without_transaction
from tests.support.town import Town


def sign_in(town: Town, counter: Counter) -> dict[str, list[str]]:
    """In a new browser, with warm caches."""
    phone, home = Phone(), town.signed_in()
    assert home.post_json("/account/passkeys", phone.create(home.post_json("/account/passkeys/options", {}).json)).json
    ceremony(town, counter, phone)
    return ceremony(town, counter, phone)


def ceremony(town: Town, counter: Counter, phone: Phone) -> dict[str, list[str]]:
    """Options and proof in a browser that nobody is signed in to."""
    browser, found, rows = town.browser(), dict[str, list[str]](), town.count(Challenge)
    attempt = browser.get("/signin").location
    assert browser.csrf
    _, found["page"] = counter.of(lambda: browser.get(attempt))
    asked, found["options"] = counter.of(lambda: browser.post_json(f"{attempt}/passkey/options", {}))
    assert town.count(Challenge) == rows
    proof = phone.get(asked.json)
    answer, found["proof"] = counter.of(lambda: browser.post_json(f"{attempt}/passkey", proof))
    assert answer.status_code == 200, answer.text
    assert town.count(Challenge) == rows + 1
    return found


WRITES = ["INSERT", "UPDATE", "INSERT", "INSERT"]
"""The challenge used up, what the authenticator said, the login, the record."""


def test_on_sqlite(counter: Counter, sqlite_url: str) -> None:
    with Town(sqlite_url) as town:
        found = sign_in(town, counter)
    for look in ("page", "options"):
        assert without_transaction([s for s in found[look] if s != "ROLLBACK"]) == ["SELECT"], look
    proof = without_transaction(found["proof"])
    assert [s for s in proof if s != "SELECT"] == WRITES
    assert len(proof) == 7, "attempt, passkey, challenge; four rows"


@pytest.mark.servers
def test_on_postgresql(counter: Counter, postgresql_url: str) -> None:
    with Town(postgresql_url) as town:
        found = sign_in(town, counter)
    assert len(found["page"]) == len(found["options"]) == 1
    assert len(found["proof"]) == 4, "begin, what is asked, what is written, commit"
