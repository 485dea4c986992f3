"""`/healthz`: this process lives. `/readyz`: it can serve. For load balancers, Kubernetes' probes and monitoring."""

from __future__ import annotations

from typing import Literal, NotRequired

import orjson
from flask import Blueprint, Response, request
from typing_extensions import TypedDict

from .. import clock
from ..context import parts
from ..vault import Vault
from .callers import Caller, called_by
from .openapi import Media, Operation, ResponseSpec, described

DOCTOR = "X-Machi-Doctor"

bp = Blueprint("health", __name__)


class Health(TypedDict):
    """Whether the process lives. `stuck`: its delivery loop goes round no more; only a new process helps."""

    status: Literal["ok", "stuck"]


class Ready(TypedDict):
    """`degraded`: it serves, but something is away or late. `checks`: a word for each part, `ok` if there is nothing to say."""

    status: Literal["ready", "degraded", "not_ready", "draining"]
    checks: dict[str, str]
    seen: NotRequired[dict[str, str]]
    """Only for `machi doctor`: the caller's address and scheme as they arrive here."""


HEALTH = Operation(
    "getHealth",
    "Whether this process lives.",
    {
        200: ResponseSpec("It does.", {"application/json": Media(Health)}),
        503: ResponseSpec("It should be started anew.", {"application/json": Media(Health)}),
    },
)
READY = Operation(
    "getReadiness",
    "Whether this process can serve.",
    {
        200: ResponseSpec("It can.", {"application/json": Media(Ready)}),
        503: ResponseSpec("It cannot, or is about to end.", {"application/json": Media(Ready)}),
    },
)


@bp.get("/healthz")
@called_by(Caller.ANYONE)
@described(HEALTH)
def healthz() -> Response:
    """200 as long as requests are answered at all; restarting would not bring back what is away."""
    stuck = parts().worker.stuck
    return _answer(503 if stuck else 200, {"status": "stuck" if stuck else "ok"})


@bp.get("/readyz")
@called_by(Caller.ANYONE)
@described(READY)
def readyz() -> Response:
    """200 when requests sent here will be answered, 503 when they should go elsewhere."""
    report = parts().readiness.report()
    body: Ready = {"status": report.status, "checks": report.checks}
    if is_the_doctor(parts().vault, request.headers.get(DOCTOR, "")):
        body["seen"] = {"address": request.remote_addr or "", "scheme": request.scheme}
    return _answer(200 if report.serves else 503, body)


def doctors_word(vault: Vault) -> str:
    """What `machi doctor` sends as `X-Machi-Doctor`: it holds the installation's key, and that not long ago."""
    now = str(clock.epoch())
    return f"{now}.{vault.sign(DOCTOR, now)}"


def is_the_doctor(vault: Vault, word: str) -> bool:
    """Whether `word` is one of `doctors_word`'s."""
    at, _, signature = word.partition(".")
    fresh = at.isdecimal() and at.isascii() and abs(clock.epoch() - int(at[:12])) < 60
    return fresh and vault.signed(DOCTOR, at, signature)


def _answer(status: int, body: object) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json", headers={"Cache-Control": "no-store"})
