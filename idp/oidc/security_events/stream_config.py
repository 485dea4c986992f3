"""A stream's configuration (SSF §8.1.1): what an app may say of it, and how it is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from ...foundation.outbound import Outbound, OutboundError
from ...foundation.vault import Vault
from ...foundation.web.errors import ProblemError
from .event_types import SUPPORTED
from .model import EventStream

PUSH, POLL = "urn:ietf:rfc:8935", "urn:ietf:rfc:8936"
MAX_TYPES, MAX_TYPE, MAX_TEXT, MAX_URL = 50, 255, 1000, 2000
RECEIVERS = ("events_requested", "delivery", "description")
"""Members that the app supplies; the others are ours."""

# RFC 9110 §5.5, and no leading or trailing blank: nothing that could end the header or begin another.
_HEADER = re.compile(r"[!-~]([ -~]{0,4000}[!-~])?")
_URL = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Delivery:
    """How events are to come: pushed to `push_url`, or polled when it is None."""

    push_url: str | None = None
    authorization: str | None = None
    keeps_authorization: bool = False
    """Nothing was said of the header. As it is not shown, an app that sends back what it read cannot repeat it."""


def parse_events(given: Any) -> list[str]:
    """`events_requested`; types that we do not have are kept, and not delivered. Raises a 400 problem."""
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MAX_TYPES:
        raise _wrong("events_requested", f"is a list of at most {MAX_TYPES} event types")
    for one in given:
        if not isinstance(one, str) or not 0 < len(one) <= MAX_TYPE or "\0" in one:
            raise _wrong("events_requested", "names an event type that is none")
    return list(dict.fromkeys(given))


def parse_description(given: Any) -> str | None:
    """Raises a 400 problem."""
    if given is not None and (not isinstance(given, str) or len(given) > MAX_TEXT or "\0" in given):
        raise _wrong("description", f"is a text of at most {MAX_TEXT} characters")
    return given


def parse_delivery(outbound: Outbound, given: Any, poll_url: str | None = None) -> Delivery:
    """`delivery`; left out, it is poll (§8.1.1.1). `poll_url`: the address that a stream has already. Raises a 400 problem."""
    if given is None:
        return Delivery()
    if not isinstance(given, dict) or given.get("method") not in (PUSH, POLL):
        raise _wrong("delivery", f"method is {PUSH} or {POLL}")
    url = given.get("endpoint_url")
    if given["method"] == POLL:
        if poll_url is not None and url not in (None, poll_url):
            raise _wrong("delivery", "endpoint_url of poll is the transmitter's to say")
        return Delivery()
    if not isinstance(url, str) or len(url) > MAX_URL or not _URL.fullmatch(url) or "#" in url:
        raise _wrong("delivery", "endpoint_url is missing or no address")
    try:
        outbound.check(url)
    except OutboundError as error:
        raise _wrong("delivery", f"endpoint_url cannot be used: {error}") from None
    header = given.get("authorization_header") or None
    if header is not None and (not isinstance(header, str) or not _HEADER.fullmatch(header)):
        raise _wrong("delivery", "authorization_header is not the value of a header")
    return Delivery(url, header, "authorization_header" not in given)


def check_ours(issuer: str, stream: EventStream, given: dict[str, Any]) -> None:
    """Members of ours may be sent back, as they are (§8.1.1.3, §8.1.1.4). Raises a 400 problem."""
    expected = public_configuration(issuer, stream)
    for name in expected.keys() - set(RECEIVERS):
        if name in given and given[name] != expected[name]:
            raise _wrong(name, "is the transmitter's to say")


def set_delivery(vault: Vault, stream: EventStream, delivery: Delivery) -> None:
    """The app's own Authorization header is kept encrypted and shown to nobody; to another address it never goes by itself."""
    if delivery.keeps_authorization and delivery.push_url == stream.push_url:
        return
    stream.push_url = delivery.push_url
    stream.authorization_sealed = None
    if delivery.authorization is not None:
        stream.authorization_sealed = vault.encrypt(delivery.authorization.encode(), _place(stream))


def open_authorization(vault: Vault, stream: EventStream) -> str | None:
    """The header to push with."""
    sealed = stream.authorization_sealed
    return vault.decrypt(sealed, _place(stream)).decode() if sealed is not None else None


def public_configuration(issuer: str, stream: EventStream) -> dict[str, Any]:
    """The configuration as the app sees it (§8.1.1)."""
    requested: list[str] = orjson.loads(stream.events_requested)
    delivery = {"method": PUSH, "endpoint_url": stream.push_url}
    if stream.push_url is None:
        delivery = {"method": POLL, "endpoint_url": poll_url(issuer, stream.stream_id)}
    body: dict[str, Any] = {
        "stream_id": stream.stream_id,
        "iss": issuer,
        "aud": stream.client_id,
        "delivery": delivery,
        "events_supported": list(SUPPORTED),
        "events_requested": requested,
        "events_delivered": [one for one in SUPPORTED if one in requested],
    }
    if stream.description is not None:
        body["description"] = stream.description
    return body


def poll_url(issuer: str, stream_id: str) -> str:
    return f"{issuer}/ssf/poll/{stream_id}"


def _place(stream: EventStream) -> str:
    return f"event-stream:{stream.stream_id}"


def _wrong(member: str, rule: str) -> ProblemError:
    return ProblemError(400, "invalid_request", f"{member}: {rule}.")
