"""Where data lies that nobody gave a place: the same from whatever folder the command is started."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """What systemd made for the service (`StateDirectory=`, systemd.exec(5)), else the user's: `$XDG_STATE_HOME/machi` (XDG Base
    Directory Specification).

    Raises ValueError where there is neither and no home.
    """
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        return (state if state.is_absolute() else Path.home() / ".local" / "state") / "machi"
    except RuntimeError:
        raise ValueError("database_url: has no default here, since the user has no home; set it") from None
