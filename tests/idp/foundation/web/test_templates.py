"""Conventions that every template keeps: nothing the content policy would block, forms that carry their token, translated words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

PACKAGES = ("idp", "mypage")
TEMPLATES = sorted(path for package in PACKAGES for path in Path(package).rglob("templates/**/*.html"))
STYLES = sorted(path for package in PACKAGES for path in Path(package).rglob("static/**/*.css"))
SCRIPTS = sorted(path for package in PACKAGES for path in Path(package).rglob("static/**/*.js"))
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "N_": None}

BLOCKED = {
    "inline style": re.compile(r"\sstyle\s*="),
    "inline handler": re.compile(r"\son[a-z]+\s*="),
    "inline script": re.compile(r"<script(?![^>]*\ssrc=)"),
    "style element": re.compile(r"<style"),
    "fetched from elsewhere": re.compile(r"(?:src|href)=\"(?:https?:)?//"),
    "picture without words": re.compile(r"<img(?![^>]*\salt=)"),
}


def markup(path: Path) -> str:
    return re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_a_template_holds_nothing_that_the_content_policy_blocks(path: Path) -> None:
    found = [name for name, pattern in BLOCKED.items() if pattern.search(markup(path))]
    assert found == []


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_every_form_that_changes_something_carries_the_token(path: Path) -> None:
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", markup(path), re.DOTALL):
        # A form that leaves for another site (an app, the card reader) must not give our token away.
        leaves = 'action="{{ action }}"' in form
        assert ("csrf_field()" in form) is not leaves, form


@pytest.mark.parametrize("path", STYLES, ids=str)
def test_a_style_sheet_fetches_nothing(path: Path) -> None:
    assert not re.search(r"@import|url\(", path.read_text())


@pytest.mark.parametrize("path", SCRIPTS, ids=str)
def test_a_script_neither_evaluates_text_nor_speaks(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\beval\(|new Function|document\.write|insertAdjacentHTML", text)
    code = re.sub(r"//[^\n]*", "", text)
    assert not re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", code), (
        "words belong into templates, where they are translated"
    )


# The extractor takes a key inside `gettext(TEXTS[params["outcome"]])` for a text.
NOT_TEXTS = {"outcome"}


def catalogue(package: str) -> Catalog:
    with Path(f"{package}/translations/ja/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="ja")


def messages(package: str) -> Iterator[tuple[str, str]]:
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    for file, _line, message, _comments, _context in extract_from_dir(package, methods, keywords=KEYWORDS):
        text = message if isinstance(message, str) else message[0]
        if text not in NOT_TEXTS:
            yield text, file


@pytest.fixture(scope="module")
def japanese() -> Catalog:
    """All texts of the product together, as a page sees them."""
    whole = Catalog(locale="ja")
    for package in PACKAGES:
        for message in catalogue(package):
            if message.id:
                whole.add(message.id, message.string, flags=message.flags)
    return whole


@pytest.mark.parametrize("package", PACKAGES)
def test_every_text_of_a_page_exists_in_japanese(package: str, japanese: Catalog) -> None:
    missing = [(text, file) for text, file in messages(package) if not (japanese.get(text) and japanese[text].string)]
    assert missing == []


def test_the_provider_alone_has_its_texts_in_japanese() -> None:
    """They do not lie in the catalogue of the pages above it."""
    own = catalogue("idp")
    assert sorted({text for text, _ in messages("idp") if text not in own}) == []


def test_the_two_catalogues_agree_where_they_share_a_text() -> None:
    ours, theirs = (catalogue(package) for package in PACKAGES)
    assert [m.id for m in ours if m.id and m.id in theirs and m.string != theirs[m.id].string] == []


def test_a_translation_keeps_the_names_of_its_placeholders(japanese: Catalog) -> None:
    for message in japanese:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = set(re.findall(r"%\((\w+)\)", ids[-1]))
        for string in strings:
            assert set(re.findall(r"%\((\w+)\)", string)) == wanted, message.id
