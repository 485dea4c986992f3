"""What a comment rests on can be looked up: a specification or law by name, or a page that is in the repository."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# What may stand before a paragraph sign, as its last word. "RFC 6749" ends in its number, as "OIDC Discovery 1.0" does.
SPECIFICATIONS = re.compile(
    r"""(?: RFC \s \d+ \)? | [A-Z][\w-]*[\w ]* \s \d\.\d | (?:Level|Part) \s \d | T\.81\) | 15948\) | GIF89a | UTS \s \#39
        | NIST \s SP \s 800-[\w]+ | 番号法総務省令 | WebAuthn | Fetch | WHATWG \s HTML | OpenAPI \s 3\.1
        | CloudEvents(?:\s JSON \s format)? | HTTP \s binding | SSF | CAEP | RISC | CAEP \s Interop | JARM | (?:FAPI-)?CIBA
        | Core | Discovery | Registration | Management | Profile | Types | Mode | Signing | [Ll]ogout(?:\s 1\.0)?
        ) $""",
    re.VERBOSE,
)
NAMED = re.compile(
    r"RFC \d+|OIDC|OpenID|OAuth|FAPI|CIBA|JARM|SSF|CAEP|RISC|WebAuthn|Logout|NIST|CloudEvents|Form Post|Multiple Response"
)
# Of a list or span of paragraphs only the first needs a name.
GOES_ON = re.compile(r"^[A-Z\d.]+(?: step \d+)?[,;)]? ?(?:and |to |or )?$")
PAGES = re.compile(r"(?<![\w/.*>-])(?:[\w.-]+/)*[\w-]+\.(?:md|py|html|js)\b")


@cache
def _tracked() -> tuple[str, ...]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(listed.stdout.split())


def _prose(path: Path) -> tuple[str, list[str]]:
    """The docstring of a module, and each docstring and block of comments of it."""
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    strings = [
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    blocks, last = list[str](), -2
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            words = token.string.lstrip("# ")
            if token.start[0] == last + 1 and blocks:
                blocks[-1] += " " + words
            else:
                blocks.append(words)
            last = token.start[0]
    return ast.get_docstring(tree) or "", [" ".join(s.split()) for s in strings] + blocks


def unfounded(prose: str, about: str = "") -> list[str]:
    """Citations in `prose` that nobody can look up. `about`: the module's docstring, which may name the one specification."""
    found, parts = list[str](), prose.split("§")
    for n, before in enumerate(parts[:-1]):
        if n and GOES_ON.match(before):
            continue
        name = before.rstrip()
        bare = not name or name[-1] in "(;:,`\"'" or name.split()[-1] in ("as", "of", "with")
        if not (NAMED.search(about) if bare else SPECIFICATIONS.search(name)):
            found.append(f"{before[-30:]}§{prose.split('§')[n + 1][:6]}")
    for match in PAGES.finditer(prose):
        if not any(name == match[0] or name.endswith(f"/{match[0]}") for name in _tracked()):
            found.append(match[0])
    return found


@pytest.mark.parametrize(
    "comment",
    [
        "Both in one reading (facts §7.3).",
        "Facts §7.5: no leak.",
        "See identity.md.",
        "(design/house.md)",
        "As the plan §2 says.",
    ],
)
def test_what_is_not_here_is_found(comment: str) -> None:
    assert unfounded(comment, "Cards.")


def test_every_citation_can_be_looked_up() -> None:
    wrong = []
    for name in _tracked():
        if name.endswith(".py"):
            about, blocks = _prose(ROOT / name)
            wrong += [f"{name}: {cited}" for block in blocks for cited in unfounded(block, about)]
    assert wrong == [], "\n".join(wrong)
