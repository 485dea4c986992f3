"""設定: who has access, where I am signed in, what I sign in with. Every end is confirmed on a page of its own."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.front.apps import apps_with_access, end_app_access
from idp.front.credentials import credentials_of
from idp.front.logins import current_login, devices, end_device, end_other_devices, renew_login
from idp.front.people import resident_profile
from idp.front.storage import parts
from idp.front.web import Caller, ProblemError, called_by

from ..page import show

DONE = ("app", "device", "devices")

bp = Blueprint("my_account", __name__, template_folder="templates", url_prefix="/my/settings")


def _done() -> str | None:
    """What the person just did, from the address they were sent back to."""
    done = request.args.get("done")
    return done if done in DONE else None


@bp.get("")
@called_by(Caller.RESIDENT)
def index() -> Response:
    """The entries inside the settings."""
    login = current_login()
    with parts().database.read() as session:
        return show(
            session,
            "account/index",
            "settings",
            profile=resident_profile(session, login.resident_id),
            login=login,
            app_count=len(apps_with_access(session, login.resident_id)),
            device_count=len(devices(session, login.resident_id)),
            credentials=credentials_of(session, login.resident_id),
        )


@bp.get("/apps")
@called_by(Caller.RESIDENT)
def apps() -> Response:
    """Apps that get something about me."""
    with parts().database.read() as session:
        rows = apps_with_access(session, current_login().resident_id)
        return show(session, "account/apps", "settings", apps=rows, done=_done())


@bp.get("/apps/<client_id>/end")
@called_by(Caller.RESIDENT)
def confirm_app_end(client_id: str) -> Response:
    """What ending this app's access will do."""
    with parts().database.read() as session:
        rows = apps_with_access(session, current_login().resident_id)
        app = next((row for row in rows if row.client_id == client_id), None)
        if app is None:
            raise ProblemError(404, "no_such_app", "This app has no access to your data.")
        return show(session, "account/app_end", "settings", app=app)


@bp.post("/apps/<client_id>/end")
@called_by(Caller.RESIDENT)
def app_end(client_id: str) -> ResponseReturnValue:
    """End the app's access."""
    with parts().database.write() as session:
        end_app_access(session, current_login().resident_id, client_id)
    parts().worker.wake()
    return redirect(url_for("my_account.apps", done="app"), 303)


@bp.get("/devices")
@called_by(Caller.RESIDENT)
def device_list() -> Response:
    """Where I am signed in."""
    login = current_login()
    with parts().database.read() as session:
        rows = sorted(devices(session, login.resident_id), key=lambda row: row.session_id != login.session_id)
        return show(session, "account/devices", "settings", devices=rows, mine=login.session_id, done=_done())


@bp.post("/devices/<session_id>/end")
@called_by(Caller.RESIDENT)
def device_end(session_id: str) -> ResponseReturnValue:
    """Sign another device out. This device signs out by the ordinary way."""
    login = current_login()
    if session_id == login.session_id:
        raise ProblemError(409, "this_device", "To sign out on this device, use the sign-out button.")
    with parts().database.write() as session:
        end_device(session, login.resident_id, session_id)
    parts().worker.wake()
    return redirect(url_for("my_account.device_list", done="device"), 303)


@bp.post("/devices/end-others")
@called_by(Caller.RESIDENT)
def devices_end() -> ResponseReturnValue:
    """Sign out everywhere but here; also whoever has a copy of this browser's cookie."""
    login = current_login()
    with parts().database.write() as session:
        end_other_devices(session, login.resident_id, login.session_id)
        answer = renew_login(session, redirect(url_for("my_account.device_list", done="devices"), 303))
    parts().worker.wake()
    return answer
