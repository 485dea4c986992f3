"""`python -m bench [--database sqlite|postgresql|both] [--seconds 10] [--rounds 3]`: sign-ons/s and refreshes/s, median of rounds."""

from __future__ import annotations

import argparse
import statistics

from . import press
from .instance import instance

WORK = {"sign-on": press.sign_on, "refresh": press.refresh}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    kinds = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    print(
        f"{'bench':10} {'database':12} {'per second':>10} {'min':>7} {'max':>7} {'p50 ms':>7} {'p99 ms':>7} {'failed':>7}"
    )
    for kind in kinds:
        with instance(kind) as target:
            press.sign_on(target, 2)  # warm-up
            for name, work in WORK.items():
                results = [work(target, options.seconds) for _ in range(options.rounds)]
                rates = [r.per_second for r in results]
                print(
                    f"{name:10} {kind:12} {statistics.median(rates):10.0f} {min(rates):7.0f} {max(rates):7.0f} "
                    f"{statistics.median(r.p50 for r in results):7.1f} {statistics.median(r.p99 for r in results):7.1f} "
                    f"{sum(r.failed for r in results):7d}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
