"""What follows from the values of the register."""

from __future__ import annotations

import pytest

from idp.residents.attributes import Attributes


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("見本 花子", ("見本", "花子")),
        ("例示\u3000たろう", ("例示", "たろう")),
        ("葛\U000e0100城 〆子", ("葛\U000e0100城", "〆子")),
        ("見本花子", (None, None)),
        ("見本 花 子", (None, None)),
        ("見本  花子", (None, None)),
        ("SMITH JOHN", (None, None)),
        ("スミス・見本 ジョン", ("スミス・見本", "ジョン")),
        ("", (None, None)),
    ],
)
def test_a_name_is_taken_apart_only_where_its_parts_are_plain(name: str, parts: tuple[str | None, str | None]):
    assert Attributes(name, "", "1989-04-12", "9", "").family_and_given == parts
