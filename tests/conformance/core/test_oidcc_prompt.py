"""Basic, Implicit, Hybrid and their Form Post plans: when the resident is asked to sign in again, and when not."""

from __future__ import annotations

from tests.support.core_client import Client
from tests.support.core_plans import ALL, variants
from tests.support.core_site import CoreSite
from tests.support.signing_in import Resident


@variants(ALL)
def test_oidcc_prompt_login(client: Client, person: Resident, site: CoreSite) -> None:
    first = client.sign_on(person, max_age="10000").claims
    site.later(5)
    before = person.signins
    second = client.sign_on(person, prompt="login", max_age="10000").claims
    assert person.signins == before + 1
    assert second["auth_time"] >= first["auth_time"]
    assert second["sub"] == first["sub"]
    assert client.sign_on(person).claims["sub"] == first["sub"]
    assert person.signins == before + 1


@variants(ALL)
def test_oidcc_prompt_none_not_logged_in(client: Client, site: CoreSite) -> None:
    answer = client.refused(site.person(), prompt="none")
    assert answer["error"] == "login_required"


@variants(ALL)
def test_oidcc_prompt_none_logged_in(client: Client, person: Resident) -> None:
    first, before = client.sign_on(person).claims, person.signins
    second = client.sign_on(person, prompt="none").claims
    assert person.signins == before
    assert second["sub"] == first["sub"]
    assert second.get("auth_time") == first.get("auth_time")


@variants(ALL)
def test_oidcc_max_age_1(client: Client, person: Resident, site: CoreSite) -> None:
    """Signed in more than a second ago: asked again, and a newer `auth_time`."""
    first = client.sign_on(person, max_age="10000").claims
    site.later(10)
    old, before = client.sign_on(person, max_age="10000").claims, person.signins
    assert old["auth_time"] == first["auth_time"] - 10
    second = client.sign_on(person, max_age="1").claims
    assert person.signins == before + 1
    assert second["auth_time"] > old["auth_time"] + 1
    assert second["sub"] == first["sub"]


@variants(ALL)
def test_oidcc_max_age_10000(client: Client, person: Resident) -> None:
    first, before = client.sign_on(person, max_age="10000").claims, person.signins
    second = client.sign_on(person, max_age="10000").claims
    assert person.signins == before
    assert (second["auth_time"], second["sub"]) == (first["auth_time"], first["sub"])


@variants(ALL)
def test_oidcc_id_token_hint(client: Client, person: Resident) -> None:
    first = client.sign_on(person)
    hint = first.front.get("id_token") or first.id_token
    second = client.sign_on(person, prompt="none", id_token_hint=hint)
    assert second.claims["sub"] == first.claims["sub"]
