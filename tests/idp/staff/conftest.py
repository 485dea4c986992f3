"""An administrator who is signed in."""

from __future__ import annotations

import pytest

from tests.support.staff import Desk
from tests.support.town import Town


@pytest.fixture
def desk(town: Town) -> Desk:
    """Signed in as an administrator."""
    desk = Desk(town)
    desk.sign_up()
    return desk
