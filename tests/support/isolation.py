"""Whether others' words on a page stand in an element of their own (`<bdi>`)."""

from __future__ import annotations

from html.parser import HTMLParser

ALONE = {"bdi", "title", "script", "style", "textarea"}


class _Reader(HTMLParser):
    def __init__(self, mark: str) -> None:
        super().__init__()
        self._mark, self._open, self.loose = mark, [""], []  # type: ignore[var-annotated]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ALONE:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._mark in data and len(self._open) == 1:
            self.loose.append(data)


def loose_words(page: str, mark: str) -> list[str]:
    """Texts of `page` that hold `mark` and run together with ours."""
    reader = _Reader(mark)
    reader.feed(page)
    return reader.loose
