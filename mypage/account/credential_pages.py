"""Passkeys and cards: what opens my page, and how I stop it, use it again, or remove it. Each is confirmed on a page of its own.

Whose sign-in is enough for which is the provider's rule; a page only says so and leads to the sign-in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from idp.front.credentials import (
    CredentialInfo,
    Permit,
    credentials_of,
    find_credential,
    hold_credential,
    is_last_way_in,
    may_hold,
    may_release,
    may_remove,
    release_credential,
    remove_passkey,
    vouchers,
)
from idp.front.logins import Login, current_login, renew_login, sign_in_again
from idp.front.storage import parts
from idp.front.web import Caller, ProblemError, called_by

from ..page import show

bp = Blueprint("my_credentials", __name__, url_prefix="/my/settings/credentials")


@dataclass(frozen=True)
class CredentialAction:
    """One thing to do with a credential: whether it may be done, doing it, and in which states it makes sense."""

    may: Callable[[Session, Login, CredentialInfo], Permit]
    do: Callable[[Session, Login, str], Permit | None]
    states: tuple[str, ...]
    kinds: tuple[str, ...] = ("passkey", "card")


ACTS = {
    "hold": CredentialAction(may_hold, hold_credential, ("active",)),
    "release": CredentialAction(may_release, release_credential, ("held",)),
    "remove": CredentialAction(may_remove, remove_passkey, ("active", "held"), ("passkey",)),
}


@bp.get("")
@called_by(Caller.RESIDENT)
def credentials() -> Response:
    """Passkeys and cards that open this page."""
    done = request.args.get("done")
    with parts().database.read() as session:
        rows = credentials_of(session, current_login().resident_id)
        return show(session, "account/credentials", "settings", credentials=rows, done=done if done in ACTS else None)


@bp.get("/<credential_id>/<act>")
@called_by(Caller.RESIDENT)
def confirm(credential_id: str, act: str) -> ResponseReturnValue:
    """What it will do, and whose sign-in it needs."""
    login = current_login()
    with parts().database.read() as session:
        target = _target(session, login, credential_id, act)
        if target.state not in ACTS[act].states:  # done already, in another tab or before the page was reloaded
            return redirect(url_for("my_credentials.credentials"), 303)
        known = credentials_of(session, login.resident_id)
        return show(
            session,
            "account/credential_change",
            "settings",
            act=act,
            credential=target,
            permit=ACTS[act].may(session, login, target).value,
            vouchers=vouchers(known, target),
            last=is_last_way_in(known, target),
        )


@bp.post("/<credential_id>/<act>")
@called_by(Caller.RESIDENT)
def change(credential_id: str, act: str) -> ResponseReturnValue:
    """Do it, or have the resident sign in once more and come back to the question."""
    login = current_login()
    with parts().database.write() as session:
        _target(session, login, credential_id, act)
        permit = ACTS[act].do(session, login, credential_id)
        done = redirect(url_for("my_credentials.credentials", done=act), 303)
        if permit is Permit.NOW:
            renew_login(session, done)
    parts().worker.wake()
    question = url_for("my_credentials.confirm", credential_id=credential_id, act=act)
    if permit is Permit.NOW:
        return done
    if permit is Permit.SIGN_IN_AGAIN:
        return sign_in_again(question)
    return redirect(question, 303)


def _target(session: Session, login: Login, credential_id: str, act: str) -> CredentialInfo:
    found = find_credential(session, login.resident_id, credential_id) if act in ACTS else None
    if found is None or found.kind not in ACTS[act].kinds:
        raise ProblemError(404, "no_such_credential", "This passkey or card does not exist, or is not yours.")
    return found
