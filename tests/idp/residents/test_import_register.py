"""Import of the register: streamed, resumable, with a reason for each line refused."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.residents.import_register import CHUNK, ImportReport, RegisterFormatError, import_register
from idp.residents.model import RegistryLink, Resident
from idp.residents.my_number import looks_like_my_number
from idp.residents.read import resident_profile, resolve_local_number, resolve_local_numbers
from tests.support.people import HEADER, LINES, register_lines
from tests.support.town import Town


def take(town: Town, lines: list[str] | Iterator[str]) -> ImportReport:
    return import_register(town.parts.database, town.parts.vault, lines)


def twelve_digits(eleven: str) -> str:
    """A number with the check digit of a My Number, made here so that none stands anywhere."""
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(d) * w for d, w in zip(eleven, weights, strict=True)) % 11
    return eleven + str(0 if rest <= 1 else 11 - rest)


def test_new_changed_same(any_town: Town) -> None:
    first = take(any_town, register_lines())
    assert (first.added, first.changed, first.same, first.refused) == (5, 0, 0, [])
    again = take(any_town, register_lines())
    assert (again.added, again.changed, again.same) == (0, 0, 5)
    moved = [HEADER, LINES["taro"].replace("北町三丁目10番5号", "中央九丁目9番9号"), LINES["hanako"]]
    third = take(any_town, moved)
    assert (third.added, third.changed, third.same) == (0, 1, 1)
    assert any_town.count(Resident) == any_town.count(RegistryLink) == 5
    assert len(any_town.events("register_imported")) == 3


def test_a_person_keeps_their_id_through_changes(town: Town) -> None:
    resident = town.resident("hanako")
    take(town, [HEADER, LINES["hanako"].replace("見本 花子", "例示 花子")])
    with town.parts.database.read() as session:
        assert resolve_local_number(session, town.parts.vault, "0000010011") == resident
        many = resolve_local_numbers(session, town.parts.vault, ["0000010011", "9999999999"])
        assert many == {"0000010011": resident}
        profile = resident_profile(session, town.parts.vault, resident)
    assert (profile.name, profile.state) == ("例示 花子", "active")
    assert profile.unified_id


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",見本 花子,ミホン ハナコ,1989-04-12,2,見本県みほん市中央1,,", "local_number is empty"),
        (
            "1,見本\u202e 花子,ミホン ハナコ,1989-04-12,2,見本県みほん市中央1,,",
            "name contains characters that cannot be seen",
        ),
        (
            "1,見本 花子,ミホン ハナコ,1989-04-12,2,見本県\u200bみほん市中央1,,",
            "address contains characters that cannot be seen",
        ),
        ("1,,ミホン ハナコ,1989-04-12,2,見本県みほん市中央1,,", "name is empty"),
        ("1,見本 花子,ミホン ハナコ,1989-04-12,2,,,", "address is empty"),
        ("1,見本 花子", "kana is empty"),
        ("1,見本 花子,ミホン ハナコ,1989-02-30,2,見本県みほん市中央1,,", "birth_date is not YYYY-MM-DD"),
        ("1,見本 花子,ミホン ハナコ,1989/04/12,2,見本県みほん市中央1,,", "birth_date is not YYYY-MM-DD"),
        ("1,見本 花子,ミホン ハナコ,19890412,2,見本県みほん市中央1,,", "birth_date is not YYYY-MM-DD"),
        ("1,見本 花子,ミホン ハナコ,1989-W15-3,2,見本県みほん市中央1,,", "birth_date is not YYYY-MM-DD"),
        ("1,見本 花子,ミホン ハナコ,H1-04-12,2,見本県みほん市中央1,,", "birth_date is not YYYY-MM-DD"),
        ("1,見本 花子,ミホン ハナコ,1989-04-12,F,見本県みほん市中央1,,", "sex must be 1, 2 or 9"),
        ("123456789012,見本 花子,ミホン ハナコ,1989-04-12,2,見本県みほん市中央1,,", "local_number"),
        ("1a,見本 花子,ミホン ハナコ,1989-04-12,2,見本県みほん市中央1,,", "local_number"),
        ("1" * 16 + ",見本 花子,ミホン ハナコ,1989-04-12,2,見本県みほん市中央1,,", "local_number"),
        ("1," + "見" * 101 + ",ミホン ハナコ,1989-04-12,2,見本県みほん市中央1,,", "too long"),
        ("0000010022,見本 花子,ミホン ハナコ,1989-04-12,2,見本県みほん市中央1,,", "appears twice"),
    ],
)
def test_a_line_that_cannot_be(shared_town: Town, line: str, reason: str) -> None:
    report = take(shared_town, [HEADER, LINES["taro"], line, LINES["midori"]])
    assert [number for number, _ in report.refused] == [3]
    assert reason in report.refused[0][1]
    assert report.added + report.same + report.changed == 2  # the others came in
    for value in ("見本 花子", "ミホン", "1989"):
        assert value not in report.refused[0][1]  # a reason names columns, never values


@pytest.mark.parametrize(
    "write",
    [
        lambda n: n,
        lambda n: f"{n[:4]}-{n[4:8]}-{n[8:]}",
        lambda n: f"{n[:4]} {n[4:8]} {n[8:]}",
        lambda n: n.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        lambda n: f"{n[:4]}－{n[4:8]}－{n[8:]}",
        lambda n: f"番号{n}です",
    ],
)
def test_a_my_number_does_not_come_in(shared_town: Town, write: object) -> None:
    number = twelve_digits("98765432101")
    for column in (LINES["jiro"].replace("東山1234番地", write(number)), LINES["jiro"] + write(number)):  # type: ignore[operator]
        report = take(shared_town, [HEADER, column])
        assert report.refused
        assert "My Number" in report.refused[0][1]
        assert number not in str(report)
    assert shared_town.events("register_imported")


@given(st.from_regex(r"[0-9]{11}", fullmatch=True))
def test_every_number_with_that_check_digit_is_recognised(eleven: str) -> None:
    number = twelve_digits(eleven)
    assert looks_like_my_number(number)
    wrong = str((int(number[11]) + 1) % 10)
    assert not looks_like_my_number(eleven + wrong)
    assert not looks_like_my_number(eleven)


@pytest.mark.parametrize("lines", [[], [""], ["a,b,c"], [HEADER.replace("kana,", "")]])
def test_a_file_that_is_none(shared_town: Town, lines: list[str]) -> None:
    with pytest.raises(RegisterFormatError, match="missing columns"):
        take(shared_town, lines)


def test_a_field_without_end_is_refused_not_a_crash(shared_town: Town) -> None:
    with pytest.raises(RegisterFormatError):
        take(shared_town, [HEADER, "1," + "x" * 200_000])


def many(count: int, broken_after: int | None = None) -> Iterator[str]:
    yield HEADER
    for n in range(count):
        if n == broken_after:
            raise OSError("the disk went away")
        yield f"{n + 1:010d},例示 {n},レイジ,1980-01-01,9,見本県みほん市中央{n}番地,,"


def test_it_streams_and_can_be_resumed(town: Town) -> None:
    with pytest.raises(OSError, match="disk"):
        take(town, many(2000, broken_after=CHUNK * 2 + 10))
    assert town.count(Resident) == CHUNK * 2  # whole chunks are in
    seen: list[int] = []
    report = import_register(town.parts.database, town.parts.vault, many(1200), seen.append)
    assert (report.added, report.same) == (1200 - CHUNK * 2, CHUNK * 2)
    assert seen == [500, 1000, 1200]
    assert town.count(Resident) == 1200


def test_quoted_fields_and_a_byte_order_mark_of_the_header(town: Town) -> None:
    line = '0000010011,"見本, 花子",ミホン ハナコ,1989-04-12,2,"見本県みほん市\n中央一丁目2番3号",,'
    report = take(town, [HEADER + "\n", *line.splitlines(keepends=True)])
    assert (report.added, report.refused) == (1, [])


def test_after_a_change_of_the_key_nobody_is_there_twice(sqlite_url: str) -> None:
    """`old_secret_keys`: rows sealed before are found, and found again by the next import and the next claim."""
    with Town(sqlite_url) as town:
        take(town, register_lines())
    new = base64.urlsafe_b64encode(os.urandom(32)).decode()
    from idp.foundation.settings import DEMO_SECRET

    with Town(sqlite_url, secret_key=new, old_secret_keys=(DEMO_SECRET,)) as town:
        report = take(town, register_lines())
        assert (report.added, report.same) == (0, 5)
        assert town.count(Resident) == 5
        assert town.resident("hanako")
        moved = LINES["taro"].replace("北町三丁目10番5号", "中央九丁目9番9号")
        assert take(town, [HEADER, moved]).changed == 1
        assert take(town, [HEADER, moved]).same == 1


def test_names_do_not_lie_open(town: Town) -> None:
    take(town, register_lines())
    for row in town.rows(Resident):
        assert "見本".encode() not in row.attributes
