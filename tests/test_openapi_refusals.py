"""Every refusal that the published description tells of really occurs, and there is none that it keeps quiet about."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.foundation import clock
from idp.oidc.tokens.tokens import make_access_token
from idp.residents.subjects import subject_of
from mypage.intake.answer import BATCH, SINGLE, send_operation
from tests.conftest import sqlite_copy
from tests.support.department import EVENTS, ISSUER, SCOPES, VERBS, Department
from tests.support.fapi import DpopKey
from tests.support.town import Town

ROOT = Path(__file__).resolve().parents[1]
SEND = send_operation()
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def department(template: tuple[Path, Any]) -> Iterator[Department]:
    with sqlite_copy(template[0]) as url, Town(url, issuer=ISSUER) as town:
        yield Department(town)


def refusals() -> set[tuple[int, str]]:
    """What the code of my page can refuse."""
    found = set()
    for path in (ROOT / "mypage").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("EventRefusedError", "problem_response"):
                values = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
                if len(values) == 2:
                    found.add((values[0], values[1]))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ClosedWords":
                found.add((422, ast.literal_eval(node.args[0])))
    return found


def test_no_refusal_is_left_out() -> None:
    told = {(status, code) for status, codes in SEND.problems.items() for code in codes}
    from_the_token = {(400, "invalid_request"), *((401, code) for code in SEND.problems[401])}
    elsewhere = {(404, "unknown_type"), (503, "no_stream_left")}  # of the schemas, and of a person's page
    assert refusals() == (told - from_the_token) | elsewhere


def bound_token(department: Department, key: DpopKey) -> str:
    form = {"grant_type": "client_credentials", "scope": SCOPES, "resource": f"{ISSUER}/api/v1"}
    headers = {"DPoP": key.proof("POST", f"{ISSUER}/token")}
    app = department.app
    token: str = app.post("/token", form, headers=headers, auth=(app.client_id, str(app.secret))).json["access_token"]
    return token


def reused_id(department: Department) -> TestResponse:
    event = department.event(subject="RE")
    department.send(event)
    return department.send({**event, "subject": "other"})


def another_resident(department: Department) -> TestResponse:
    event = department.event(subject="RM")
    department.send(event)
    jiro = department.town.resident("jiro")
    with department.town.writing() as session:
        sub = subject_of(session, jiro, "host:app1.example")
    resident = {"format": "iss_sub", "iss": ISSUER, "sub": sub}
    return department.send(department.event(data={"resident": resident}, subject="RM", sequence=f"{8:020d}"))


def completed_case(department: Department) -> TestResponse:
    department.send(department.event(data={"phase": "completed"}, subject="CC"))
    return department.send(department.event(subject="CC", sequence=f"{8:020d}"))


def person(**resident: str) -> dict[str, Any]:
    return {"resident": resident}


def in_two_ways(department: Department) -> TestResponse:
    return department.send(b"access_token=x", "application/x-www-form-urlencoded")


def unproven(department: Department) -> TestResponse:
    token = bound_token(department, DpopKey())
    return department.send({}, Authorization=f"DPoP {token}")


Act = Callable[[Department], TestResponse]
REFUSED: dict[tuple[int, str], Act] = {
    (400, "invalid_request"): in_two_ways,
    (400, "malformed_json"): lambda d: d.send(b"{"),
    (400, "malformed_batch"): lambda d: d.send({}, BATCH),
    (401, "no_token"): lambda d: d.send({}, Authorization=""),
    (401, "invalid_token"): lambda d: d.send({}, Authorization="Bearer x"),
    (401, "invalid_request"): lambda d: d.send({}, Authorization="Basic x"),
    (401, "invalid_dpop_proof"): unproven,
    (403, "insufficient_scope"): lambda d: d.send(d.event(), scope="task:write"),
    (403, "foreign_source"): lambda d: d.send(d.event(source="https://other.example")),
    (403, "local_numbers_not_allowed"): lambda d: d.send(d.event(data=person(format="local_number", number="12"))),
    (409, "id_reused"): reused_id,
    (413, "too_large"): lambda d: d.send(b" " * (256 * 1024 + 1)),
    (413, "event_too_large"): lambda d: d.send([d.event(padding="x" * 256 * 1024)]),
    (413, "batch_too_large"): lambda d: d.send([{}] * 501),
    (415, "unsupported_media_type"): lambda d: d.send({}, "application/json"),
    (422, "invalid_event"): lambda d: d.send(d.event(data={"more": 1})),
    (422, "unknown_type"): lambda d: d.send(d.event(type="jp.machi.nothing.v1")),
    (422, "unknown_phase"): lambda d: d.send(d.event(data={"phase": "approved"})),
    (422, "my_number_refused"): lambda d: d.send(d.event(data={"receipt_number": "123456789018"})),
    (422, "foreign_issuer"): lambda d: d.send(
        d.event(data=person(format="iss_sub", iss="https://x.example", sub=d.sub))
    ),
    (422, "unknown_resident"): lambda d: d.send(d.event(data=person(format="iss_sub", iss=ISSUER, sub="nobody"))),
    (422, "resident_mismatch"): another_resident,
    (422, "first_event_incomplete"): lambda d: d.send(d.event(data={"received_at": None})),
    (422, "reopen_required"): completed_case,
}
ELSEWHERE = {
    (401, "use_dpop_nonce"),
    (429, "too_many_requests"),
    (503, "unavailable"),
}
"""These need an instance of their own; the tests after this table."""


def test_every_refusal_has_its_trial() -> None:
    assert set(REFUSED) | ELSEWHERE == {(status, code) for status, codes in SEND.problems.items() for code in codes}


@pytest.mark.parametrize(("status", "code"), list(REFUSED))
def test_every_refusal_really_occurs(department: Department, status: int, code: str) -> None:
    answer = department.check(REFUSED[status, code](department), EVENTS, "post")
    if answer.status_code == 202:  # one that a batch carries in its line
        problem = answer.json["results"][0]["problem"]
        assert (problem["status"], problem["title"]) == (status, code)
        department.validate(problem, department.operation(EVENTS, "post")["responses"][str(status)]["content"][PROBLEM])
    else:
        assert (answer.status_code, answer.json["title"]) == (status, code)
    if (status, code) == (403, "insufficient_scope") or answer.status_code == 401:
        assert "WWW-Authenticate" in answer.headers


def test_a_body_in_chunks_does_not_get_around_the_limit(department: Department) -> None:
    body = BytesIO(b" " * (256 * 1024 + 1))
    headers = {"Authorization": f"Bearer {department.token()}", "Transfer-Encoding": "chunked"}
    answer = department.town.app.test_client().post(
        EVENTS,
        input_stream=body,
        content_type=SINGLE,
        headers=headers,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (department.check(answer, EVENTS, "post").status_code, answer.json["title"]) == (413, "too_large")


def test_the_nonce_of_dpop(template: tuple[Path, Any]) -> None:
    key = DpopKey()
    with sqlite_copy(template[0]) as url, Town(url, issuer=ISSUER, dpop_nonce_required=True) as town:
        department, confirmation = Department(town), {"jkt": key.jkt}
        token = make_access_token(
            town.settings,
            town.op.keys,
            client_id="childcare",
            sub="childcare",
            scope=SCOPES,
            audience=[f"{ISSUER}/api/v1"],
            grant_id=None,
            now=clock.epoch(),
            confirmation=confirmation,
        )
        proof = key.proof("POST", f"{ISSUER}{EVENTS}", token)
        answer = department.send({}, Authorization=f"DPoP {token}", DPoP=proof)
        assert department.check(answer, EVENTS, "post").status_code == 401
        assert answer.json["title"] == "use_dpop_nonce"
        assert answer.headers["DPoP-Nonce"]


def test_too_many_requests(template: tuple[Path, Any]) -> None:
    with sqlite_copy(template[0]) as url, Town(url, issuer=ISSUER) as town:
        town.app.config["INTAKE_RATE"] = "1/minute"
        department = Department(town)
        department.send([])
        answer = department.check(department.send([]), EVENTS, "post")
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1


def test_a_database_that_is_away(template: tuple[Path, Any], tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    shutil.copyfile(template[0], folder / "c.db")
    with Town(f"sqlite:///{folder}/c.db", issuer=ISSUER) as town:
        department = Department(town)
        department.send(department.event())  # the client is known from now on
        town.parts.database.engine.dispose()
        folder.rename(tmp_path / "gone")
        answer = department.check(department.send(department.event(subject="K-2")), EVENTS, "post")
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
        (tmp_path / "gone").rename(folder)


@pytest.mark.parametrize("method", ["get", "delete"])
def test_refusals_of_the_grant_management_api(department: Department, method: str) -> None:
    form = "application/x-www-form-urlencoded"
    good = department.token(f"grant_management_{VERBS[method]}")
    bound = bound_token(department, DpopKey())
    answers = [
        department.on_grant(method, good, data="access_token=x", content_type=form),
        department.on_grant(method, "", headers={"Authorization": ""}),
        department.on_grant(method, "x"),
        department.on_grant(method, "", headers={"Authorization": "Basic x"}),
        department.on_grant(method, "", headers={"Authorization": f"DPoP {bound}"}),
        department.on_grant(method, department.token()),
        department.on_grant(method, good),
    ]
    assert [(a.status_code, a.json["title"]) for a in answers] == [
        (400, "invalid_request"),
        (401, "no_token"),
        (401, "invalid_token"),
        (401, "invalid_request"),
        (401, "invalid_dpop_proof"),
        (403, "insufficient_scope"),
        (404, "unknown_grant"),
    ]
    assert all("WWW-Authenticate" in a.headers for a in answers if a.status_code in (401, 403))
