"""The four attributes (氏名, 生年月日, 性別, 住所) of a signature certificate, read from the otherNames of its
subjectAltName.

The text is what the card's character set allows: characters outside it were replaced at issue, and the flags say
where. It is never corrected here; matching against the resident register is somebody else's work.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from cryptography import x509
from cryptography.hazmat import asn1

from .errors import CardError, CardReason

BASE = "1.2.392.200149.8.5.5"
NAME, NAME_FLAGS, SEX, BIRTH_DATE, ADDRESS, ADDRESS_FLAGS = (f"{BASE}.{number}" for number in range(1, 7))
MAX_CHARACTERS = 200
_BIRTH_DATE = re.compile(r"[1-5]([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)


class Sex(Enum):
    """As written on the card; both 3 and 9 are seen for "other or unknown"."""

    MALE = "1"
    FEMALE = "2"
    OTHER = "9"


_SEX = {"1": Sex.MALE, "2": Sex.FEMALE, "3": Sex.OTHER, "9": Sex.OTHER}


@dataclass(frozen=True, slots=True)
class FourAttributes:
    """What the card says about its holder. Personal data: no field shows in a repr.

    `name` has U+3000 between family and given name; `address` starts at the prefecture, without a postal code, at
    most 200 characters. The substitutes are positions (from 0) of characters that stand in for one the card cannot
    write.
    """

    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)
    address: str = field(repr=False)
    name_substitutes: tuple[int, ...] = field(repr=False)
    address_substitutes: tuple[int, ...] = field(repr=False)


def read_attributes(names: x509.SubjectAlternativeName | None) -> FourAttributes:
    """Parse the six otherNames, in any order. CardError(ATTRIBUTES) if one is missing, doubled or not understood."""
    if names is None:
        raise CardError(CardReason.ATTRIBUTES, "absent")
    values: dict[str, str] = {}
    for other in names.get_values_for_type(x509.OtherName):
        key = other.type_id.dotted_string
        if not key.startswith(BASE + "."):
            continue
        if key in values:
            raise CardError(CardReason.ATTRIBUTES, "doubled")
        values[key] = _utf8(other.value)
    return four_attributes(values)


def four_attributes(values: Mapping[str, str]) -> FourAttributes:
    """From type id to text. Whatever is not plainly right is refused: a guess here could hand over somebody's
    identity.
    """
    try:
        name, address = _text(values[NAME]), _text(values[ADDRESS])
        return FourAttributes(
            name=name,
            birth_date=_birth_date(values[BIRTH_DATE]),
            sex=_SEX[values[SEX]],
            address=address,
            name_substitutes=_positions(values[NAME_FLAGS], name),
            address_substitutes=_positions(values[ADDRESS_FLAGS], address),
        )
    except KeyError as error:
        raise CardError(CardReason.ATTRIBUTES, "missing, or an unknown sex") from error


def _utf8(der: bytes) -> str:
    try:
        return asn1.decode_der(str, der)
    except ValueError as error:
        raise CardError(CardReason.ATTRIBUTES, "not a UTF8String") from error


def _text(value: str) -> str:
    if not value.strip() or len(value) > MAX_CHARACTERS:
        raise CardError(CardReason.ATTRIBUTES, "empty or too long")
    if any(unicodedata.category(character)[0] == "C" for character in value):
        raise CardError(CardReason.ATTRIBUTES, "control character")
    return value


def _birth_date(value: str) -> date:
    """EYYYYMMDD: E is the era 1 to 5, YYYY Gregorian. Era 0, or month or day 00, mean unknown and cannot be matched."""
    match = _BIRTH_DATE.fullmatch(value)
    if match is None:
        raise CardError(CardReason.ATTRIBUTES, "birth date")
    try:
        return date(*map(int, match.groups()))
    except ValueError as error:
        raise CardError(CardReason.ATTRIBUTES, "birth date") from error


def _positions(flags: str, text: str) -> tuple[int, ...]:
    if len(flags) != len(text) or not set(flags) <= {"0", "1"}:
        raise CardError(CardReason.ATTRIBUTES, "substitute flags")
    return tuple(position for position, flag in enumerate(flags) if flag == "1")
