"""The reader's pages: choose a card and enter its PIN, then go back with the answer."""

import base64
import re
from dataclasses import dataclass
from typing import Literal, cast

from flask import Blueprint, Response, current_app, g, render_template, request, send_file
from werkzeug.exceptions import NotFound

from .deck import Deck
from .people import BY_KEY, ENTRIES
from .pins import Counters, Secret
from .wire import ReadRequest, parse_request

pages = Blueprint("reader", __name__)

UNREADABLE = "unreadable"
FAILING = frozenset({"hold", "selfsigned", "wrong-ca", UNREADABLE})
Failure = Literal["cancelled", "pin_locked", "card_unreadable"]
_SHAPES: dict[Secret, re.Pattern[str]] = {
    "pin": re.compile(r"[0-9]{4}"),
    "password": re.compile(r"[A-Z0-9]{6,16}"),
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A card as shown: its key, the name on it, what is special about it, whether it is locked."""

    key: str
    name: str
    condition: str
    locked: bool


@pages.get("/")
def idle() -> str:
    """Nobody asked for a card yet."""
    return render_template("idle.html")


@pages.get("/healthz")
def healthz() -> Response:
    """Whether the reader is up."""
    return Response("ok\n", mimetype="text/plain")


@pages.get("/crl/<kind>.crl")
def revocation_list(kind: str) -> Response:
    """The present revocation list (PEM), for a provider that fetches instead of reading the file."""
    if kind not in ("auth", "sign"):
        raise NotFound
    _deck().refresh_crls()
    return send_file(_deck().state_dir.resolve() / f"{kind}.crl", mimetype="application/x-pem-file", max_age=0)


@pages.get("/read")
def ask() -> str:
    """Show the cards."""
    _deck().refresh_crls()
    return _form(parse_request(request.args))


@pages.post("/read")
def read() -> str | tuple[str, int]:
    """Read the chosen card, if the PIN is right."""
    asked = parse_request(request.form)
    action = request.form.get("action", "read")
    if action == "cancel":
        return deliver(asked, failure="cancelled")
    if action == "reset":
        _counters().reset()
        return _form(asked, notice="reset_done")
    card = request.form.get("card", "")
    if card == UNREADABLE:
        return deliver(asked, failure="card_unreadable")
    if card not in BY_KEY:
        return _form(asked, error=("choose", 0), at="card"), 422
    secrets: tuple[Secret, ...] = ("pin", "password") if asked.purpose == "claim" else ("pin",)
    for secret in secrets:
        if _counters().locked(card, secret):
            return deliver(asked, failure="pin_locked")
        value = request.form.get("pin" if secret == "pin" else "sign_password", "")
        if not _SHAPES[secret].fullmatch(value):
            return _form(asked, error=(f"{secret}_shape", 0), at=secret), 422
        entry = _counters().enter(card, secret, value)
        if not entry.right and entry.left == 0:
            return deliver(asked, failure="pin_locked")
        if not entry.right:
            return _form(asked, error=(f"{secret}_wrong", entry.left), at=secret), 422
    return deliver(asked, answer=_answer(asked, card))


def _answer(asked: ReadRequest, key: str) -> dict[str, str]:
    card = _deck().card(key)
    if asked.purpose == "claim":
        fields = card.prove(asked.statement)
    else:
        fields = dict(zip(("certificate", "signature"), card.authenticate(asked.statement), strict=True))
    return {name: base64.b64encode(value).decode() for name, value in fields.items()}


def deliver(asked: ReadRequest, answer: dict[str, str] | None = None, failure: Failure | None = None) -> str:
    """The form that takes the answer back to the service. A locked card waits for the person to have read why."""
    fields = {"challenge": asked.challenge} | (answer or {}) | ({"error": failure} if failure else {})
    g.form_action = asked.origin
    return render_template("result.html", asked=asked, fields=fields, failure=failure)


def _form(
    asked: ReadRequest, *, error: tuple[str, int] | None = None, at: str | None = None, notice: str | None = None
) -> str:
    counters = _counters()
    tiles = [
        Tile(
            entry.key,
            entry.holder.name,
            entry.condition,
            counters.locked(entry.key, "pin") or counters.locked(entry.key, "password"),
        )
        for entry in ENTRIES
    ]
    tiles.append(Tile(UNREADABLE, "", UNREADABLE, locked=False))
    return render_template(
        "read.html",
        asked=asked,
        residents=[tile for tile in tiles if tile.key not in FAILING],
        failing=[tile for tile in tiles if tile.key in FAILING],
        chosen=request.values.get("card"),
        error=error,
        at=at,
        notice=notice,
        can_reset=counters.any_missed(),
    )


def _deck() -> Deck:
    return cast(Deck, current_app.extensions["deck"])


def _counters() -> Counters:
    return cast(Counters, current_app.extensions["pins"])
