"""Values in words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from mypage import formatting


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    app = Flask("words")
    Babel(app)
    monkeypatch.setattr(formatting, "language", lambda: "en")
    return app


def test_text_in_another_language_is_marked_and_escaped(app: Flask) -> None:
    with app.test_request_context():
        assert formatting.say({"ja": "<b>書類</b>"}) == '<bdi lang="ja">&lt;b&gt;書類&lt;/b&gt;</bdi>'
        assert formatting.say({"ja": "書類", "en": "A & B"}) == "<bdi>A &amp; B</bdi>"
        assert formatting.say({"en-GB": "Colour", "ja": "色"}) == "<bdi>Colour</bdi>"
        assert formatting.say(None) == ""
        assert formatting.foreign({"ja": "書類"})
        assert not formatting.foreign({"en-GB": "Colour"})
        assert not formatting.foreign({})


def test_a_date_names_its_year_only_when_it_is_another(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        this_year, last_year = formatting.today(), formatting.today() - timedelta(days=400)
        assert str(this_year.year) not in formatting.day(this_year)
        assert str(last_year.year) in formatting.day(last_year)
        assert formatting.day(None) == ""
    with app.test_request_context(), force_locale("ja"):
        assert formatting.day(date(2020, 12, 1)) == "2020年12月1日(火)"
        assert formatting.day("2020-12-01T20:00:00+00:00") == "2020年12月2日(水)"  # the day in the city


@pytest.mark.parametrize(
    ("days", "words"),
    [(-2, "2 days late"), (-1, "1 day late"), (0, "today"), (1, "tomorrow"), (2, "2 days left")],
)
def test_days_left_as_people_say_them(app: Flask, days: int, words: str) -> None:
    with app.test_request_context():
        assert formatting.days_words(days) == words


def test_a_phone_number_can_be_dialled() -> None:
    assert formatting.phone_link("(000) 000-0000 内線 1") == "tel:00000000001"
    assert formatting.phone_link("+81 00-0000") == "tel:+81000000"
