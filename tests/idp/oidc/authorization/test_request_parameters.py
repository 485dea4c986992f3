"""Parameters are decoded exactly as the standard library does, only faster; what breaks a rule of every endpoint is refused."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idp.oidc.server.request import MAX_PARAMETERS, ParameterError, _pairs, single_parameters


@given(st.text(alphabet="ab=&+%0aE3C2;.~é ", max_size=40))
@example("a=1&&b=%E3%81%82+x&c&=&=d&e==")
@example("%zz=%&a=%f")
def test_pairs_are_those_of_the_standard_library(text: str) -> None:
    try:
        expected: object = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        expected = UnicodeDecodeError
    try:
        found: object = _pairs(text)
    except UnicodeDecodeError:
        found = UnicodeDecodeError
    assert found == expected


def test_as_many_parameters_as_allowed_and_not_one_more() -> None:
    def encoded(count: int) -> bytes:
        return "&".join(f"p{n}=v" for n in range(count)).encode()

    assert len(single_parameters(encoded(MAX_PARAMETERS))) == MAX_PARAMETERS
    with pytest.raises(ParameterError):
        single_parameters(encoded(MAX_PARAMETERS + 1))


@pytest.mark.parametrize("sent", [b"a=%ff", b"a=\xff", b"a=1&a=2", b"a=%00", b"a=" + b"x" * 4001])
def test_what_is_refused(sent: bytes) -> None:
    with pytest.raises(ParameterError):
        single_parameters(sent)
