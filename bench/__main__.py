"""`python -m bench [--database sqlite|postgresql|both] [--seconds 5] [--rounds 3] [--no-peer] [--only sign-on]`."""

from __future__ import annotations

import argparse

from . import hot, press


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true", help="ours only (no npm needed)")
    parser.add_argument("--only", action="append", choices=list(press.WORK))
    options = parser.parse_args()
    kinds = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    hot.run(kinds, options.seconds, options.rounds, not options.no_peer, options.only)


if __name__ == "__main__":
    main()
