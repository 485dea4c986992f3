"""Values that a JSON Schema (2020-12, as this product publishes them) allows, with the worst that its strings allow."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

ODD = [
    "書類",
    "Child allowance",
    "<b>&amp;</b>",
    "{{ 7 * 7 }}",
    "%(name)s %s %",
    "'\"`",
    "]]></script><script>x</script>",
    "a\r\nb: c\t",
    "\\u0000",
    "葛\U000e0100城市",
    "👩‍👩‍👧‍👦",
    "مرحبا",
    'שלום "',
    "می‌خواهم",
    "x" * 64,
    "\x20\u3000",
    "-",
    "0",
    "../../etc",
    "?a=b&c=d#e",
    "%00",
    "\u00a0",
    "ﷺ" * 30,
]
"""What an office may send."""
WORSE = [
    "\x00",
    "\x1b[2J",
    "\x85",
    "\ud800",
    "\udc00x",
    "\u202etxt.exe",
    "\u2067",
    "a\u200bb",
    "\ufeff",
    "\uffff",
    "\U000e0041",
    "a" + "\u0301" * 40,
    "x" * 100_000,
    "",
    "\ufe0f",
]
"""What nobody may."""
DATES = [
    "2026-05-11",
    "1900-01-01",
    "2199-12-31",
    "2028-02-29",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "2026-13-01",
    "tomorrow",
    "-1",
    "",
]
TIMES = [
    "2026-05-11T09:30:00+09:00",
    "1900-01-01T00:00:00+23:59",
    "2199-12-31T23:59:59.999999999-23:59",
    "2026-05-11t09:30:00z",
    "2026-05-11T24:00:00Z",
    "2026-06-30T23:59:60Z",
    "2026-05-11T09:30:00+99:99",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-05-11",
    "2026-05-11T09:30:00",
    "",
]
URLS = [
    "https://a.example/x?y=z",
    "http://localhost:8001/",
    "https://a.example/申請",
    "https://[",
    "https://[::1",
    "https://[::1]:x/",
    "https://[v7.x]/",
    "https://a:99999/",
    "https://a:/",
    "https://a℀b/",
    "https://a@b/",
    "javascript:x",
    "https://a.example/\u202e",
    "https://a.example/\x00",
    "https://" + "a" * 3000,
    "https://%",
    "https://xn--/",
    "https://a.example/%zz",
    "//a",
    "",
]
TAGS = [
    "en",
    "en-GB",
    "zh-Hans-CN",
    "vi",
    "abc",
    "x",
    "EN",
    "en_US",
    "en-",
    "zz-zzzzzzzzz",
    "\x00",
    "iw",
    "i-klingon",
    "",
]


def instances(
    schema: dict[str, Any], worse: bool, fixed: dict[str, st.SearchStrategy[Any]] | None = None
) -> st.SearchStrategy[Any]:
    """`worse`: strings also break the schema and what it says of them. `fixed`: strategies for members of that name."""
    return _Maker(schema.get("$defs", {}), worse, fixed or {}).of(schema)


class _Maker:
    def __init__(self, defs: dict[str, Any], worse: bool, fixed: dict[str, st.SearchStrategy[Any]]) -> None:
        self._defs, self._worse, self._fixed = defs, worse, fixed

    def of(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        if "$ref" in schema:
            return self.of(self._defs[schema["$ref"].rsplit("/", 1)[1]])
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return st.one_of([self.of(kind) for kind in schema[union]])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        made: st.SearchStrategy[Any] = getattr(self, "_" + schema["type"])(schema)
        return made

    def _null(self, _schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        return st.none()

    def _boolean(self, _schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        return st.booleans()

    def _integer(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        allowed = st.integers(schema.get("minimum"), schema.get("maximum"))
        return allowed | st.sampled_from([-1, 2**63, 1e308]) if self._worse else allowed

    def _array(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        return st.lists(self.of(schema["items"]), max_size=3)

    def _object(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        if "properties" not in schema:
            return self._languages(schema)
        members = {
            name: self._fixed[name] if name in self._fixed else self.of(member)
            for name, member in schema["properties"].items()
        }
        must = [name for name in members if name in schema.get("required", ()) or name in self._fixed]
        return st.fixed_dictionaries(
            {name: members[name] for name in must}, optional={n: s for n, s in members.items() if n not in must}
        )

    def _languages(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        tag = schema["propertyNames"]["pattern"]
        tags = [t for t in TAGS if self._worse or re.search(tag, t)]
        text = self.of(schema["additionalProperties"])
        return st.builds(
            lambda ja, more: {**more, "ja": ja}, text, st.dictionaries(st.sampled_from(tags), text, max_size=3)
        )

    def _string(self, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
        pattern = schema.get("pattern", "")
        named = DATES if schema.get("format") == "date" else TIMES if schema.get("format") == "date-time" else URLS
        if not (schema.get("format") or "https?" in pattern):
            named = [*ODD, *WORSE]
        allowed = [text for text in named if self._fits(schema, text)]
        fit: st.SearchStrategy[str] = st.sampled_from(allowed) if allowed else st.from_regex(pattern, fullmatch=True)
        return fit | st.sampled_from(named) if self._worse else fit

    def _fits(self, schema: dict[str, Any], text: str) -> bool:
        return (
            text not in WORSE
            and schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", 10**6)
            and re.search(schema.get("pattern", ""), text) is not None
            and ("format" not in schema or _is_time(text))
        )


def _is_time(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text.upper()))
    except ValueError:
        return False
