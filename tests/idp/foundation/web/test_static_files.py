"""Style sheets as they are served: a folder of them is one, and a page asks for few."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import idp
from tests.support.town import Town

FOLDER = Path(str(idp.__file__)).parent / "foundation/web/static/machi"


def test_a_folder_is_served_as_one_sheet(shared_town: Town) -> None:
    browser = shared_town.browser()
    start = browser.get(browser.get("/signin").location).text
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', start)
    assert len(sheets) == 2
    assert "/static/shell/machi.css?v=" in sheets[0]
    answer = browser.get(sheets[0])
    assert (answer.status_code, answer.content_type) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["Cache-Control"]
    assert [answer.text.count(f.read_text("utf-8").strip()) for f in FOLDER.iterdir()] == [1] * 12
    assert answer.text.index("@layer tokens, base, layout, components, pages;") < answer.text.index("{")
    again = browser.get(sheets[0], headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "shell/img.css",
        "shell/none.css",
        "shell/../machi.css",
        "shell/..%2f..%2fstatic/machi.css",
        "none/machi.css",
        "shell/machi",
    ],
)
def test_nothing_else_is(shared_town: Town, path: str) -> None:
    assert shared_town.browser().get(f"/static/{path}").status_code == 404


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.css")), ids=lambda path: path.name)
def test_a_part_is_small_and_in_a_layer(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) < 200
    assert re.search(r"^@layer \w+ \{", text, re.MULTILINE)
    assert text.count("{") == text.count("}")
