"""Whom an event is about (formats after RFC 9493, Subject Identifiers for Security Event Tokens)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .values import Part

Handle = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class IssSub(Part):
    """A resident who signed in to the department's app: the app's own pairwise `sub` (RFC 9493 §3.2.3)."""

    format: Literal["iss_sub"]
    iss: Annotated[str, StringConstraints(max_length=255)]
    sub: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class LocalNumber(Part):
    """A resident by the city's own number (宛名番号), for clients that are allowed to. Never the Individual Number."""

    format: Literal["local_number"]
    number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,20}$")]


class Opaque(Part):
    """A paper applicant without an account: the event is held until the handle is claimed (RFC 9493 §3.2.5)."""

    format: Literal["opaque"]
    id: Handle


Resident = Annotated[IssSub | LocalNumber | Opaque, Field(discriminator="format")]
