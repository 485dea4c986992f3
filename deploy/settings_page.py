"""docs/settings.md, made from the fields and docstrings of `idp/foundation/settings.py`.

`python -m deploy.settings_page` writes it, `--check` ends with 1 when the page on disk is not the one it would write.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from idp.foundation.settings import Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

HEAD = """\
# Settings

Every setting is an environment variable, read once at start. A wrong value ends the start with one line that names the
variable. With `MACHI_DEMO` off, an insecure value (the built-in key, an http issuer or card reader, test card roots) does too.
Lists are separated by spaces or commas. Booleans are `1`/`0` or `true`/`false`.

This page is made from `idp/foundation/settings.py` by `python -m deploy.settings_page`; a test holds it to that.

"""


def page() -> str:
    """The whole page, in the order of the fields."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    rows += [_row(name, field) for name, field in Settings.model_fields.items()]
    return HEAD + "\n".join(rows) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    meaning = " ".join((field.description or "").split())
    if limits := _limits(field.metadata):
        meaning += f" ({limits})"
    return f"| `MACHI_{name.upper()}` | {_default(name, field)} | {meaning.replace('|', chr(92) + '|')} |"


def _default(name: str, field: FieldInfo) -> str:
    if not field.repr:
        return "the demo key" if name == "secret_key" else "none"
    if field.default_factory is not None:
        return "see there"  # it depends on the machine
    value = field.get_default()
    if value in (None, "", ()):
        return "none"
    return f"`{int(value) if isinstance(value, bool) else value}`"


def _limits(metadata: list[Any]) -> str:
    found = {name: getattr(rule, name) for rule in metadata for name in ("ge", "le") if hasattr(rule, name)}
    if "ge" in found and "le" in found:
        return f"{found['ge']} to {found['le']}"
    return f"at least {found['ge']}" if "ge" in found else f"at most {found['le']}" if "le" in found else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.settings_page")
    parser.add_argument("--check", action="store_true")
    wanted = page()
    if not parser.parse_args().check:
        PAGE.write_text(wanted, "utf-8")
        return 0
    if PAGE.read_text("utf-8") != wanted:
        print("docs/settings.md is not current; run `python -m deploy.settings_page`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
