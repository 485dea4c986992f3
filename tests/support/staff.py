"""A member of staff in front of the town's application."""

from __future__ import annotations

from idp.staff.members import invite
from idp.staff.roles import Appointment, Role

from .authenticator import Authenticator
from .browser import Browser
from .town import Town


class Desk(Browser):
    """A browser with an authenticator; `sign_up` follows a one-time link."""

    def __init__(self, town: Town, lang: str = "en") -> None:
        super().__init__(town, lang)
        self.authenticator = Authenticator(town.settings.origin)

    def sign_up(self, *roles: Role) -> str:
        """Be invited and make a passkey; returns the staff_id."""
        with self.town.writing() as session:
            staff_id, token = invite(
                session, "仮名 みどり", [Appointment(r) for r in roles or [Role.ADMINISTRATOR]], "test"
            )
        options = self.post_json(f"/staff/enrol/{token}/options", {}).json
        answer = self.post_json(f"/staff/enrol/{token}", self.authenticator.create(options))
        assert answer.status_code == 201, answer.text
        return staff_id

    def sign_in_again(self) -> None:
        options = self.post_json("/staff/signin/options", {}).json
        assert self.post_json("/staff/signin", self.authenticator.get(options)).status_code == 200
