"""The department's own staff sign-in: one password from the environment, limited tries, a signed cookie."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from clients.kit import Database

P = ParamSpec("P")
WINDOW = 5 * 60
MAX_PER_ADDRESS = 5
MAX_ALL = 50
LIFETIME = 8 * 60 * 60


def password() -> str:
    """The staff password; an empty one means that the back office is closed."""
    return str(current_app.config.get("STAFF_PASSWORD") or "")


def mark() -> str:
    """Ties a session to the password: a new password ends all sessions."""
    key = str(current_app.secret_key).encode()
    return hmac.new(key, b"staff\0" + password().encode(), hashlib.sha256).hexdigest()


def is_right(given: str) -> bool:
    """Constant-time comparison; never true while no password is set."""
    known = password()
    salt = os.urandom(16)
    same = hmac.compare_digest(
        hashlib.sha256(salt + given.encode()).digest(), hashlib.sha256(salt + known.encode()).digest()
    )
    return same and bool(known)


def too_many(database: Database, address: str) -> bool:
    """Whether this network, or all together, failed too often in the last minutes."""
    row = database.one(
        "SELECT count(*) AS everyone, count(*) FILTER (WHERE address = ?) AS here"
        " FROM office_failed_signin WHERE at > ?",
        (address, time.time() - WINDOW),
    )
    return row is not None and (row["here"] >= MAX_PER_ADDRESS or row["everyone"] >= MAX_ALL)


def note_failure(database: Database, address: str) -> None:
    """Remember a wrong password."""
    now = time.time()
    with database.transaction() as tx:
        tx.execute("DELETE FROM office_failed_signin WHERE at < ?", (now - WINDOW,))
        tx.execute("INSERT INTO office_failed_signin (address, at) VALUES (?, ?)", (address, now))


def begin(name: str) -> None:
    """Sign a member of staff in."""
    session.clear()
    session.update(staff=name, mark=mark(), at=int(time.time()))


def current() -> str | None:
    """The name of the signed-in member of staff, or None."""
    name, at = session.get("staff"), session.get("at")
    if not isinstance(name, str) or not isinstance(at, int) or not password():
        return None
    if time.time() - at > LIFETIME or not hmac.compare_digest(str(session.get("mark", "")), mark()):
        return None
    return name


def staff_only(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Decorator: send everybody else to the staff sign-in."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if current() is None:
            here = request.script_root + request.path
            return redirect(url_for("staff.signin", next=here if request.method == "GET" else None), 303)
        return view(*args, **kwargs)

    return guarded
