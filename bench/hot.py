"""The provider's hot paths, ours and the peer in alternating rounds of one run."""

from __future__ import annotations

import statistics
from contextlib import ExitStack

from . import press
from .instance import instance
from .peer import peer
from .target import Target

_HEAD = f"{'':14} {'':18} {'per s':>7} {'min':>6} {'max':>6} {'p50 ms':>7} {'p99 ms':>7} {'CPU ms':>7} {'failed':>6} {'ratio':>6}"


def run(kinds: list[str], seconds: int, rounds: int, with_peer: bool, only: list[str] | None = None) -> None:
    """Print a table. `ratio`: units a second by the peer's in the same round, median of the rounds."""
    with ExitStack() as stack:
        targets: list[Target] = [stack.enter_context(instance(kind)) for kind in kinds]
        if with_peer:
            targets.append(stack.enter_context(peer()))
        for target in targets:
            press.sign_on(target, 2)  # warm-up
        print(_HEAD)
        for name, work in press.WORK.items():
            if only and name not in only:
                continue
            results: dict[str, list[press.Result]] = {target.name: [] for target in targets}
            for _ in range(rounds):
                for target in targets:
                    results[target.name].append(work(target, seconds))
            reference = results[targets[-1].name]
            for target in targets:
                _line(name, target.name, results[target.name], reference)


def _line(name: str, target: str, results: list[press.Result], reference: list[press.Result]) -> None:
    rates = [r.per_second for r in results]
    median = statistics.median
    ratio = median(r.per_second / max(other.per_second, 0.001) for r, other in zip(results, reference, strict=True))
    print(
        f"{name:14} {target:18} {median(rates):7.0f} {min(rates):6.0f} {max(rates):6.0f} "
        f"{median(r.p50 for r in results):7.1f} {median(r.p99 for r in results):7.1f} {median(r.cpu for r in results):7.2f} "
        f"{sum(r.failed for r in results):6d} {ratio:6.2f}",
        flush=True,
    )
