"""What `make demo` prints when everything runs."""

from __future__ import annotations

from .city import APPS, STAFF_PASSWORD, Place

CARDS = "見本 花子 hanako / 例示 太郎 taro / 仮名 みどり midori"


def guide(place: Place, desk_link: str | None, seconds: float) -> str:
    """Where to go and how to get in; `desk_link` is None once somebody has a passkey for the desk."""
    apps = [(app.department[1], place.base_url(app)) for app in APPS]
    desk = (
        ("open the link once and make a passkey; good for a day", desk_link)
        if desk_link
        else ("with the passkey that was made for it", f"{place.issuer}/desk/")
    )
    lines = [
        "",
        "みほん市 まちID / Machi ID demo, a fictional city",
        "",
        "住民 Residents",
        *_column([(f"{place.issuer}/my/", "my page"), *((f"{url}/", name) for name, url in apps)]),
        '  Sign in with "My Number Card", PIN 1234; the first time also the signature password ABC123.',
        f"  Test cards: {CARDS}",
        "",
        "窓口 Back offices of the departments",
        *_column([(f"{url}/staff", f"{name}: any name, password {STAFF_PASSWORD}") for name, url in apps]),
        "",
        f"管理者 The city's administrator: {desk[0]}",
        f"  {desk[1]}",
        "",
        f"Logs: {place.logs}",
        f"Ready in {seconds:.1f} s. Ctrl-C ends it and keeps its data; `make demo-reset` starts over.",
    ]
    return "\n".join(lines)


def _column(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(left) for left, _ in rows) + 2
    return [f"  {left:{width}}{right}" for left, right in rows]
