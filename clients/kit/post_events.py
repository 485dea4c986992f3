"""One request to the events API, and what its answer means for each event."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from .config import Settings
from .discovery import Provider
from .errors import ProviderRefusedError, ProviderUnavailableError
from .http import HttpResponse
from .tokens import ClientCredentials

ACCEPTED = frozenset({"accepted", "duplicate", "stale", "held"})
PASSING = frozenset({408, 425, 429})


@dataclass(slots=True)
class Outcome:
    """`settled`: event id -> (result, None) or (None, problem). `retry_after`: seconds to wait before the rest.

    `why` says in a few words why events are left; `split` asks to send them one by one.
    """

    settled: dict[str, tuple[str | None, dict[str, Any] | None]] = field(default_factory=dict)
    retry_after: float | None = None
    why: str = ""
    split: bool = False
    failed: bool = False


class EventsApi:
    """POST {issuer}/api/v1/events with the app's own access token."""

    def __init__(self, settings: Settings, provider: Provider, tokens: ClientCredentials) -> None:
        self._settings = settings
        self._provider = provider
        self._tokens = tokens
        self._resource = settings.issuer.rstrip("/") + "/api/v1"

    def post(self, bodies: list[tuple[str, str]]) -> Outcome:
        """Send events given as (id, JSON). Never raises for trouble on the way: that is an outcome too."""
        try:
            answer = self._send(bodies)
            if answer.status == 401:  # the token may have been revoked before its time
                self._tokens.forget()
                answer = self._send(bodies)
            return read_answer(answer, [event_id for event_id, _ in bodies])
        except ProviderUnavailableError as error:
            return Outcome(failed=True, why=f"not reachable ({error})")
        except ProviderRefusedError as error:
            return Outcome(failed=True, why=f"no access token ({error.code})")

    def _send(self, bodies: list[tuple[str, str]]) -> HttpResponse:
        token = self._tokens.token(self._settings.report_scope, self._resource)
        single = len(bodies) == 1
        kind = "application/cloudevents+json" if single else "application/cloudevents-batch+json"
        body = bodies[0][1] if single else "[" + ",".join(text for _, text in bodies) + "]"
        headers = {"Content-Type": kind, "Accept": "application/json", "Authorization": f"Bearer {token}"}
        return self._provider.http.request("POST", self._resource + "/events", headers=headers, body=body.encode())


def read_answer(answer: HttpResponse, ids: list[str]) -> Outcome:
    """Sort an answer: done, refused for good, or to be tried again."""
    if answer.status == 202:
        return read_lines(answer, ids)
    why = f"HTTP {answer.status}"
    if answer.status in PASSING or answer.status >= 500 or answer.status == 401:
        return Outcome(failed=True, why=why, retry_after=retry_after(answer))
    if len(ids) > 1:
        # A batch as a whole was refused; one by one shows which event it is.
        return Outcome(split=True, why=why)
    return Outcome(settled={ids[0]: (None, read_problem(answer))})


def read_lines(answer: HttpResponse, ids: list[str]) -> Outcome:
    """One line an event; an event without a line stays in the outbox."""
    outcome = Outcome()
    wanted = set(ids)
    lines = answer.json().get("results")
    for line in lines if isinstance(lines, list) else []:
        event_id = line.get("id") if isinstance(line, dict) else None
        if event_id not in wanted:
            continue
        problem = line.get("problem")
        if line.get("status") in ACCEPTED:
            outcome.settled[event_id] = (line["status"], None)
        elif isinstance(problem, dict) and not passes(problem):
            outcome.settled[event_id] = (None, problem)
    if len(outcome.settled) < len(wanted):
        outcome.failed, outcome.why = True, "answered without a result"
    return outcome


def passes(problem: dict[str, Any]) -> bool:
    """Whether a problem is one that sending again may mend."""
    status = problem.get("status")
    return isinstance(status, int) and (status in PASSING or status >= 500)


def read_problem(answer: HttpResponse) -> dict[str, Any]:
    """The problem document (RFC 9457), or one made up from the status."""
    try:
        problem = json.loads(answer.body)
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else {"status": answer.status, "title": "refused"}


def retry_after(answer: HttpResponse) -> float | None:
    """Seconds of Retry-After, as number or date (RFC 9110 §10.2.3), at most an hour."""
    value = answer.headers.get("Retry-After")
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), 3600.0)
