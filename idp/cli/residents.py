"""Residents: import of the register, activation codes, and an account's life."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from ..foundation.context import parts
from ..residents import (
    Attributes,
    RegisterFormatError,
    activation,
    grouped,
    import_register,
    life_cycle,
    parse_unified_id,
    resolve_local_number,
)
from ..residents.model import Resident, ResidentState
from .root import fail, json_option, machi, say


@machi.group()
def residents() -> None:
    """Residents of the register."""


@residents.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def import_file(file: Path, as_json: bool) -> None:
    """Import the register's extract (CSV, UTF-8). Run it again with a newer extract at any time."""

    def progress(count: int) -> None:
        if sys.stderr.isatty() or count % 10000 == 0:
            click.echo(f"\r{count} lines", nl=False, err=True)

    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            report = import_register(parts().database, parts().vault, lines, progress)
    except (RegisterFormatError, UnicodeDecodeError) as error:
        fail(as_json, str(error) if isinstance(error, RegisterFormatError) else "the file is not UTF-8")
        return
    refused = [{"line": line, "reason": reason} for line, reason in report.refused]
    text = f"added {report.added}, changed {report.changed}, same {report.same}, refused {len(refused)}"
    if report.closed:
        text += f", of closed accounts and left as they are {report.closed}"
    text += "".join(f"\n  line {r['line']}: {r['reason']}" for r in refused)
    facts = {
        "added": report.added,
        "changed": report.changed,
        "same": report.same,
        "closed": report.closed,
        "refused": refused,
    }
    say(as_json, facts, text)


@residents.command("create")
@click.option("--local-number", required=True, help="宛名番号")
@click.option("--name", required=True)
@click.option("--kana", required=True)
@click.option("--birth-date", required=True, help="YYYY-MM-DD")
@click.option("--sex", type=click.Choice(["1", "2", "9"]), required=True)
@click.option("--address", required=True)
@click.option("--channel", type=click.Choice(sorted(activation.LIFETIMES)), default="counter", show_default=True)
@json_option
def create(local_number: str, channel: str, as_json: bool, **values: str) -> None:
    """Add one resident and print an activation code, shown this once."""
    import csv
    from io import StringIO

    person = Attributes(**values)
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["local_number", "name", "kana", "birth_date", "sex", "address"])
    writer.writerow([local_number, person.name, person.kana, person.birth_date, person.sex, person.address])
    buffer.seek(0)
    report = import_register(parts().database, parts().vault, buffer)
    if report.refused:
        fail(as_json, report.refused[0][1])
    _issue(local_number, channel, as_json)


@residents.command("activation-code")
@click.option("--local-number", required=True, help="宛名番号")
@click.option("--channel", type=click.Choice(sorted(activation.LIFETIMES)), default="counter", show_default=True)
@json_option
def activation_code(local_number: str, channel: str, as_json: bool) -> None:
    """Print a one-use activation code for a resident of the register (30 minutes at the counter, 21 days by post)."""
    _issue(local_number, channel, as_json)


@residents.command("activation-codes")
@click.option("--local-number", required=True, help="宛名番号")
@json_option
def activation_codes(local_number: str, as_json: bool) -> None:
    """List the codes of a resident: open, used, expired, or void after too many wrong dates of birth. Never the codes themselves."""
    with parts().database.read() as session:
        resident_id = resolve_local_number(session, parts().vault, local_number)
        if resident_id is None:
            fail(as_json, "no resident has this local number")
            return
        codes = activation.codes_of(session, resident_id, parts().settings.activation_wrong_dates)
    rows = [
        {
            "channel": code.channel,
            "state": code.state,
            "wrong_dates": code.wrong_dates,
            "expires_at": code.expires_at.isoformat(timespec="seconds"),
        }
        for code in codes
    ]
    text = "\n".join("{channel}  {state}  wrong dates {wrong_dates}  until {expires_at}".format(**row) for row in rows)
    say(as_json, {"activation_codes": rows}, text or "none")


def _act(act: life_cycle.AccountAction, unified_id: str, reason: str, as_json: bool) -> None:
    known = parse_unified_id(unified_id)
    try:
        with parts().database.write() as session:
            if known is None:
                raise LookupError(unified_id)
            life_cycle.change_account(session, known, act, reason, by="command_line")
    except LookupError:
        fail(as_json, "nobody has this unified ID")
        return
    except life_cycle.IllegalTransitionError as error:
        fail(as_json, f"this account is {error.state.value}; it cannot be changed by {act.value}")
        return
    state = {
        life_cycle.AccountAction.SUSPEND: "suspended",
        life_cycle.AccountAction.REINSTATE: "active",
        life_cycle.AccountAction.CLOSE: "closed",
    }[act]
    say(as_json, {"unified_id": grouped(known), "state": state}, f"{grouped(known)} is {state}.")


def _reason_option(act: life_cycle.AccountAction) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option("--reason", type=click.Choice(life_cycle.DEEDS[act].reasons), required=True)


@residents.command("suspend")
@click.argument("unified_id")
@_reason_option(life_cycle.AccountAction.SUSPEND)
@json_option
def suspend(unified_id: str, reason: str, as_json: bool) -> None:
    """Stop an account until further notice: every login and every app's access ends now, nobody signs in to it."""
    _act(life_cycle.AccountAction.SUSPEND, unified_id, reason, as_json)


@residents.command("reinstate")
@click.argument("unified_id")
@_reason_option(life_cycle.AccountAction.REINSTATE)
@json_option
def reinstate(unified_id: str, reason: str, as_json: bool) -> None:
    """Let a suspended account be used again; the resident signs in anew everywhere."""
    _act(life_cycle.AccountAction.REINSTATE, unified_id, reason, as_json)


@residents.command("close")
@click.argument("unified_id")
@_reason_option(life_cycle.AccountAction.CLOSE)
@json_option
def close(unified_id: str, reason: str, as_json: bool) -> None:
    """Close an account for good: nothing opens it again, and its identifiers are given to nobody else."""
    _act(life_cycle.AccountAction.CLOSE, unified_id, reason, as_json)


def _issue(local_number: str, channel: str, as_json: bool) -> None:
    with parts().database.write() as session:
        resident_id = resolve_local_number(session, parts().vault, local_number)
        if resident_id is None:
            fail(as_json, "no resident has this local number")
            return
        state = session.get_one(Resident, resident_id).state
        if state not in (ResidentState.PENDING.value, ResidentState.ACTIVE.value):
            fail(as_json, f"this account is {state}; no code opens it")
        code = activation.issue_activation_code(session, parts().vault, resident_id, channel)
    say(as_json, {"activation_code": code, "channel": channel}, f"Activation code (shown once): {code}")
