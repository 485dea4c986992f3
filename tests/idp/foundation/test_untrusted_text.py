"""What is taken of others' texts and addresses, and what of any is shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.foundation.untrusted_text import _PERHAPS, displayable, linkable_url, plain_bytes, text_problem


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.example",
        "/my/",
        " ",
        "",
        None,
        7,
        "https://[",
        "https://[::1",
        "https://[::1]/",
        "https://[v1.x]/",
        "https://a:99999/",
        "https://a:b/",
        "https://",
        "https:a",
        "https://user@a.example/",
        "https://a.example\\@b.example/",
        "https://a℀b.example/",
        "https://аpple.example/",
        "https://a.example/\x00",
        "https://a.example/\n",
        "java\tscript:x",
        "https://a.example/\u202egpj",
        "https://a b.example/",
    ],
)
def test_what_is_no_web_address(address: object):
    assert linkable_url(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://a.example/x?y=1#z",
        "http://localhost:8001/",
        "https://a.example",
        "https://a.example/申請?q=花子",
        "HTTPS://A.example/",
    ],
)
def test_web_addresses(address: str):
    assert linkable_url(address) == address


@given(st.text(max_size=50).map(lambda text: f"https://{text}") | st.text(max_size=50))
def test_no_address_raises(address: str):
    assert linkable_url(address) in (address, None)


@pytest.mark.parametrize(
    "text",
    [
        "見本 花子",
        "髙﨑 𠮷子",
        "葛󠄀城市",
        "葛\U000e0101飾区",
        "渡邉︀",
        "ﾐﾎﾝ ﾊﾅｺ",
        "行一\n行二\t。",
        "☺️ 👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 1️⃣",
        "Việt Nam",
        "Việt".encode().decode(),
        "می‌خواهم",
        "क्‍ष",
        "ශ්‍රී",
        "مرحبا بالعالم",
        "שלום",
        "Ünïcödé",
        unicodedata.normalize("NFD", "ế が"),
        "①㈱",
        "…—“”",
    ],
)
def test_what_people_write_is_taken(text: str):
    assert text_problem(text) is None
    assert displayable(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "a\x1bb",
        "\x7f",
        "\x85",
        "\xad",
        "\ud800",
        "\ufdd0",
        "\uffff",
        "\ufeff",
        "\U000e0041",
        "\u3164",
        "\u2800",
        "a\u2028b",
        "\u200fa",
        "\u202etxt.exe",
        "\u2067a\u2069",
        "\u061c",
        "a\u200bb",
        "a\u2060b",
        "市\u200d役所",
        "city\u200chall",
        "\u200da",
        "\ufe0f",
        " \U000e0100",
        "葛\U000e0100\U000e0101",
        '"\ufe00',
        "a" + "\u0301" * 9,
    ],
)
def test_what_cannot_be_seen_is_not_taken_and_not_shown(text: str):
    assert "U+" in str(text_problem(text))
    assert text_problem(displayable(text)) is None


@given(st.text(alphabet=st.characters(), max_size=30))
def test_what_is_shown_would_be_taken(text: str):
    assert (text_problem(text) is None) == (displayable(text) == text)
    for character in displayable(text):
        assert unicodedata.bidirectional(character) not in (
            "RLO",
            "LRO",
            "RLE",
            "LRE",
            "PDF",
            "RLI",
            "LRI",
            "FSI",
            "PDI",
        )


def test_the_bytes_of_a_text_never_hide_what_is_unfit():
    """Of every character: the quick look says "perhaps" wherever the long one may find something, alone or beside others."""
    every = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    perhaps = set(_PERHAPS.findall(every))
    assert len(perhaps) > 4000
    assert not [f"U+{ord(c):04X}" for c in perhaps if plain_bytes(f"あ{c}い".encode())]


@pytest.mark.parametrize("text", ["児童手当は審査中です。", "Child allowance", "", "Пособие, ελληνικά, 아동수당, ÿ"])
def test_most_texts_need_no_long_look(text: str):
    assert plain_bytes(text.encode())
