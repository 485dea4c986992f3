"""Staff: the first administrator, new links, the end."""

from __future__ import annotations

import click

from ..foundation.context import parts
from ..staff.members import StaffError, end, invite, invite_again, members
from ..staff.model import Role
from .root import fail, json_option, machi, say


@machi.group()
def staff() -> None:
    """Members of staff who use the desk."""


@staff.command("invite")
@click.option("--name", help="Of a new member.")
@click.option("--role", "roles", multiple=True, type=click.Choice([r.value for r in Role]), help="May be repeated.")
@click.option("--again", "staff_id", help="A new link for this member instead (a lost passkey).")
@json_option
def invite_command(name: str | None, roles: tuple[str, ...], staff_id: str | None, as_json: bool) -> None:
    """Print a link, good once for 24 hours, with which somebody makes their passkey for the desk."""
    try:
        with parts().database.write() as session:
            if staff_id is not None:
                token = invite_again(session, staff_id, "command_line")
            else:
                staff_id, token = invite(session, name or "", [Role(r) for r in roles], "command_line")
    except StaffError as error:
        fail(as_json, str(error))
        return
    link = f"{parts().settings.issuer}/desk/enrol/{token}"
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
                "roles": list(m.roles),
                "passkeys": m.passkeys,
                "active": m.ended_at is None,
            }
            for m in members(session)
        ]
    lines = [f"{f['staff_id']}\t{f['name']}\t{' '.join(f['roles'])}{'' if f['active'] else '  (ended)'}" for f in facts]  # type: ignore[arg-type]
    say(as_json, {"staff": facts}, "\n".join(lines) or "nobody")


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
