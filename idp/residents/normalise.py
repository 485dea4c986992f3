"""One form for names and addresses that mean the same, so that an exact match can be exact.

The register writes 一丁目2番3号, a card １丁目２－３; the register may hold 髙, a card 高. Both sides pass through here before they are
compared: Unicode's NFKC makes neither pair equal. What does not become equal here goes to a person, never to a guess.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

# Variant kanji of personal and place names -> the form compared. Only pairs that are the same character written differently.
_VARIANTS = str.maketrans(
    {
        "髙": "高", "﨑": "崎", "嵜": "崎", "碕": "崎", "邊": "辺", "邉": "辺", "齋": "斎", "齊": "斉", "濵": "浜", "濱": "浜",
        "𠮷": "吉", "澤": "沢", "廣": "広", "國": "国", "眞": "真", "德": "徳", "惠": "恵", "壽": "寿", "榮": "栄", "櫻": "桜",
        "龍": "竜", "瀧": "滝", "嶋": "島", "嶌": "島", "冨": "富", "曾": "曽", "驒": "騨", "條": "条",
        "槇": "槙", "彌": "弥", "與": "与", "萬": "万", "藏": "蔵", "圓": "円", "會": "会", "實": "実", "靜": "静", "ヶ": "ケ",
    }
)  # fmt: skip
_DIGITS = {"〇": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_KANJI_NUMBER = re.compile(r"([〇一二三四五六七八九十百]+)(?=丁目|番地|番|号|条)")
_BLOCK_WORDS = re.compile(r"(丁目|番地の|番地|番|号|の(?=\d))")


def normalise_name(name: str) -> str:
    """Without spaces, compatibility forms and variant kanji."""
    text = unicodedata.normalize("NFKC", name).translate(_VARIANTS)
    return re.sub(r"[\s・]", "", text)


def normalise_address(address: str) -> str:
    """Without spaces; kanji numerals before 丁目/番/号 as digits; 丁目, 番, 号, の and all dashes as one ``-``."""
    text = unicodedata.normalize("NFKC", address).translate(_VARIANTS)
    text = re.sub(r"\s", "", text)
    text = _KANJI_NUMBER.sub(lambda m: str(_number(m.group(1))), text)
    text = _BLOCK_WORDS.sub("-", text)
    # A long vowel mark in a building's name is a letter; a dash is one only beside a digit.
    text = re.sub(r"(?<=\d)[‐‑‒–—―−ー-]+|[‐‑‒–—―−ー-]+(?=\d)", "-", text)
    text = re.sub(r"-+", "-", text)
    return re.sub(r"-(?!\d)", "", text)


def match_parts(name: str, birth_date: date, address: str) -> tuple[str, str, str]:
    """What an exact match compares."""
    return normalise_name(name), birth_date.isoformat(), normalise_address(address)


def _number(kanji: str) -> int:
    if not any(unit in kanji for unit in "十百"):
        return int("".join(str(_DIGITS[c]) for c in kanji))
    total = current = 0
    for character in kanji:
        if character in "十百":
            total += (current or 1) * (10 if character == "十" else 100)
            current = 0
        else:
            current = _DIGITS[character]
    return total + current
