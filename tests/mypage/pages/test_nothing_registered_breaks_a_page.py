"""Nothing that an app registers, the city writes about it or the register brings breaks a page, or speaks in our voice on it.

Sent through the real doors (`/register`, the desk's policy, the import) in the forms that have broken pages somewhere; then every page
of a browser, a resident and an administrator is loaded, found in the application's own URL map.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from idp.foundation.clock import epoch_ms
from idp.foundation.web.callers import Caller, caller_of
from idp.foundation.web.language import LANGUAGES
from idp.logins.levels import Factor
from idp.oidc.clients.grant_types import DEVICE
from idp.oidc.policy.policy import PolicyError, set_policy
from idp.oidc.registration.registration import issue_initial_access_token
from idp.residents.activation import issue_activation_code, parse_code
from idp.residents.claiming import claim_by_code
from idp.residents.import_register import import_register
from idp.residents.read import resolve_local_number
from idp.staff.model import Staff
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.from_schema import ODD, URLS, WORSE
from tests.support.isolation import loose_words
from tests.support.people import HEADER, LINES
from tests.support.staff import Desk
from tests.support.town import Town

LOOK = settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.generate],  # a smaller example would take minutes to find
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MARK = "目印"
EVIL = [
    "<evil-tag onevil=1>",
    '"><evil-tag onevil=1>',
    "' onevil='1",
    '" onevil="1',
    "</textarea><evil-tag>",
    "</bdi></title><evil-tag>",
    "{% raw %}{{ config }}",
    "%(app)s %(department)s %s {year}",
    "--><evil-tag>",
    "&lt;evil-tag&gt;",
]
HOSTILE_URLS = [
    *URLS,
    "https://a.example/'onevil='1",
    'https://a.example/"><evil-tag>',
    "https://a.example/?a={{7*7}}&b=%00%0d%0a",
    "https://user:word@a.example/",
    "data:text/html,<evil-tag>",
    "JaVaScRiPt:alert(1)",
]
SUBSTANCE = {"client_name", "department", "purpose"}
ADDRESSES = ("client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri")
_names = itertools.count(1)


def words(worse: bool) -> st.SearchStrategy[str]:
    """Any of them, with the mark by which pages are searched, before or after."""
    odd = st.sampled_from([*ODD, *EVIL, *(WORSE if worse else [])])
    return st.tuples(odd, st.booleans()).map(lambda pair: pair[0] + MARK if pair[1] else MARK + pair[0])


def registrations(worse: bool) -> st.SearchStrategy[dict[str, Any]]:
    text = words(worse)
    members: dict[str, st.SearchStrategy[Any]] = {
        f"{name}{tag}": text for name in SUBSTANCE for tag in ("#ja", "#en", "#zz-\u202e" if worse else "#fr")
    }
    members |= {f"{name}{tag}": st.sampled_from(HOSTILE_URLS) for name in ADDRESSES for tag in ("", "#ja")}
    members |= {"contacts": st.lists(text, max_size=3), "software_id": text, "software_version": text}
    return st.fixed_dictionaries({"client_name": text, "department": text, "purpose": text}, optional=members)


def register(town: Town, given: dict[str, Any]) -> tuple[App, int]:
    """At `/register`, leaving out what it refuses, one member after the other; also how many those were."""
    host, refused = f"hostile{next(_names)}.example", 0
    fixed = {
        "redirect_uris": [f"https://{host}/cb"],
        "grant_types": ["authorization_code", "refresh_token", DEVICE],
        "id_token_signed_response_alg": "ES256",
    }
    with town.writing() as session:
        token = issue_initial_access_token(session, "test", 1, timedelta(days=1))
    while True:
        town.parts.limits.reset()
        body = json.dumps(fixed | given).encode()
        answer = town.app.test_client().post("/register", data=body, content_type="application/json",
                                             headers={"Authorization": f"Bearer {token}"})  # fmt: skip
        assert answer.status_code in (201, 400), answer.text
        if answer.status_code == 201:
            return App(town, answer.json["client_id"], answer.json["client_secret"], answer.json), refused
        said = answer.json["error_description"]
        wrong = [name for name in given if name in said] or [n for n in given if n.partition("#")[0] in said]
        given, refused = {n: v for n, v in given.items() if n not in (wrong or [next(iter(given))])}, refused + 1


def write_policy(town: Town, app: App, text: dict[str, str]) -> bool:
    """A type of details and an API of the app's, with the city's own hostile sentences; whether they were taken."""
    kind = {"schema": {"type": "object", "properties": {}, "additionalProperties": False}, "consent": text}
    api = f"https://api{next(_names)}.example/"
    policy = {
        "authorization_details_types": {"kind": kind},
        "resource_indicators": {api: {"read": text}},
        "may_request": {api: ["read"]},
    }
    with suppress(PolicyError), town.app.app_context(), town.writing() as session:
        set_policy(session, app.client_id, policy, "test")
        return True
    return False


def resident(town: Town, person: dict[str, str]) -> tuple[str, bool]:
    """Somebody whom the register's line brings, or 例示 太郎 where it is refused."""
    number, out = f"{next(_names):010d}", io.StringIO()
    columns = dict(zip(HEADER.split(","), LINES["hanako"].split(","), strict=True)) | {"local_number": number} | person
    csv.writer(out).writerow(columns.values())
    report = import_register(town.parts.database, town.parts.vault, [HEADER, *out.getvalue().splitlines(keepends=True)])
    if not report.added:
        return town.resident("taro"), False
    with town.writing() as session:
        found = resolve_local_number(session, town.parts.vault, number)
        assert found is not None
        code = parse_code(issue_activation_code(session, town.parts.vault, found, "counter"))
        claim = claim_by_code(session, town.parts.vault, code=code, birth_date=columns["birth_date"], max_wrong_dates=5)
        assert claim.resident_id == found
    return found, True


class _Markup(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag == "evil-tag" else []
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on") or (name in ("href", "src", "action") and ":" in address.split("/")[0]
                                         and not address.startswith(("http:", "https:", "tel:"))):  # fmt: skip
                self.found.append(f"{tag} {name}={value}")


def check(path: str, answer: Any) -> str:
    """No error of ours, none of others' words as markup or beside ours, nothing that hides or turns."""
    text: str = answer.get_data(as_text=True)
    assert answer.status_code < 500, (path, text[:500])
    if answer.mimetype == "text/html":
        markup = _Markup()
        markup.feed(text)
        assert markup.found == [], path
        assert loose_words(text, MARK) == [], path
        assert not {"\u202e", "\u2067", "\u200b", "\x00", "\x1b", "\ufeff"} & set(text), path
    return text


def pages(town: Town, caller: Caller, ids: dict[str, list[str]]) -> Iterator[str]:
    """Every page of this caller, about what `ids` say."""
    for rule in town.app.url_map.iter_rules():
        if caller_of(town.app, rule.endpoint) is not caller or "GET" not in (rule.methods or ()):
            continue
        found = [rule.rule]
        for name in rule.arguments:  # KeyError: say in IDS what this new page is about
            found = [path.replace(f"<{name}>", value) for path in found for value in ids[name]]
        yield from found


IDS: dict[str, list[str]] = {"act": ["hold"], "case_id": ["x"], "notice_id": ["x"], "credential_id": ["x"], "token": ["x"],
                             "challenge_id": ["x"], "secret": ["x"]}  # fmt: skip


def look_around(town: Town, app: App, resident_id: str, desk: Desk, with_details: bool) -> int:
    """Loads the pages, in the order in which a person would meet them; how often others' words were seen."""
    asked = {"scope": "openid profile address offline_access"}
    if with_details:
        asked["authorization_details"] = '[{"type": "kind"}]'
    seen = 0

    def see(browser: Browser, path: str, load: Callable[[], Any] | None = None) -> None:
        nonlocal seen
        seen += check(path, load() if load else browser.get(path)).count(MARK)

    for lang in LANGUAGES:
        stranger, person = town.browser(lang), town.browser(lang)
        person.sign_in(resident_id, Factor("passkey", epoch_ms(), synced=True))
        for browser, caller in ((stranger, Caller.BROWSER), (person, Caller.RESIDENT), (person, Caller.BROWSER)):
            attempt = browser.authorize(app, **asked).location.rstrip("/").split("/")[-1]
            ids = IDS | {"client_id": [app.client_id], "attempt_id": [attempt]}
            for path in pages(town, caller, ids):
                see(browser, path)
        begun = app.post("/device_authorization", {"client_id": app.client_id, "scope": "openid profile"})
        assert begun.status_code == 200, begun.text
        see(person, "/device", lambda b=person, c=begun.json["user_code"]: b.post("/device", {"user_code": c}))
        person.sign_on(app, **asked)
        for wrong in ({"redirect_uri": "https://other.example/"}, {"response_type": "x"}, {"prompt": "none login"}):
            see(person, str(wrong), lambda b=person, w=wrong: b.authorize(app, **w))
        for path in (
            "/my/settings/apps",
            f"/my/settings/apps/{app.client_id}/end",
            f"/logout?client_id={app.client_id}",
        ):
            see(person, path)
        form = {"confirm": "yes", "client_id": app.client_id}
        see(person, "/logout", lambda b=person, f=form: b.post("/logout", f))
        desk.set_cookie("machi_lang", lang)
        staff = [member.staff_id for member in town.rows(Staff)]
        for path in pages(town, Caller.STAFF, IDS | {"client_id": [app.client_id], "staff_id": staff}):
            see(desk, path)
    return seen


@pytest.fixture
def desk(town: Town) -> Desk:
    """Signed in as an administrator; live streams end by themselves."""
    town.app.config["LIVE_LONGEST"] = 0.0
    desk = Desk(town)
    desk.sign_up()
    return desk


@pytest.mark.parametrize("worse", [False, True], ids=["odd", "worse"])
def test_what_the_doors_take_in_can_be_looked_at(town: Town, desk: Desk, worse: bool) -> None:
    text = words(worse)
    counts = dict.fromkeys(("seen", "members refused", "policies", "people", "people refused"), 0)
    sentences = st.fixed_dictionaries({"ja": text, "en": text})
    people = st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "kana", "address", "email", "phone"), text))

    @LOOK
    @given(given_=registrations(worse), sentence=sentences, person=people)
    def run(given_: dict[str, Any], sentence: dict[str, str], person: dict[str, str]) -> None:
        app, refused = register(town, given_)
        taken = write_policy(town, app, sentence)
        resident_id, came = resident(town, person)
        counts["members refused"] += refused
        counts["policies"] += taken
        counts["people" if came else "people refused"] += 1
        counts["seen"] += look_around(town, app, resident_id, desk, taken)

    run()
    assert counts["seen"] > 100, counts
    assert counts["policies"], counts
    assert counts["people"], counts
    assert not worse or (counts["members refused"] > 5 and counts["people refused"]), counts
