"""What may be done to an account, in which state: one table, and nothing beside it."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from idp.residents.import_register import import_register
from idp.residents.life_cycle import DEEDS, TRANSITIONS, AccountAction, IllegalTransitionError, change_account, move
from idp.residents.model import ActivationCode, Resident, ResidentState, SubjectIdentifier
from idp.residents.subjects import subject_of
from tests.support.people import HEADER, LINES, register_lines
from tests.support.town import Town

STATES = list(ResidentState)
LEGAL = {
    ("pending", "claim"): "active",
    ("active", "suspend"): "suspended",
    ("active", "close"): "closed",
    ("suspended", "reinstate"): "active",
    ("suspended", "close"): "closed",
}


def unified_id(town: Town, resident_id: str) -> str:
    return str(town.rows(Resident, Resident.resident_id == resident_id)[0].unified_id)


def do(town: Town, act: AccountAction, resident_id: str, reason: str | None = None) -> None:
    with town.app.app_context(), town.writing() as session:
        change_account(session, unified_id(town, resident_id), act, reason or DEEDS[act].reasons[0], "command_line")


def state(town: Town, resident_id: str) -> str:
    return str(town.rows(Resident, Resident.resident_id == resident_id)[0].state)


@pytest.mark.parametrize("act", list(AccountAction), ids=lambda act: act.value)
@pytest.mark.parametrize("before", STATES, ids=lambda state: state.value)
def test_every_pair(before: ResidentState, act: AccountAction) -> None:
    row = Resident(state=before.value)
    expected = LEGAL.get((before.value, act.value))
    if expected is None:
        with pytest.raises(IllegalTransitionError):
            move(row, act)
        assert row.state == before.value
    else:
        move(row, act)
        assert row.state == expected
    assert len(TRANSITIONS) == len(LEGAL)


def test_each_act_is_recorded_with_its_reason(any_town: Town) -> None:
    resident = any_town.resident()
    for act, reason, kind in (
        (AccountAction.SUSPEND, "requested", "account_suspended"),
        (AccountAction.REINSTATE, "resolved", "account_reinstated"),
        (AccountAction.CLOSE, "moved_out", "account_closed"),
    ):
        do(any_town, act, resident, reason)
        [event] = any_town.events(kind)
        assert (event.resident_id, event.facts) == (resident, f'{{"by":"command_line","reason":"{reason}"}}')
    for act in (AccountAction.SUSPEND, AccountAction.REINSTATE, AccountAction.CLOSE):
        with pytest.raises(IllegalTransitionError):
            do(any_town, act, resident)
    assert state(any_town, resident) == "closed"


def test_a_reason_of_ones_own_stays_out_of_the_record(town: Town) -> None:
    resident = town.resident()
    with pytest.raises(ValueError, match="neighbour"):
        do(town, AccountAction.SUSPEND, resident, "the neighbour called")
    assert state(town, resident) == "active"
    with pytest.raises(LookupError), town.writing() as session:
        change_account(session, "A" * 11, AccountAction.SUSPEND, "other", "command_line")


def test_identifiers_stay_taken(town: Town) -> None:
    resident = town.resident()
    with town.writing() as session:
        sub = subject_of(session, resident, "one.example")
    number = unified_id(town, resident)
    do(town, AccountAction.CLOSE, resident)
    assert unified_id(town, resident) == number
    assert [row.resident_id for row in town.rows(SubjectIdentifier, SubjectIdentifier.sub == sub)] == [resident]


def test_the_register_does_not_revive_it(any_town: Town) -> None:
    """Neither the same line nor a changed one; the report says so. A suspended one is kept up to date, and stays suspended."""
    gone, paused = any_town.resident("hanako"), any_town.resident("taro")
    do(any_town, AccountAction.CLOSE, gone)
    do(any_town, AccountAction.SUSPEND, paused)
    before = any_town.rows(Resident, Resident.resident_id == gone)[0].attributes
    assert any_town.import_people("hanako", "taro").closed == 1
    moved = [line.replace("中央", "西") for line in register_lines("hanako", "taro")[1:]]
    report = import_register(any_town.parts.database, any_town.parts.vault, [HEADER, *moved])
    assert (report.added, report.changed + report.same, report.closed) == (0, 1, 1)
    assert (state(any_town, gone), state(any_town, paused)) == ("closed", "suspended")
    assert any_town.rows(Resident, Resident.resident_id == gone)[0].attributes == before


def test_a_new_line_for_a_closed_account_waits_for_the_registrar(town: Town) -> None:
    """The same person under another local number: two rows fit, so that nobody is attached by itself."""
    from idp.residents.claiming import ClaimResult
    from tests.idp.residents.test_claiming import claim

    do(town, AccountAction.CLOSE, town.resident("hanako"))
    line = "0000099999" + LINES["hanako"][LINES["hanako"].index(",") :]
    assert import_register(town.parts.database, town.parts.vault, [HEADER, line]).added == 1
    assert claim(town).result is ClaimResult.QUEUED


def test_codes_that_are_out_open_nothing_afterwards(town: Town) -> None:
    from idp.residents.activation import issue_activation_code, parse_code
    from idp.residents.claiming import ClaimResult, claim_by_code

    resident = town.resident()
    with town.writing() as session:
        code = issue_activation_code(session, town.parts.vault, resident, "post")
    do(town, AccountAction.SUSPEND, resident)
    do(town, AccountAction.REINSTATE, resident)
    with town.writing() as session:
        found = claim_by_code(
            session, town.parts.vault, code=parse_code(code), birth_date="1989-04-12", max_wrong_dates=5
        )
    assert found.result is ClaimResult.NO_MATCH
    assert town.count(ActivationCode, ActivationCode.used_at.is_(None)) == 0


def test_nobody_else_is_touched(town: Town) -> None:
    other = town.resident("taro")
    do(town, AccountAction.SUSPEND, town.resident("hanako"))
    assert state(town, other) == "active"
    town.change(update(Resident).where(Resident.resident_id == other).values(state="moved_out"))
    with pytest.raises(IllegalTransitionError):
        do(town, AccountAction.REINSTATE, other)
