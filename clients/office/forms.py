"""Reading what a person typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from .definition import Field
from .individual_number import contains_individual_number
from .office import OperationRefusedError


def read_text(form: Mapping[str, str], name: str, *, required: bool, max_length: int) -> str:
    """A text without control characters, not too long, and without a My Number in it."""
    value = form.get(name, "").replace("\r\n", "\n").strip()
    value = "".join(letter for letter in value if letter == "\n" or unicodedata.category(letter)[0] != "C")
    if required and not value:
        raise OperationRefusedError(name, "required")
    if len(value) > max_length:
        raise OperationRefusedError(name, "too_long")
    if contains_individual_number(value):
        raise OperationRefusedError(name, "individual_number")
    return value


def read_date(form: Mapping[str, str], name: str, *, required: bool) -> date | None:
    """A date as browsers send it."""
    value = form.get(name, "").strip()
    if not value and not required:
        return None
    if not value:
        raise OperationRefusedError(name, "required")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise OperationRefusedError(name, "date") from None


def read_answer(form: Mapping[str, str], field: Field) -> str:
    """One answer of an application form."""
    if field.kind == "date":
        found = read_date(form, field.name, required=field.required)
        return found.isoformat() if found else ""
    if field.kind == "checkbox":
        if field.required and form.get(field.name) != "yes":
            raise OperationRefusedError(field.name, "required")
        return "yes" if form.get(field.name) == "yes" else ""
    value = read_text(form, field.name, required=field.required, max_length=field.max_length)
    if field.kind == "select" and value and value not in dict(field.choices):
        raise OperationRefusedError(field.name, "choice")
    if field.pattern and value:
        value = unicodedata.normalize("NFKC", value)
        if not re.fullmatch(field.pattern, value):
            raise OperationRefusedError(field.name, "format")
    return value


def read_answers(form: Mapping[str, str], fields: tuple[Field, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """(answers, errors): errors by field name, as codes of `OperationRefusedError`."""
    answers: dict[str, str] = {}
    errors: dict[str, str] = {}
    for field in fields:
        try:
            answers[field.name] = read_answer(form, field)
        except OperationRefusedError as error:
            errors[field.name] = error.code
    return answers, errors
