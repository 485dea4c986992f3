"""Runs `pip install` in one voice: how far it is, and its own words only if it fails.

`python -m deploy.progress LOCK COMMAND…`. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from pathlib import Path

MARK = "Collecting "
STEPS = 5
"""Lines where nobody watches; on a terminal one line that counts."""


def main() -> int:
    lock, *command = sys.argv[1:]
    total = sum("==" in line for line in Path(lock).read_text("utf-8").splitlines())
    said, done = deque[str](maxlen=30), 0
    print(f"installing {total} packages into .venv (the first time only)", flush=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            said.append(line)
            if line.startswith(MARK):
                done += 1
                _tell(done, total)
            elif line.startswith("Installing "):
                print("\r" * sys.stdout.isatty() + "  unpacking                ", flush=True)
    if pip.returncode:
        print("".join(said), file=sys.stderr)
    return pip.returncode


def _tell(done: int, total: int) -> None:
    if sys.stdout.isatty():
        print(f"\r  {done} of {total}", end="", flush=True)
    elif done % (total // STEPS or 1) == 0:
        print(f"  {done} of {total}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
