"""`python -m bench [hot|signin|one|intake|live|start ...] [--database default|sqlite|postgresql ...] [--seconds 5] [--rounds 3]
[--no-peer]`, and `--pages 10000` for `live`.
"""

from __future__ import annotations

import argparse

from . import hot, in_process, intake, live, press, signin, start

PARTS = ("hot", "signin", "one", "intake", "live", "start")
KINDS = ["default", "sqlite", "postgresql"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--database", action="append", choices=KINDS, help="several times for several; all by default")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true", help="ours only (no npm needed)")
    parser.add_argument("--only", action="append", choices=list(press.WORK), help="of the hot paths")
    parser.add_argument("--pages", type=int, default=10_000, help="open at once, of the live bench")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    parts = options.parts or PARTS
    kinds = options.database or KINDS
    if "hot" in parts:
        hot.run(kinds, options.seconds, options.rounds, not options.no_peer, options.only)
    if "signin" in parts:
        signin.run()
    if "one" in parts:
        in_process.run(kinds)
    if "intake" in parts:
        intake.run(kinds, options.seconds, options.rounds)
    if "live" in parts:
        live.run(options.pages)
    if "start" in parts:
        start.run(kinds, not options.no_peer)


if __name__ == "__main__":
    main()
