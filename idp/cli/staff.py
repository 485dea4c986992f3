"""Staff: the first administrator, new links, roles, the end."""

from __future__ import annotations

import click

from ..foundation.context import parts
from ..staff import (
    AppointmentError,
    StaffError,
    appoint,
    dismiss,
    end,
    enrolment_link,
    invite,
    invite_again,
    members,
    read_appointment,
)
from .root import fail, json_option, machi, say

ROLE = "administrator, registrar, supervisor, auditor or clerk; with a department after a colon, such as clerk:子育て支援課."


@machi.group()
def staff() -> None:
    """Members of staff: who they are, and their roles."""


@staff.command("invite")
@click.option("--name", help="Of a new member.")
@click.option("--role", "roles", multiple=True, help=f"May be repeated: {ROLE}")
@click.option("--again", "staff_id", help="A new link for this member instead (a lost passkey).")
@json_option
def invite_command(name: str | None, roles: tuple[str, ...], staff_id: str | None, as_json: bool) -> None:
    """Print a link, good once for 24 hours, with which somebody makes their passkey."""
    try:
        with parts().database.write() as session:
            if staff_id is not None:
                token = invite_again(session, staff_id, "command_line")
            else:
                wanted = [read_appointment(role) for role in roles]
                staff_id, token = invite(session, name or "", wanted, "command_line")
    except (StaffError, AppointmentError) as error:
        fail(as_json, str(error))
        return
    link = enrolment_link(parts().settings, token)
    say(as_json, {"staff_id": staff_id, "link": link}, link)


@staff.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Everybody, those who left too."""
    with parts().database.read() as session:
        facts = [
            {
                "staff_id": m.staff_id,
                "name": m.name,
                "roles": [str(a) for a in m.appointments],
                "passkeys": m.passkeys,
                "active": m.ended_at is None,
            }
            for m in members(session)
        ]
    lines = [f"{f['staff_id']}\t{f['name']}\t{' '.join(f['roles'])}{'' if f['active'] else '  (ended)'}" for f in facts]  # type: ignore[arg-type]
    say(as_json, {"staff": facts}, "\n".join(lines) or "nobody")


@staff.command("appoint")
@click.argument("staff_id")
@click.argument("role")
@json_option
def appoint_command(staff_id: str, role: str, as_json: bool) -> None:
    """Give somebody a role, city-wide or, after a colon, in a department: `clerk:子育て支援課`."""
    try:
        given = read_appointment(role)
        with parts().database.write() as session:
            appoint(session, staff_id, given, "command_line")
    except (StaffError, AppointmentError) as error:
        fail(as_json, str(error))
        return
    say(as_json, {"staff_id": staff_id, "role": str(given)}, f"{staff_id} is {given}.")


@staff.command("dismiss")
@click.argument("staff_id")
@click.argument("role")
@json_option
def dismiss_command(staff_id: str, role: str, as_json: bool) -> None:
    """Take a role back, as `list` names it. It counts from their next request on."""
    try:
        with parts().database.write() as session:
            dismiss(session, staff_id, role, "command_line")
    except StaffError as error:
        fail(as_json, str(error))
    say(as_json, {"staff_id": staff_id, "role": role}, f"{staff_id} is no longer {role}.")


@staff.command("end")
@click.argument("staff_id")
@json_option
def end_command(staff_id: str, as_json: bool) -> None:
    """Switch somebody off; every login of theirs ends."""
    try:
        with parts().database.write() as session:
            end(session, staff_id, "command_line")
    except StaffError as error:
        fail(as_json, str(error))
    say(as_json, {"staff_id": staff_id, "active": False}, f"{staff_id} is switched off.")
