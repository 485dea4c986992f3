"""`machi clients policy`: the city's word about an app's further grants."""

from __future__ import annotations

import json

from tests.support.town import Town

GIVEN = {
    "unified_id_hints": True,
    "resource_indicators": {
        "https://tax.example/api": {"tax:read": {"ja": "税の情報を見る", "en": "See your tax records"}}
    },
    "authorization_details_types": {
        "certificate": {
            "schema": {"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]},
            "consent": {"ja": "{year}年度の証明書", "en": "Certificates of {year}"},
        }
    },
}


def test_set_and_show(town: Town) -> None:
    app, run = town.register(), town.app.test_cli_runner()
    empty = run.invoke(args=["machi", "clients", "policy", app.client_id, "--json"])
    assert (empty.exit_code, json.loads(empty.output)) == (0, {"client_id": app.client_id, "policy": {}})
    done = run.invoke(
        args=["machi", "clients", "policy", app.client_id, "--set", "-", "--json"], input=json.dumps(GIVEN)
    )
    assert done.exit_code == 0, done.output
    shown = run.invoke(args=["machi", "clients", "policy", app.client_id, "--json"])
    assert json.loads(shown.output) == {"client_id": app.client_id, "policy": GIVEN}


def test_what_cannot_be_set_is_said(town: Town) -> None:
    app, run = town.register(), town.app.test_cli_runner()
    for client_id, text in (
        (app.client_id, "x"),
        (app.client_id, "[]"),
        (app.client_id, '{"more": 1}'),
        ("nobody", "{}"),
    ):
        done = run.invoke(args=["machi", "clients", "policy", client_id, "--set", text])
        assert done.exit_code == 1, done.output
