"""The rules of WebAuthn (§7.1, §7.2), held against both doors that open with a passkey: residents' and staff's."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idp.credentials.model import CredentialRecord, Passkey
from idp.foundation import clock
from idp.staff.members import invite
from idp.staff.model import StaffPasskey
from idp.staff.roles import Appointment, Role
from tests.conftest import sqlite_copy
from tests.support.browser import Browser
from tests.support.people import BIRTH_DATES
from tests.support.phone import BE, BS, UP, UV, Phone, b64
from tests.support.town import Town


class Door:
    """A door, somebody's phone that opens it, and a browser of their own in front of it."""

    table: type[CredentialRecord]
    refusal: str
    signed_in: str

    def __init__(self, town: Town, synced: bool = True) -> None:
        self.town, self.phone = town, Phone(synced=synced)
        answer = self.enrol(self.phone)
        assert answer.status_code == 201, answer.text
        self.begin()

    def begin(self) -> None:
        self.browser = self.town.browser()
        self.path = self.signin_path(self.browser)

    def signin_path(self, browser: Browser) -> str:
        """Where the assertion goes, for a browser that begins now."""
        raise NotImplementedError

    def enrolling(self) -> tuple[Browser, str]:
        """A browser that may make a passkey, and where the attestation goes."""
        raise NotImplementedError

    def enrol(self, phone: Phone, change: Callable[[dict[str, Any]], None] | None = None, **changes: Any) -> Any:
        browser, path = self.enrolling()
        options = browser.post_json(f"{path}/options", {})
        assert options.status_code == 200, options.text
        credential = phone.create(options.json, **changes)
        if change is not None:
            change(credential)
        return browser.post_json(path, credential)

    def options(self) -> Any:
        return self.browser.post_json(f"{self.path}/options", {}).json

    def send(self, credential: Any) -> Any:
        return self.browser.post_json(self.path, credential)

    def refused(self, answer: Any, reason: str = "") -> None:
        assert (answer.status_code, answer.json["title"]) == (400, "passkey_refused")
        assert self.browser.cookie(self.signed_in) is None
        assert reason in json.loads(self.town.events(self.refusal)[-1].facts)["reason"]

    def record(self) -> CredentialRecord:
        found: CredentialRecord = self.town.rows(self.table, self.table.webauthn_id == self.phone.credential_id)[0]
        return found


class ResidentsDoor(Door):
    table, refusal, signed_in = Passkey, "passkey_refused", "machi_session"
    residents = itertools.cycle(BIRTH_DATES)

    def signin_path(self, browser: Browser) -> str:
        return f"{browser.get('/signin').location}/passkey"

    def enrolling(self) -> tuple[Browser, str]:
        """Everybody in turn: one resident may have twenty passkeys."""
        return self.town.signed_in(next(self.residents)), "/account/passkeys"


class StaffDoor(Door):
    table, refusal, signed_in = StaffPasskey, "staff_refused", "machi_staff"

    def signin_path(self, browser: Browser) -> str:
        return "/staff/signin"

    def enrolling(self) -> tuple[Browser, str]:
        with self.town.writing() as session:
            _, token = invite(session, "架空 ひかり", [Appointment(Role.ADMINISTRATOR)], "test")
        return self.town.browser(), f"/staff/enrol/{token}"


DOORS = pytest.mark.parametrize("kind", [ResidentsDoor, StaffDoor])


@pytest.fixture(scope="module", params=[ResidentsDoor, StaffDoor])
def kept(request: pytest.FixtureRequest, template: Any) -> Iterator[Door]:
    with sqlite_copy(template[0]) as url, Town(url, signin_limit="100000/minute") as town:
        yield request.param(town)


@pytest.fixture
def door(kept: Door) -> Door:
    """One phone for the module, a new browser for each test."""
    kept.begin()
    return kept


def test_it_opens(door: Door) -> None:
    answer = door.send(door.phone.get(door.options()))
    assert answer.status_code == 200, answer.text
    assert door.browser.cookie(door.signed_in) is not None
    assert door.record().last_used_at is not None


def test_what_the_browser_is_asked(door: Door) -> None:
    options = door.options()
    assert (options["userVerification"], options["rpId"], options["timeout"]) == ("required", "localhost", 600_000)
    assert options.get("allowCredentials", []) == []
    browser, path = door.enrolling()
    create = browser.post_json(f"{path}/options", {}).json
    assert create["authenticatorSelection"]["residentKey"] == "required"
    assert create["authenticatorSelection"]["userVerification"] == "required"
    assert (create["attestation"], create["timeout"]) == ("none", 600_000)


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8000.evil.example"},
        {"rp_id": "evil.example"},
        {"flags": UP | BE | BS},
        {"flags": UV | BE | BS},
        {"type": "webauthn.create"},
    ],
    ids=str,
)
def test_an_assertion_that_does_not_fit(door: Door, changes: dict[str, Any]) -> None:
    door.refused(door.send(door.phone.get(door.options(), **changes)))


def test_an_assertion_of_somebody_else(door: Door) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    door.refused(door.send(door.phone.get(door.options(), key=stranger)), "InvalidAuthenticationResponse")
    door.refused(door.send(door.phone.get(door.options(), credential_id=b"y" * 32)), "unknown_credential")
    for handle in (b"", b"z" * 32):
        door.refused(door.send(door.phone.get(door.options(), user_handle=handle)), "user_handle")


@DOORS
@pytest.mark.parametrize(("synced", "flags"), [(True, UP | UV), (False, UP | UV | BE), (False, UP | UV | BE | BS)])
def test_backup_eligibility_may_not_change(town: Town, kind: type[Door], synced: bool, flags: int) -> None:
    """WebAuthn §7.2 step 18: the BE flag is for life, in both directions."""
    door = kind(town, synced)
    door.refused(door.send(door.phone.get(door.options(), flags=flags)), "backup_eligibility_changed")
    assert door.record().last_used_at is None


@DOORS
def test_the_backup_state_is_kept_up(town: Town, kind: type[Door]) -> None:
    door = kind(town)
    assert (door.record().device_type, door.record().backed_up) == ("multi_device", True)
    assert door.send(door.phone.get(door.options(), flags=UP | UV | BE)).status_code == 200
    assert door.record().backed_up is False


@DOORS
def test_the_counter_is_kept_and_advisory(any_town: Town, kind: type[Door]) -> None:
    """All of its 32 bits are stored, on each database; a smaller one locks nobody out."""
    door = kind(any_town)
    for counter in (2**32 - 1, 7, 0):
        door.begin()
        assert door.send(door.phone.get(door.options(), counter=counter)).status_code == 200
        assert door.record().sign_count == counter
    assert door.enrol(Phone(), counter=2**32 - 1).status_code == 201


def test_a_challenge_is_good_once_even_if_the_answer_is_wrong(door: Door) -> None:
    options = door.options()
    door.refused(door.send(door.phone.get(options, origin="https://evil.example")))
    door.refused(door.send(door.phone.get(options)), "challenge")
    door.refused(door.send(door.phone.get({"challenge": b64(b"x" * 32)})), "challenge")
    with clock.travelled(timedelta(minutes=-10, seconds=-1)):
        old = door.options()
    door.refused(door.send(door.phone.get(old)), "challenge")


def test_a_challenge_of_another_browser(door: Door) -> None:
    other = door.town.browser()
    options = other.post_json(f"{door.signin_path(other)}/options", {}).json
    door.refused(door.send(door.phone.get(options)), "challenge_of_another_browser")


def test_a_challenge_for_making_one_opens_nothing(door: Door) -> None:
    browser, path = door.enrolling()
    options = browser.post_json(f"{path}/options", {}).json
    door.refused(door.send(door.phone.get(options)), "challenge")


@pytest.mark.parametrize("one", [ResidentsDoor, StaffDoor])
def test_neither_door_opens_with_what_opens_the_other(town: Town, one: type[Door]) -> None:
    """Also in one browser, and with a phone that has a passkey for each."""
    here, there = one(town), (StaffDoor if one is ResidentsDoor else ResidentsDoor)(town)
    here.browser = there.browser
    here.path = here.signin_path(here.browser)
    here.refused(here.send(here.phone.get(there.options())), "challenge")
    here.refused(here.send(there.phone.get(here.options())), "unknown_credential")


# what real authenticators and browsers say besides -----------------------------------------------------------------------


@pytest.mark.parametrize("attachment", ["platform", "cross-platform", "hovering", "", None, 7, [], {}], ids=repr)
def test_how_it_is_attached_is_only_a_hint(door: Door, attachment: Any) -> None:
    """WebAuthn §2.1.1: unknown values are ignored, not refused."""

    def attach(credential: dict[str, Any]) -> None:
        credential["authenticatorAttachment"] = attachment

    assertion = door.phone.get(door.options())
    attach(assertion)
    assert door.send(assertion).status_code == 200
    assert door.enrol(Phone(), attach).status_code == 201


@pytest.mark.parametrize(
    ("transports", "stored"),
    [
        (None, ""),
        ([], ""),
        ("usb", ""),
        ({}, ""),
        (["usb", "smart-card", "by-pigeon"], "usb smart-card by-pigeon"),
        (["usb", None, 7, ["nfc"], "n f c", "<b>", "\u3042"], "usb"),
        (["x" * 200], "x" * 120),
    ],
    ids=repr,
)
def test_transports_are_only_hints(door: Door, transports: Any, stored: str) -> None:
    phone = Phone()
    assert door.enrol(phone, lambda c: c["response"].update(transports=transports)).status_code == 201
    [record] = door.town.rows(door.table, door.table.webauthn_id == phone.credential_id)
    assert record.transports == stored
    phone = Phone()
    assert door.enrol(phone, lambda c: c["response"].pop("transports")).status_code == 201


# making one ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"flags": UP | BE | BS},
        {"type": "webauthn.get"},
        {"challenge": b64(b"x" * 32)},
        {"flags": UP | UV | BS},
    ],
    ids=str,
)
def test_an_attestation_that_does_not_fit(door: Door, changes: dict[str, Any]) -> None:
    before = door.town.count(door.table)
    door.refused(door.enrol(Phone(), **changes))
    assert door.town.count(door.table) == before


def test_a_passkey_is_kept_once(door: Door) -> None:
    door.refused(door.enrol(door.phone), "already_registered")


def test_a_challenge_made_for_somebody_else_keeps_nothing(town: Town) -> None:
    """Two links opened in one browser: what was asked for one member of staff is not kept for the other."""
    door = StaffDoor(town)
    browser, path = door.enrolling()
    _, other = door.enrolling()
    options = browser.post_json(f"{other}/options", {}).json
    answer = browser.post_json(path, Phone().create(options))
    door.refused(answer, "challenge_of_another_holder")
