"""The fictional residents of the demonstration, as a department has them on file."""

from __future__ import annotations

from .seed import Person

PEOPLE = {
    "hanako": Person(name="見本 花子", birthdate="1989-04-12", address="見本県みほん市中央一丁目2番3号"),
    "taro": Person(name="例示 太郎", birthdate="1957-09-30", address="見本県みほん市北町三丁目10番5号"),
    "midori": Person(name="仮名 みどり", birthdate="1996-02-29", address="見本県みほん市港二丁目7番1号コーポ例203"),
}
