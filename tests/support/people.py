"""The fictional residents of みほん市, as the register writes them. Nobody here exists."""

from __future__ import annotations

HEADER = "local_number,name,kana,birth_date,sex,address,email,phone"
LINES = {
    "hanako": "0000010011,見本 花子,ミホン ハナコ,1989-04-12,2,見本県みほん市中央一丁目2番3号,hanako@mihon.example,",
    "taro": "0000010022,例示 太郎,レイジ タロウ,1957-09-30,1,見本県みほん市北町三丁目10番5号,,",
    "midori": "0000010033,仮名 みどり,カリナ ミドリ,1996-02-29,2,見本県みほん市港二丁目7番1号コーポ例203,midori@mihon.example,",
    "jiro": "0000010044,試験 次郎,シケン ジロウ,1978-12-01,1,見本県みほん市東山1234番地,,",
    "hikari": "0000010055,架空 ひかり,カクウ ヒカリ,2003-07-07,2,見本県みほん市緑ヶ丘5番地の12,,",
}
LOCAL_NUMBERS = {key: line.split(",")[0] for key, line in LINES.items()}
BIRTH_DATES = {key: line.split(",")[3] for key, line in LINES.items()}


def register_lines(*keys: str) -> list[str]:
    """A register extract with these people (all of them without arguments)."""
    return [HEADER, *(LINES[key] for key in (keys or LINES))]
