"""A resident with passkeys and cards of different ages, and browsers signed in with them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from idp.credentials.model import Card, Passkey
from idp.foundation import clock
from idp.foundation.clock import epoch_ms
from idp.foundation.ids import new_id
from idp.logins.levels import Factor
from idp.residents.model import Ceremony, Resident

from .browser import Browser
from .phone import Phone
from .town import Town


class Keyring:
    """The resident has been here for a year. `days` and `minutes`: how long ago."""

    def __init__(self, town: Town, key: str = "hanako") -> None:
        self.town = town
        with clock.travelled(timedelta(days=-365)):
            self.resident_id = town.resident(key)
        claimed = clock.now() - timedelta(days=365)
        town.change(update(Resident).where(Resident.resident_id == self.resident_id).values(claimed_at=claimed))

    def passkey(self, days: int = 0, phone: Phone | None = None) -> str:
        """Add one through the product; returns its credential_id."""
        with clock.travelled(timedelta(days=-days)):
            browser = self.signed_in()
            options = browser.post_json("/account/passkeys/options", {})
            made = (phone or Phone()).create(options.json)
            assert browser.post_json("/account/passkeys", made).status_code == 201
            browser.post("/signout")
        return str(self.town.rows(Passkey)[-1].credential_id)

    def card(self, days: int = 0) -> str:
        """A card in the books; returns its credential_id."""
        card_id, ceremony_id = new_id(), new_id()
        with clock.travelled(timedelta(days=-days)), self.town.writing() as session:
            now = clock.now()
            session.add(
                Ceremony(
                    ceremony_id=ceremony_id,
                    kind="rebind",
                    method="jpki_signature",
                    resident_id=self.resident_id,
                    policy_version="test",
                    at=now,
                )
            )
            session.flush()
            session.add(
                Card(
                    credential_id=card_id,
                    resident_id=self.resident_id,
                    card_index=card_id,
                    medium="card",
                    not_after=now + timedelta(days=5 * 365),
                    ceremony_id=ceremony_id,
                    created_at=now,
                )
            )
        return card_id

    def code(self, channel: str) -> Factor:
        """A sign-in with an activation code handed out now."""
        ceremony_id = new_id()
        with self.town.writing() as session:
            session.add(
                Ceremony(
                    ceremony_id=ceremony_id,
                    kind="rebind",
                    method=f"activation_code_{channel}",
                    resident_id=self.resident_id,
                    policy_version="test",
                    at=clock.now(),
                )
            )
        return Factor("code", epoch_ms(), credential_id=ceremony_id)

    def signed_in(self, credential_id: str = "", minutes: int = 0, kind: str = "passkey") -> Browser:
        """A browser of its own, opened with this credential."""
        browser = self.town.browser()
        with clock.travelled(timedelta(minutes=-minutes)):
            self.prove(browser, credential_id, kind)
        return browser

    def prove(self, browser: Browser, credential_id: str, kind: str = "passkey") -> None:
        """Sign in with this credential, also once more."""
        browser.sign_in(self.resident_id, Factor(kind, epoch_ms(), synced=True, credential_id=credential_id))

    def with_code(self, channel: str) -> Browser:
        browser = self.town.browser()
        browser.sign_in(self.resident_id, self.code(channel))
        return browser

    def state(self, credential_id: str) -> str:
        found = [
            *self.town.rows(Passkey, Passkey.credential_id == credential_id),
            *self.town.rows(Card, Card.credential_id == credential_id),
        ]
        return str(found[0].state)
