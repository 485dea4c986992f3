"""The entry point of `machi`: what a command needs is loaded when it is known which one it is."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point of the wheel."""
    if sys.argv[1:2] == [
        "live"
    ]:  # ten thousand pages wait for it: it does without the application, and without the other commands
        from .live import live

        live.main(sys.argv[2:], prog_name="machi live")
    else:
        from flask.cli import ScriptInfo

        from .commands import application, machi

        machi.main(prog_name="machi", obj=ScriptInfo(create_app=application, set_debug_flag=False))
