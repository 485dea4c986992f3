"""The house rules that no type checker knows, each as a test that walks the code, the tables or the routes."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import idp.tables
import mypage.install
from idp.foundation.database import Base
from idp.foundation.setting_names import PREFIX, check_names
from idp.foundation.settings import Settings
from idp.foundation.web.callers import caller_of, undeclared
from tests.support.town import Town

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("idp", "mypage", "machi_id", "clients")
VIEW_FILES = ("pages.py", "_pages.py", "api.py")

assert idp.tables
assert mypage


def sources(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


def calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node


def test_every_route_declares_its_caller(town: Town) -> None:
    """authentik CVE-2026-55106."""
    assert undeclared(town.app) == []
    for rule in town.app.url_map.iter_rules():
        assert caller_of(town.app, rule.endpoint) is not None, rule


def test_every_variable_that_code_reads_is_known_to_the_check_of_names() -> None:
    """One that only the code knows would end the start of whoever sets it."""
    known = {f.upper() for f in Settings.model_fields}
    texts = {
        node.value
        for _, tree in sources("idp", "mypage", "machi_id")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for name in sorted(texts):
        if re.fullmatch(r"MACHI_[A-Z_]+", name) and name != PREFIX:
            check_names({name: "x"}, known)


def test_every_jwt_decode_names_its_algorithms() -> None:
    for path, tree in sources():
        for call in calls(tree, "decode"):
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(owner, ast.Name) and owner.id == "jwt":
                assert any(k.arg == "algorithms" for k in call.keywords), f"{path}:{call.lineno}"


# Where a JWT of another party is opened: the provider's one verifier, and the kit's, which departments lift out.
VERIFIERS = {"idp/oidc/jose/verify.py", "clients/kit/signed.py"}
# Beside them these know PyJWT for keys or for making JWTs of their own.
KNOW_JWT = VERIFIERS | {"idp/oidc/jose/public_keys.py", "idp/oidc/jose/key_algorithms.py"}
_OPENS = {
    "decode",
    "decode_complete",
    "get_unverified_header",
    "verify_signature",
    "PyJWS",
    "PyJWT",
    "api_jws",
    "api_jwt",
}
# `alg` of an ID token that was verified before, for `at_hash`.
KIT_READS_HEADERS = {"clients/kit/idtoken.py"}
_OTHER_JOSE = ("joserfc.jws", "joserfc.jwt", "authlib.jose")


def _imports(tree: ast.Module) -> Iterator[str]:
    """Every absolute module and name that a file imports, in full."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


# Where Authlib is built upon: its errors in one module, the server, its request, its endpoint and grant, what it asks of a client, and
# its flows. Everything else builds on these.
KNOW_AUTHLIB = {
    "idp/oidc/errors.py",
    "idp/oidc/clients/clients.py",
    "idp/oidc/server/provider.py",
    "idp/oidc/server/request.py",
    "idp/oidc/flows/flow.py",
    "idp/oidc/client_auth/reason.py",
    "idp/oidc/authorization/code_flows.py",
}


def test_authlib_is_built_upon_in_few_places_and_its_types_are_known_there() -> None:
    knowing = {
        str(path.relative_to(ROOT))
        for path, tree in sources("idp", "mypage", "machi_id")
        if any(name.startswith("authlib") for name in _imports(tree))
    }
    assert knowing == KNOW_AUTHLIB
    for path, _ in sources("idp", "mypage", "machi_id"):
        assert not re.search(r"^class .*# type: ignore", path.read_text("utf-8"), re.M), path


def _opens_jwts(tree: ast.Module) -> bool:
    names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "jwt"}
    names |= {name.rpartition(".")[2] for name in _imports(tree) if name.startswith("jwt.")}
    return bool(names & _OPENS) or any(name.startswith(_OTHER_JOSE) for name in _imports(tree))


def test_jwts_of_others_are_opened_by_the_one_verifier() -> None:
    """Five places once had five rules: a sixth must not come without the rule book."""
    opening = {str(path.relative_to(ROOT)) for path, tree in sources() if _opens_jwts(tree)}
    assert opening - KIT_READS_HEADERS == VERIFIERS
    knowing = {
        str(path.relative_to(ROOT))
        for path, tree in sources("idp", "mypage", "machi_id")
        if any(name.partition(".")[0] == "jwt" for name in _imports(tree))
    }
    assert knowing == KNOW_JWT - {"clients/kit/signed.py"}


def test_the_lowest_room_of_the_protocol_imports_nothing_above_it() -> None:
    for path in sorted((ROOT / "idp/oidc/jose").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level > 1:
                room = (node.level, (node.module or "").partition(".")[0])
                assert room in ((3, "foundation"), (3, "audit")), f"{path}:{node.lineno}"


def test_every_place_of_a_rule_book_is_in_the_table_of_places() -> None:
    """`tests/idp/oidc/jose/test_places.py` sends every fault to every place."""
    from tests.support.jwt_places import PLACES

    books = [
        n
        for n in ast.parse((ROOT / "idp/oidc/client_auth/jwt_rules.py").read_text("utf-8")).body
        if isinstance(n, ast.FunctionDef)
    ]
    assert len([n for n in books if not n.name.startswith("_")]) == len(PLACES)


def test_the_whole_provider_but_its_front_is_closed_to_my_page() -> None:
    """A new room is private from its first day."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = [c for c in contracts if c["type"] == "forbidden" and c["source_modules"] == ["mypage"]]
    rooms = {f"idp.{p.parent.name}" for p in (ROOT / "idp").glob("*/__init__.py")}
    modules = {f"idp.{p.stem}" for p in (ROOT / "idp").glob("*.py") if p.stem != "__init__"}
    assert set(contract["forbidden_modules"]) == (rooms | modules) - {"idp.front"}


def test_challenges_are_made_by_the_one_helper() -> None:
    """Every `WWW-Authenticate` names the realm (RFC 9110 §11.6.1)."""
    for path, tree in sources("idp", "mypage", "machi_id"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and path.name != "challenges.py":
                assert not re.match(r"(Basic|Bearer|DPoP) \w+=|.*realm=", node.value), f"{path}:{node.lineno}"


# The bus and the journal themselves, the outbox's wake-up, and the outbox's handler of my page.
PUBLISH = {f"idp/foundation/{name}.py" for name in ("live", "journal", "outbox")} | {"mypage/delivery/live/fanout.py"}
_TELLS = re.compile(r"\.publish$|\bjournal\.append$")


def test_nothing_is_published_but_by_the_outbox_or_after_the_commit() -> None:
    """Told before its commit a page fetches what was; told past both it is told of what was rolled back."""
    for path, tree in sources("idp", "mypage"):
        after = {
            id(n)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "after_commit"
            for n in ast.walk(call)
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and _TELLS.search(ast.unparse(call.func)):
                assert id(call) in after or str(path.relative_to(ROOT)) in PUBLISH, f"{path}:{call.lineno}"


def test_no_view_commits_by_itself() -> None:
    for path, tree in sources("idp", "mypage", "machi_id"):
        if path.name.endswith(VIEW_FILES):
            assert not list(calls(tree, "commit")), path


def test_operations_do_not_know_the_request() -> None:
    """An operation takes plain values; only views and the web shell read `flask.request`."""
    for room in ("idp/residents", "idp/credentials", "idp/audit"):
        for path in sorted((ROOT / room).rglob("*.py")):
            assert not re.search(r"\bfrom flask import|\bimport flask\b(?!_babel)", path.read_text("utf-8")), path


def test_no_table_has_a_place_for_a_my_number() -> None:
    for table in Base.metadata.tables.values():
        for column in table.columns:
            assert not re.search(r"my_?number|individual_number|kojin", column.name), f"{table}.{column.name}"
            assert getattr(column.type, "length", None) != 12, f"{table}.{column.name}"


def test_personal_attributes_are_sealed() -> None:
    """No column of the provider is named like a personal attribute: they live in one sealed value."""
    own = [
        t for t in Base.metadata.tables.values() if not t.name.startswith(("resident_case", "case_", "notice", "task"))
    ]
    for table in own:
        names = {c.name for c in table.columns}
        assert not names & {"name", "kana", "birth_date", "birthdate", "address", "email", "phone", "sex"} - (
            {"name"} if table.name == "staff" else set()
        ), table.name


def test_no_file_holds_a_path_of_a_workplace() -> None:
    # Written apart, so that this file does not find itself.
    forbidden = re.compile("(?:^|[^A-Za-z0-9_.])/(?:" + "wo" + "rk|fa" + "rm)/[a-z.]")
    for path in tracked():
        assert not forbidden.search(path.read_text("utf-8", "ignore")), path


def test_requirement_files_pin_with_hashes_and_name_no_host() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text("utf-8")
        assert "://" not in text
        assert "--hash=sha256:" in text
        for line in text.splitlines():
            assert not line or line.startswith((" ", "#")) or "==" in line, line


@pytest.mark.parametrize("package", PACKAGES)
def test_files_stay_small_enough_to_hold_in_the_head(package: str) -> None:
    sizes = sorted(len(path.read_text("utf-8").splitlines()) for path, _ in sources(package))
    assert sizes[-1] <= 400
    assert sizes[int(len(sizes) * 0.9)] <= 240


# Whatever a browser may be sent to. Addresses for apps are made from the issuer.
_PAGES = r"(?:my|desk|signin|signed-out|signout|account|consent|device|approve|language|static|start|staff|auth|applications|apply)"
_PAGE = re.compile(rf"/{_PAGES}(?:[/?].*)?", re.DOTALL)
# Of the kit: appended to its base URL.
BELOW_A_BASE = {"clients/kit/signin.py"}


def _routes_and_texts(tree: ast.Module) -> set[int]:
    """Constants that are no address: in decorators, `url_prefix`, docstrings; tests of a beginning; what stands behind a base."""
    found = set[int]()
    for node in ast.walk(tree):
        inside: list[ast.AST] = []
        if isinstance(node, ast.FunctionDef):
            inside += node.decorator_list
        elif isinstance(node, ast.keyword) and node.arg in ("url_prefix", "static_url_path"):
            inside.append(node.value)
        elif isinstance(node, ast.JoinedStr):
            inside += node.values[1:]
        elif isinstance(node, ast.BinOp):
            inside.append(node.right)
        elif isinstance(node, ast.Compare):
            inside += node.comparators
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _ON_TEXT:
            inside += node.args
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Call):  # `pages.get("/x")(view)`
            inside += node.func.args
        found |= {id(n) for part in inside for n in ast.walk(part)}
    return found


_ON_TEXT = {"startswith", "endswith", "replace", "split", "rstrip", "removeprefix", "join", "setdefault"}


def test_no_address_of_a_page_is_written_out_in_code() -> None:
    """The issuer may have a path: `url_for` knows it, `"/my/"` does not (docs/decisions/0031)."""
    for path, tree in sources():
        if str(path.relative_to(ROOT)) in BELOW_A_BASE or "simulators" in path.parts:
            continue
        harmless = _routes_and_texts(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in harmless:
                assert not _PAGE.fullmatch(node.value), f"{path}:{node.lineno}: {node.value}"
        for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "redirect"):
            assert not ast.unparse(call.args[0]).startswith(("'/", "f'/")), f"{path}:{call.lineno}"


def test_no_address_is_written_out_in_a_template_or_script() -> None:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix == ".html":
                text = path.read_text("utf-8")
                assert not re.findall(r"""(?:href|src|action|data-[a-z-]*url)="/[^"]*""", text), path
                inside = " ".join(re.findall(r"\{[{%](.*?)[%}]\}", text, re.DOTALL))
                assert not re.findall(rf"""(?<!split\()["']/(?:{_PAGES}[/?"'][^"']*|["'])""", inside), path
            elif path.suffix == ".js":
                text = re.sub(r"^\s*//.*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
                assert not re.findall(rf"""["'`]/{_PAGES}\b[^"'`]*""", text), path


def tracked() -> Iterator[Path]:
    skip = {".git", ".venv", "var", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
    for path in ROOT.rglob("*"):
        if path.is_file() and not skip & set(path.relative_to(ROOT).parts) and path.suffix in (
            ".py", ".md", ".html", ".js", ".css", ".toml", ".txt", ".in", ".po", ".lua", ".csv", ".mako", ".yaml", "",
        ):  # fmt: skip
            yield path
