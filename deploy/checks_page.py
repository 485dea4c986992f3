"""The tables of checks in docs/protocol.md, made from the tables that run.

`python -m deploy.checks_page` writes them, `--check` ends with 1 when those on disk are not the ones it would write.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.oidc.authorization import authorize_checks, login_checks, par_checks, request_forms, request_object
from idp.oidc.client_auth import dpop
from idp.oidc.decoupled import ciba_checks, ciba_grant, device_checks, device_grant
from idp.oidc.flows.checks import Check, Table
from idp.oidc.token_endpoint import introspection, revocation, token
from idp.oidc.token_endpoint.grants import client_credentials, code_checks, jwt_bearer, refresh_token, token_exchange

PAGE = Path(__file__).resolve().parents[1] / "docs" / "protocol.md"
BEGIN, END = "<!-- made by `make checks-page` -->\n", "<!-- end of what is made -->\n"


@dataclass(frozen=True)
class Flow:
    """An endpoint: what is said before its tables, the tables in the order in which they run, and then those of which one runs."""

    name: str
    words: str
    tables: tuple[Table[Any, Any], ...]
    one_of: tuple[Table[Any, Any], ...] = ()


FLOWS = (
    Flow(
        "`/authorize`",
        "When all pass, the app gets its code without a page, after one look-up. Until client and redirect URI are proven, an error\n"
        "is shown on a page of ours; after that the app is told at its redirect URI.",
        (authorize_checks.CHECKS, request_forms.FORM_CHECKS, login_checks.CHECKS),
    ),
    Flow(
        "`/par`",
        "When all pass, the request is kept and a `request_uri` is given for it.",
        (par_checks.CHECKS,),
    ),
    Flow(
        "`/token`",
        "First what holds for all, then the table of the grant that is asked for. Client and key are proven before any code or token\n"
        "is looked at; the last row of a table that uses something up is the one statement that does it.",
        (token.CHECKS,),
        one_of=(
            code_checks.CHECKS,
            refresh_token.CHECKS,
            client_credentials.CHECKS,
            jwt_bearer.CHECKS,
            token_exchange.CHECKS,
            device_grant.CHECKS,
            ciba_grant.CHECKS,
        ),
    ),
    Flow(
        "`/device_authorization`",
        "When all pass, the device gets its codes and shows one of them to the resident.",
        (device_checks.CHECKS,),
    ),
    Flow(
        "`/backchannel_authentication` (CIBA)",
        "When all pass, the question is kept, and stands on the resident's page until it is answered or expires.",
        (ciba_checks.CHECKS,),
    ),
    Flow("`/introspect`", "When all pass, the token is looked up for this client.", (introspection.CHECKS,)),
    Flow(
        "`/revoke`",
        "When all pass, the token is ended if it is this client's; the answer is the same if not.",
        (revocation.CHECKS,),
    ),
    Flow(
        "What comes with a request",
        "Signature, algorithm, key, times and single use are those of every JWT (`idp/oidc/jose/verify.py`); then:",
        (),
        one_of=(request_object.CHECKS, dpop.CHECKS),
    ),
)


def page(text: str) -> str:
    """The page with its tables made anew."""
    before, _, rest = text.partition(BEGIN)
    made = "\n".join(_flow(flow) for flow in FLOWS)
    return f"{before}{BEGIN}\n{made}\n{END}{rest.partition(END)[2]}"


def _flow(flow: Flow) -> str:
    numbered = len(flow.tables) > 1
    tables = [_table(f"{n}. {t.title}" if numbered else t.title, t) for n, t in enumerate(flow.tables, 1)]
    tables += [_table(t.title, t) for t in flow.one_of]
    return f"#### {flow.name}\n\n{flow.words}\n\n" + "\n".join(tables)


def _table(title: str, checks: Table[Any, Any]) -> str:
    rows = [f"{title}:\n", "| check | what must hold | paragraph | if not |", "| --- | --- | --- | --- |"]
    return "\n".join([*rows, *(_row(check) for check in checks)]) + "\n"


def _row(check: Check[Any, Any]) -> str:
    module = inspect.getmodule(check.run)
    what = (inspect.getdoc(check.run) or "").partition("\n")[0].removesuffix(".")
    where = str(module.__name__).replace(".", "/") if module else ""
    return f"| [`{check.run.__name__}`](../{where}.py) | {what} | {check.paragraph} | {check.refusal} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    made = page(PAGE.read_text("utf-8"))
    if parser.parse_args().check:
        return int(PAGE.read_text("utf-8") != made)
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
