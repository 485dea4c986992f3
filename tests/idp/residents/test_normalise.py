"""One form for names and addresses that mean the same; different ones stay different."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.residents.normalise import normalise_address, normalise_name

SAME_NAME = [
    ("見本 花子", "見本\u3000花子"),
    ("見本花子", " 見 本 花 子 "),
    ("髙橋 例", "高橋 例"),
    ("山﨑 例", "山崎 例"),
    ("渡邊 例", "渡辺 例"),
    ("渡邉 例", "渡辺 例"),
    ("齋藤 例", "斎藤 例"),
    ("𠮷田 例", "吉田 例"),
    ("濵田 例", "浜田 例"),
    ("ﾐﾎﾝ ﾊﾅｺ", "ミホン ハナコ"),
    ("ＭＩＨＯＮ　ＨＡＮＡＫＯ", "MIHON HANAKO"),
    ("マリア・見本", "マリア 見本"),
    ("か\u3099", "が"),
]
SAME_ADDRESS = [
    ("見本県みほん市中央一丁目2番3号", "見本県みほん市中央１丁目２－３"),
    ("見本県みほん市北町三丁目10番5号", "見本県みほん市北町３丁目１０－５"),
    ("見本県みほん市港二丁目7番1号コーポ例203", "見本県みほん市港２丁目７－１\u3000コーポ例２０３"),
    ("見本県みほん市東山1234番地", "見本県みほん市東山１２３４番地"),
    ("見本県みほん市東山一二三四番地", "見本県みほん市東山1234"),
    ("見本県みほん市緑ヶ丘5番地の12", "見本県みほん市緑ヶ丘５番地の１２"),
    ("見本県みほん市緑ヶ丘5番地の12", "見本県みほん市緑ケ丘5-12"),
    ("見本県みほん市中央1-2-3", "見本県みほん市中央1‐2―3"),
    ("見本県みほん市中央1-2-3", "見本県みほん市中央１ー２ー３"),
    ("見本県みほん市中央十丁目二十一番三号", "見本県みほん市中央10-21-3"),
    ("見本県みほん市中央二十丁目百五番地", "見本県みほん市中央20丁目105"),
]
DIFFERENT = [
    ("見本県みほん市中央1丁目23番4号", "見本県みほん市中央1丁目2番34号"),
    ("見本県みほん市中央12丁目3番", "見本県みほん市中央1丁目23番"),
    ("見本県みほん市中央1-2-3", "見本県みほん市中央1-2"),
    ("見本県みほん市中央1-2-3 101", "見本県みほん市中央1-2-3 102"),
    ("見本県みほん市中央一丁目", "見本県みほん市中央二丁目"),
    ("見本県みほん市三条町1", "見本県みほん市二条町1"),
    ("見本県みほん市中央1", "見本県みほん市北町1"),
]


@pytest.mark.parametrize(("one", "other"), SAME_NAME)
def test_the_same_name(one: str, other: str) -> None:
    assert normalise_name(one) == normalise_name(other)


@pytest.mark.parametrize(("one", "other"), SAME_ADDRESS)
def test_the_same_address(one: str, other: str) -> None:
    assert normalise_address(one) == normalise_address(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_address(one: str, other: str) -> None:
    assert normalise_address(one) != normalise_address(other)


def test_other_names() -> None:
    assert normalise_name("見本 花子") != normalise_name("見本 花")
    assert normalise_name("太田 例") != normalise_name("大田 例")


def kanji(number: int) -> str:
    digits = "〇一二三四五六七八九"
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = ("百" if hundreds == 1 else digits[hundreds] + "百") if hundreds else ""
    text += ("十" if tens == 1 else digits[tens] + "十") if tens else ""
    return text + (digits[ones] if ones else "") or "〇"


@given(
    st.integers(1, 999), st.integers(1, 999), st.integers(1, 999), st.sampled_from(["中央", "緑ヶ丘", "北町", "三条"])
)
def test_every_way_of_writing_numbers_is_one(a: int, b: int, c: int, town: str) -> None:
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    ways = [
        f"見本県みほん市{town}{a}丁目{b}番{c}号",
        f"見本県みほん市{town}{kanji(a)}丁目{kanji(b)}番{kanji(c)}号",
        f"見本県みほん市{town}{a}-{b}-{c}",
        f"見本県みほん市{town}{a}丁目{b}番地の{c}",
        f"見本県みほん市{town} {a}丁目{b}−{c}".translate(wide),
    ]
    if town == "三条":  # 三条 before a numeral is read as the number it is, in every spelling alike
        ways = [w for w in ways if "三条" + str(a) in w or "三条" in w]
    assert len({normalise_address(w) for w in ways}) == 1


@given(st.integers(1, 99), st.integers(1, 99), st.text(alphabet="あいうコーポ例ハイツ 0123456789", max_size=12))
def test_normalising_again_changes_nothing(a: int, b: int, building: str) -> None:
    once = normalise_address(f"見本県みほん市中央{a}丁目{b}番{building}")
    assert normalise_address(once) == once


@given(st.text(max_size=40))
def test_any_text_can_be_normalised(text: str) -> None:
    normalise_address(text)
    name = normalise_name(text)
    assert " " not in name
    assert "\u3000" not in name
