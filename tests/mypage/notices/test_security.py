"""The city's own word about the security of the ID, and the answer "this was not me"."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from clients.simulators.card_reader import Deck
from idp.audit import AuditEventType, record
from idp.credentials.model import Card
from idp.foundation.outbox import OutboxRow
from idp.oidc.grants.model import Consent
from mypage.notices.model import Notice
from tests.idp.credentials.test_cards import card_town, claim
from tests.support.browser import Browser
from tests.support.keyring import Keyring
from tests.support.phone import Phone
from tests.support.town import Town

CONFIRM = 'data-testid="not-me-confirm"'


def notices(town: Town, template: str) -> list[Notice]:
    return town.rows(Notice, Notice.template == template)


def page_of(browser: Browser, notice: Notice) -> str:
    answer = browser.get(f"/my/notices/{notice.notice_id}")
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def reused(town: Town, ring: Keyring) -> tuple[Notice, str]:
    """An app's spent refresh token is shown again, long after; the notice, and the app's client_id."""
    app = town.register(**{"client_name": "Nursery", "client_name#ja": "保育"})
    browser = ring.signed_in()
    first = browser.tokens(app)["refresh_token"]
    successor = app.refresh(first).json["refresh_token"]
    assert app.refresh(successor).status_code == 200
    assert app.refresh(first).status_code == 400
    return notices(town, "refresh_reused")[-1], app.client_id


def test_a_spent_refresh_token_shown_again_is_told_with_the_app_s_name(any_town: Town) -> None:
    ring = Keyring(any_town)
    notice, _ = reused(any_town, ring)
    assert (notice.resident_id, notice.client_id, notice.importance) == (ring.resident_id, None, "high")
    text = page_of(ring.signed_in(), notice)
    assert "Nursery: an access key was used twice" in text
    assert "sign in there once more" in text
    assert "Mihon City" in text  # it is the city that speaks, not the department
    listed = ring.signed_in().get("/my/notices?show=important&q=nursery").text
    assert listed.count('data-testid="notice-row"') == 1
    assert len(notices(any_town, "refresh_reused")) == 1


def test_open_pages_are_told_in_the_same_transaction(town: Town) -> None:
    ring = Keyring(town)
    reused(town, ring)
    [job] = [orjson.loads(r.payload) for r in town.rows(OutboxRow, OutboxRow.topic == "mypage.changed")]
    item = ["notice", notices(town, "refresh_reused")[0].notice_id, "high"]
    assert job == {
        "changes": [{"resident_id": ring.resident_id, "fragments": ["home", "notices", "badges"], "items": [item]}]
    }

    def fails() -> None:
        with town.writing() as session:
            record(session, AuditEventType.CARD_BOUND, resident_id=ring.resident_id, ceremony="c", medium="card")
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert notices(town, "card_bound") == []


def test_not_me_ends_the_app_s_access_and_every_other_login(town: Town) -> None:
    ring = Keyring(town)
    notice, client_id = reused(town, ring)
    owner, elsewhere, copy = ring.signed_in(minutes=20), ring.signed_in(), town.browser()
    copy.set_cookie("machi_session", str(owner.cookie("machi_session")))
    address = f"/my/notices/{notice.notice_id}/not-me"
    assert 'data-testid="notice-not-me"' in page_of(owner, notice)
    assert CONFIRM in owner.get(address).text
    assert owner.client.post(address).status_code == 400
    assert town.events("not_me") == []
    assert owner.post(address).location == f"/my/notices/{notice.notice_id}"
    assert [b.get("/my/").status_code for b in (owner, elsewhere, copy)] == [200, 303, 303]
    assert town.rows(Consent, Consent.client_id == client_id)[0].ended_at is not None
    [said] = town.events("not_me")
    assert (said.resident_id, said.client_id, said.facts) == (
        ring.resident_id, client_id, '{"about":"refresh_reused"}',
    )  # fmt: skip
    text = page_of(owner, notice)
    assert 'data-testid="notice-disowned"' in text
    assert 'data-testid="notice-not-me"' not in text


def test_not_me_works_once(town: Town) -> None:
    """Pressed again later (a page left open, the back button), it must not end what the resident has started since."""
    ring = Keyring(town)
    notice, _ = reused(town, ring)
    owner = ring.signed_in()
    address = f"/my/notices/{notice.notice_id}/not-me"
    owner.post(address)
    later = ring.signed_in()
    assert owner.post(address).status_code == 303
    assert later.get("/my/").status_code == 200
    assert len(town.events("not_me")) == len(town.events("app_access_ended")) == 1


def test_another_residents_notice_and_one_of_a_department_cannot_be_answered(town: Town) -> None:
    ring, taro = Keyring(town), Keyring(town, "taro")
    notice, _ = reused(town, ring)
    address = f"/my/notices/{notice.notice_id}/not-me"
    assert taro.signed_in().get(address).status_code == 404
    assert taro.signed_in().post(address).status_code == 404
    assert town.browser().post(address).status_code == 401
    town.change(update(Notice).values(client_id="kodomo", template="decided", params=None))
    assert ring.signed_in().get(address).status_code == 404
    assert ring.signed_in().post(address).status_code == 404
    assert town.events("not_me") == []


def test_an_added_passkey_is_told_and_not_me_leads_to_stopping_it(town: Town) -> None:
    ring = Keyring(town)
    ring.passkey(days=300)
    added = ring.passkey()
    notice = notices(town, "passkey_added")[-1]
    assert (notice.importance, notice.client_id) == ("high", None)
    owner = ring.signed_in()
    assert "A passkey was added" in page_of(owner, notice)
    way = owner.get(f"/my/notices/{notice.notice_id}/not-me").location
    assert way == f"/my/settings/credentials/{added}/hold"
    assert owner.post(way).status_code == 303
    text = page_of(owner, notice)
    assert 'data-testid="notice-not-me"' not in text
    assert "It is stopped" in text
    [held] = notices(town, "credential_held")
    assert held.importance == "normal"
    assert "all your other devices were signed out" in page_of(owner, held)


def test_a_removed_passkey_is_told_and_not_me_ends_other_logins(town: Town) -> None:
    ring = Keyring(town)
    mine, old = ring.passkey(days=300), ring.passkey(days=200)
    thief = ring.signed_in(mine)
    thief.post(f"/my/settings/credentials/{old}/remove")
    [notice] = notices(town, "passkey_removed")
    owner = ring.signed_in()
    assert "A passkey was removed" in page_of(owner, notice)
    assert CONFIRM in owner.get(f"/my/notices/{notice.notice_id}/not-me").text
    owner.post(f"/my/notices/{notice.notice_id}/not-me")
    assert thief.get("/my/").status_code == 303
    assert town.events("not_me")[0].facts == '{"about":"passkey_removed"}'


def test_a_registered_card_is_told_without_anything_of_its_certificate(town: Town) -> None:
    ring = Keyring(town)
    ring.passkey(days=300)
    card = ring.card()
    with town.writing() as session:
        facts = {"ceremony": "c", "credential": card, "medium": "phone"}
        record(session, AuditEventType.CARD_BOUND, resident_id=ring.resident_id, **facts)
    [notice] = notices(town, "card_bound")
    assert notice.params == {"credential": card, "kind": "card", "label": "phone"}
    owner = ring.signed_in()
    assert "My Number Card on the phone" in page_of(owner, notice)
    assert owner.get(f"/my/notices/{notice.notice_id}/not-me").location.endswith(f"/{card}/hold")


def test_the_card_that_claimed_is_no_news_a_renewed_one_is(sqlite_url: str, tmp_path: Path) -> None:
    deck = Deck.open(tmp_path)
    with card_town(sqlite_url, deck) as town:
        town.import_people()
        claim(town, deck.card("hanako"))
        assert notices(town, "card_bound") == []
        claim(town, deck.issue("hanako", serial=987654321))
        [notice] = notices(town, "card_bound")
        assert "987654321" not in str(notice.params) + notice.words
        bound = town.rows(Card, Card.state == "active")[0].credential_id
        assert notice.params["credential"] == bound


def test_the_first_sign_in_is_not_told_but_a_second_passkey_is(town: Town) -> None:
    """Somebody who reaches the new page before its owner does must not go unseen."""
    browser = town.signed_in()
    for expected in (0, 1):
        options = browser.post_json("/account/passkeys/options", {})
        assert browser.post_json("/account/passkeys", Phone().create(options.json)).status_code == 201
        assert len(notices(town, "passkey_added")) == expected


def test_a_first_passkey_long_after_the_claim_is_told(town: Town) -> None:
    Keyring(town).passkey()
    assert len(notices(town, "passkey_added")) == 1


@pytest.mark.parametrize("wrong", [{"client_id": "kodomo"}, {"template": "decided"}, {"template": "made_up"}], ids=str)
def test_the_city_speaks_without_a_client_and_nobody_else_does(any_town: Town, wrong: dict[str, str]) -> None:
    Keyring(any_town).passkey()
    with pytest.raises(IntegrityError):
        any_town.change(update(Notice).values(wrong))


def test_a_connected_device_is_told_and_not_me_ends_it(any_town: Town) -> None:
    """RFC 8628 §5.4: somebody who was talked into typing a stranger's code finds out, and undoes it."""
    from tests.idp.oidc.decoupled.test_device_flow import answer_on_phone, poll, start, terminal

    app, owner = terminal(any_town, client_name="Terminal"), Keyring(any_town).signed_in()
    begun = start(app)
    assert notices(any_town, "device_connected") == []
    answer_on_phone(owner, begun["user_code"])
    tokens = poll(app, begun).json
    [notice] = notices(any_town, "device_connected")
    assert notice.params == {"client_id": app.client_id, "app": {"ja": "Terminal", "en": "Terminal"}}
    assert "Terminal: a device was connected" in page_of(owner, notice)
    owner.post(f"/my/notices/{notice.notice_id}/not-me")
    assert app.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_a_refused_device_is_no_news(town: Town) -> None:
    from tests.idp.oidc.decoupled.test_device_flow import answer_on_phone, start, terminal

    begun = start(terminal(town))
    answer_on_phone(Keyring(town).signed_in(), begun["user_code"], "deny")
    assert notices(town, "device_connected") == []
