"""An administrator at the desk."""

from __future__ import annotations

import pytest

from idp.desk.model import Role
from idp.desk.staff import invite
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser
from tests.support.town import Town


class Desk(Browser):
    """A browser with an authenticator; `sign_up` follows a one-time link."""

    def __init__(self, town: Town, lang: str = "en") -> None:
        super().__init__(town, lang)
        self.authenticator = Authenticator(town.settings.origin)

    def sign_up(self, *roles: Role) -> str:
        """Be invited and make a passkey; returns the staff_id."""
        with self.town.writing() as session:
            staff_id, token = invite(session, "仮名 みどり", roles or [Role.ADMINISTRATOR], "test")
        options = self.post_json(f"/desk/enrol/{token}/options", {}).json
        answer = self.post_json(f"/desk/enrol/{token}", self.authenticator.create(options))
        assert answer.status_code == 201, answer.text
        return staff_id

    def sign_in_again(self) -> None:
        options = self.post_json("/desk/signin/options", {}).json
        assert self.post_json("/desk/signin", self.authenticator.get(options)).status_code == 200


@pytest.fixture
def desk(town: Town) -> Desk:
    """Signed in as an administrator."""
    desk = Desk(town)
    desk.sign_up()
    return desk
