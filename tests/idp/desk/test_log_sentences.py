"""The desk's record in sentences: every type of event has one, in both languages, with the facts that its callers give."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from babel.messages.pofile import read_po
from sqlalchemy import event as sql_event

from idp.audit import AuditEventType, record
from idp.desk.log_sentences import SENTENCES, OfSomebody
from idp.desk.log_words import WORDS
from idp.foundation.ids import new_id
from idp.residents.model import Resident
from idp.residents.unified_id import grouped
from idp.staff.members import invite
from idp.staff.roles import Appointment, Role
from tests.support.isolation import loose_words
from tests.support.staff import Desk
from tests.support.town import Town

# What the callers of `record` give, a fact for each name of the catalogue, besides `reason` and `did`, which differ.
FACTS: dict[str, str | int | None] = {
    "aal": 2, "about": "passkey_added", "active": 0, "added": 3, "alg": "ES256", "by": "command_line", "ceremony": new_id(),
    "changed": 4, "channel": "post", "department": "*", "closed": 5, "credential": new_id(), "device": "TV",
    "device_type": "multi_device", "kind": "card", "login": new_id(), "medium": "phone", "method": "card",
    "overlap_hours": 24, "purpose": "card_signin",
    "reason": "other", "refused": 6, "resource": "https://api.example/", "role": "clerk", "same": 7, "scope": "openid profile",
    "state": "suspended",
}  # fmt: skip
REASONS = {
    AuditEventType.CARD_REFUSED: "bound_to_another", AuditEventType.CLAIM_QUEUED: "near", AuditEventType.CLAIM_REFUSED: "no_match",
    AuditEventType.PASSKEY_REFUSED: "challenge", AuditEventType.STAFF_REFUSED: "malformed",
}  # fmt: skip
DONE = {AuditEventType.EVENT_STREAM_CHANGED: "paused", AuditEventType.STAFF_ACTED: "keys_rotated"}
NEVER_SAID = {"aal", "ceremony", "credential", "login"}
"""Ids and levels for whoever looks closely: they stand in the small text only."""
HOSTILE = "\u202eMARK<b>"


def facts_of(kind: AuditEventType, staff: str) -> dict[str, str | int | None]:
    given = FACTS | {"staff": staff, "reason": REASONS.get(kind, "other"), "did": DONE.get(kind, "changed")}
    return {name: given[name] for name in kind.facts}


def variants(kind: AuditEventType) -> list[str]:
    said = SENTENCES[kind]
    return [str(said.known), str(said.unknown)] if isinstance(said, OfSomebody) else [str(said)]


def sentence_of(page: str) -> str:
    """What a person reads in the only row of `page`."""
    (found,) = re.findall(r'data-testid="desk-log-sentence">(.*?)</p>', page, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", found))


def test_every_type_of_event_has_a_sentence_of_what_it_records() -> None:
    assert set(SENTENCES) == set(AuditEventType)
    with open("idp/translations/ja/LC_MESSAGES/messages.po", "rb") as file:
        japanese = read_po(file, locale="ja")
    for kind in AuditEventType:
        for text in variants(kind):
            assert japanese.get(text), text
            said = set(re.findall(r"%\((\w+)\)s", text))
            assert said <= {"app", "resident", *kind.facts}, kind
        assert set(kind.facts) - NEVER_SAID <= set(re.findall(r"%\((\w+)\)s", variants(kind)[0])), kind


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("kind", AuditEventType, ids=lambda kind: kind.stored)
def test_an_event_is_said_with_names(town: Town, kind: AuditEventType, lang: str) -> None:
    desk = Desk(town, lang)
    staff = desk.sign_up()
    app = town.register(**{"client_name": "Sample app", "client_name#ja": "見本アプリ"})
    resident_id = town.resident()
    unified = grouped(town.rows(Resident, Resident.resident_id == resident_id)[0].unified_id)
    facts = facts_of(kind, staff)
    with town.app.app_context(), town.writing() as session:
        record(session, kind, resident_id=resident_id, client_id=app.client_id, **facts)
    page = desk.get(f"/desk/log?type={kind.stored}").text
    newest = page.split('data-testid="desk-log-row"')[1].split("</tr>")[0]
    sentence = sentence_of(newest)
    named = set(re.findall(r"%\((\w+)\)s", variants(kind)[0]))
    assert ("app" in named) == (("見本アプリ" if lang == "ja" else "Sample app") in sentence)
    assert ("resident" in named) == (unified in sentence)
    assert ("staff" in named) == ("仮名 みどり" in sentence)
    with town.app.test_request_context(headers={"Accept-Language": lang}):
        for name in named - {"app", "resident", "staff"}:
            assert str(WORDS.get(name, {}).get(str(facts[name]), facts[name])) in sentence, name
    assert not re.search(r"[a-z]_[a-z]", sentence), "a code"
    assert "%(" not in sentence
    assert "not recorded" not in sentence
    assert "記録なし" not in sentence
    assert kind.stored in newest.split("desk-log-sentence")[1], "the code stays, small"
    if lang == "ja":
        assert re.search(r"[ぁ-ん]", sentence)


def test_others_words_in_a_sentence_are_isolated(town: Town) -> None:
    """As a name an app registered, a member of staff has, and as every fact of every type, whoever came to write it."""
    desk = Desk(town)
    desk.sign_up()
    with town.writing() as session:
        staff, _ = invite(session, HOSTILE, [Appointment(Role.REGISTRAR)], "test")
    app = town.register(client_name="MARK<b>")
    for kind in AuditEventType:
        given: dict[str, Any] = dict.fromkeys(kind.facts, HOSTILE) | ({"staff": staff} if "staff" in kind.facts else {})
        with town.app.app_context(), town.writing() as session:
            record(session, kind, client_id=app.client_id, **given)
        page = desk.get(f"/desk/log?type={kind.stored}").text
        assert loose_words(page, "MARK") == [], kind
        assert "MARK<b>" not in page, kind
        assert "\u202e" not in page, kind
        named = set(re.findall(r"%\((\w+)\)s", variants(kind)[-1])) - {"resident"}
        assert not named or "MARK" in page.split('"desk-log-sentence"')[1].split("</p>")[0], kind


def test_what_is_not_known_is_said_so(town: Town, desk: Desk) -> None:
    with town.app.app_context(), town.writing() as session:
        record(session, AuditEventType.PASSKEY_REFUSED, reason="unknown_credential")
        record(session, AuditEventType.CLIENT_ENDED, client_id="left-long-ago", by=new_id())
        record(session, AuditEventType.NOT_ME, resident_id=new_id(), about=None)
    assert (
        sentence_of(desk.get("/desk/log?type=passkey_refused").text)
        == "A passkey was refused: it is registered with nobody."
    )
    assert "left-long-ago" in sentence_of(desk.get("/desk/log?type=client_ended").text)
    assert "(without a unified ID)" in sentence_of(desk.get("/desk/log?type=not_me").text)
    with town.writing() as session:
        session.connection().exec_driver_sql("UPDATE audit_event SET type = 'gone_kind' WHERE type = 'not_me'")
    assert "gone_kind" in desk.get("/desk/log").text


def test_the_filter_speaks_in_words(town: Town, desk: Desk) -> None:
    page = desk.get("/desk/log?type=consent_given").text
    options = dict(re.findall(r'<option value="(\w+)"[^>]*>([^<]+)</option>', page))
    assert set(options) == {kind.stored for kind in AuditEventType}
    assert html.unescape(options["consent_given"]) == "Resident … agreed to share with the app … (…)."
    assert len(set(options.values())) == len(options)
    assert re.search(r'<option value="consent_given" selected', page)


def test_a_page_of_the_record_looks_names_up_at_once(town: Town, desk: Desk) -> None:
    def statements() -> int:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        engine = town.parts.database.engine
        sql_event.listen(engine, "before_cursor_execute", note)
        try:
            assert desk.get("/desk/log").status_code == 200
        finally:
            sql_event.remove(engine, "before_cursor_execute", note)
        return sum(statement.lstrip().upper().startswith("SELECT") for statement in seen)

    resident = town.resident()
    one = town.register()
    with town.app.app_context(), town.writing() as session:
        record(session, AuditEventType.CONSENT_GIVEN, resident_id=resident, client_id=one.client_id, scope="openid")
    before = statements()
    apps = [town.register().client_id for _ in range(5)]
    with town.app.app_context(), town.writing() as session:
        for number in range(60):
            record(
                session, AuditEventType.CONSENT_GIVEN, resident_id=new_id(), client_id=apps[number % 5], scope="openid"
            )
            record(session, AuditEventType.STAFF_SIGNED_IN, staff=new_id())
    assert statements() == before
    assert before <= 6
