"""The runner of every table of checks."""

from __future__ import annotations

from typing import Any, cast

import pytest

from idp.oidc.flows.checks import Check, Table
from idp.oidc.server.provider import Provider

NO_PROVIDER = cast(Provider, None)


def noted(name: str, missing: str | None = None, error: Exception | None = None) -> Check[list[str], str]:
    """A check that says when it ran."""

    def run(_op: Provider, asked: list[str]) -> str | None:
        asked.append(name)
        if error is not None:
            raise error
        return missing

    return Check(run, "§1", "invalid_request")


@pytest.mark.parametrize(
    ("rows", "ran", "missing"),
    [
        ([noted("a"), noted("b"), noted("c")], ["a", "b", "c"], None),
        ([noted("a"), noted("b", "login"), noted("c", "consent")], ["a", "b"], "login"),
        ([], [], None),
    ],
)
def test_rows_run_in_order_until_one_does_not_pass(rows: list[Any], ran: list[str], missing: str | None) -> None:
    asked: list[str] = []
    assert Table("a flow", tuple(rows)).run(NO_PROVIDER, asked) == missing
    assert asked == ran


def test_nothing_runs_after_a_row_that_raises() -> None:
    asked: list[str] = []
    with pytest.raises(LookupError):
        Table("a flow", (noted("a"), noted("b", error=LookupError()), noted("c"))).run(NO_PROVIDER, asked)
    assert asked == ["a", "b"]
