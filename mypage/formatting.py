"""How values become words on a page: localised texts, dates, days left, addresses. All are template globals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from babel.dates import format_skeleton
from flask_babel import get_locale, gettext, ngettext
from markupsafe import Markup

from idp.front.storage import clock
from idp.front.web import displayable, isolated, language

from .text import pick

Localised = Mapping[str, str]


def say(text: Localised | None) -> Markup:
    """`text` in the language of the page, else as the department wrote it and marked with that language; isolated."""
    words, spoken = pick(text, language())
    return isolated(words, None if spoken.split("-")[0] == language() else spoken)


def plain(text: Localised | None) -> str:
    """`text` without markup, for attributes and titles."""
    return displayable(pick(text, language())[0])


def foreign(text: Localised | None) -> bool:
    """Whether the department gave `text` only in another language than the page's."""
    return bool(text) and pick(text, language())[1].split("-")[0] != language()


def _in_city(value: datetime) -> datetime:
    try:
        return value.astimezone(clock.CITY_ZONE)
    except OverflowError:  # the first and the last hours of all years: nobody needs them in another zone
        return value


def _as_day(value: date | datetime | str) -> date:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return _in_city(value).date() if isinstance(value, datetime) else value


def today() -> date:
    """The date in the city."""
    return clock.now().astimezone(clock.CITY_ZONE).date()


def day(value: date | datetime | str | None) -> str:
    """A date in words, with the weekday, and the year unless it is this year: "12月1日(火)", "Tue, Dec 1"."""
    if value is None:
        return ""
    then = _as_day(value)
    skeleton = "MMMEd" if then.year == today().year else "yMMMEd"
    return format_skeleton(skeleton, then, locale=get_locale())


def moment(value: datetime | None, relative: bool = True) -> Markup:
    """A `<time>` element: date and hour, which the script turns into "3 minutes ago" if `relative`."""
    if value is None:
        return Markup("")
    there = _in_city(value)
    words = f"{day(there)} {there:%H:%M}"
    mark = Markup(" data-relative") if relative else Markup("")
    return Markup('<time datetime="{}"{}>{}</time>').format(there.isoformat(timespec="seconds"), mark, words)


def days_until(value: date | datetime | str) -> int:
    """Whole days from today to `value`; negative when past."""
    return (_as_day(value) - today()).days


def days_words(days: int) -> str:
    """Days left as a person says it."""
    if days < 0:
        return str(ngettext("%(num)s day late", "%(num)s days late", -days))
    if days <= 1:
        return str(gettext("tomorrow") if days else gettext("today"))
    return str(ngettext("%(num)s day left", "%(num)s days left", days))


def phone_link(number: str) -> str:
    """The `tel:` address of a phone number as people write it."""
    return "tel:" + "".join(c for c in number if c.isdigit() or c == "+")


def greeting(name: str) -> Markup:
    """A greeting for the hour in the city."""
    hour = clock.now().astimezone(clock.CITY_ZONE).hour
    if 4 <= hour < 11:
        said = gettext("Good morning, %(name)s")
    else:
        said = gettext("Hello, %(name)s") if hour < 18 else gettext("Good evening, %(name)s")
    return Markup("{}").format(said) % {"name": isolated(name)}


TEMPLATE_GLOBALS = (say, plain, foreign, day, moment, days_until, days_words, phone_link)
