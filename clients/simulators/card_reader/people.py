"""Who the test cards belong to. All of them are invented, like their city, みほん市."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

_JAPAN = timezone(timedelta(hours=9))
_ERAS = ((date(2019, 5, 1), "5"), (date(1989, 1, 8), "4"), (date(1926, 12, 25), "3"), (date(1912, 7, 30), "2"))


@dataclass(frozen=True, slots=True)
class Holder:
    """One person as written on a card: U+3000 in the name, full-width digits in the address."""

    name: str
    birth_date: date
    sex: str
    address: str

    @property
    def era_date(self) -> str:
        """EYYYYMMDD with a Gregorian year, as in the signature certificate."""
        era = next((digit for start, digit in _ERAS if self.birth_date >= start), "1")
        return f"{era}{self.birth_date:%Y%m%d}"

    def fifth_birthday(self, issued: datetime) -> datetime:
        """The end of the fifth birthday after `issued`, in Japan: when both certificates of a card end."""
        day = issued.astimezone(_JAPAN).date()
        passed = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        month, last = self.birth_date.month, self.birth_date.day
        if (month, last) == (2, 29):
            last = 28
        return datetime(day.year + (5 if passed else 4), month, last, 23, 59, 59, tzinfo=_JAPAN)


HANAKO = Holder("見本\u3000花子", date(1989, 4, 12), "2", "見本県みほん市中央１丁目２－３")
TARO = Holder("例示\u3000太郎", date(1957, 9, 30), "1", "見本県みほん市北町３丁目１０－５")
MIDORI = Holder("仮名\u3000みどり", date(1996, 2, 29), "2", "見本県みほん市港２丁目７－１\u3000コーポ例２０３")
JIRO = Holder("試験\u3000次郎", date(1978, 12, 1), "1", "見本県みほん市東山１２３４番地")
HIKARI = Holder("架空\u3000ひかり", date(2003, 7, 7), "2", "見本県みほん市緑ヶ丘５番地の１２")
OUTSIDER = Holder("市外\u3000そと", date(1990, 1, 1), "1", "見本県となり市本町１－１")
HOLD = Holder("保留\u3000中", date(1970, 5, 5), "1", "見本県みほん市西町４丁目４－４")


@dataclass(frozen=True, slots=True)
class Entry:
    """One card of the deck: its key, whose it is, and what is wrong with it ("good" if nothing)."""

    key: str
    holder: Holder
    condition: str = "good"


ENTRIES = (
    Entry("hanako", HANAKO),
    Entry("taro", TARO),
    Entry("midori", MIDORI),
    Entry("jiro", JIRO, "revoked"),
    Entry("hikari", HIKARI, "expired"),
    Entry("outsider", OUTSIDER, "outsider"),
    Entry("hold", HOLD, "hold"),
    Entry("selfsigned", HANAKO, "selfsigned"),
    Entry("wrong-ca", HANAKO, "wrong-ca"),
)
BY_KEY = {entry.key: entry for entry in ENTRIES}
