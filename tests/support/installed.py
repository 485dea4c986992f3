"""Environments with nothing of the checkout in them: what was built, and of this environment the packages its metadata asks for."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


def built(project: str, folder: Path) -> Path:
    """The wheel, made from the source archive, made from what git knows of `project` (a folder of the checkout)."""
    source = folder / "source" / project
    listed = subprocess.run(["git", "ls-files", "-z", project], cwd=ROOT, check=True, capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():  # not one that is being deleted
            copy = folder / "source" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((ROOT / name).read_bytes())
    here = [sys.executable, "-m", "uv", "build", "-q", "--offline", "--no-build-isolation", "--python", sys.executable]
    into = folder / "dist" / project
    done = subprocess.run([*here, "--out-dir", into, source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list(into.glob("*.tar.gz"))) == 1
    [wheel] = into.glob("*.whl")
    return wheel


class Installed:
    """An environment of its own with one wheel in it. `run` starts its commands in a folder that holds nothing of ours."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        venv.create(folder, symlinks=True)
        self.home.mkdir()
        self._pip("install", "--no-index", "--no-deps", "--no-compile", str(wheel))
        [self.packages] = folder.glob("lib/python3*/site-packages")
        for name in _asked_for(wheel.name.split("-")[0], self.packages):
            self._lend(name)
        self._pip("check")  # what is lent satisfies the ranges that the wheel declares

    def _pip(self, *words: str) -> None:
        python = str(self.folder / "bin" / "python")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, *words]
        done = subprocess.run(pip, capture_output=True, text=True, check=False, cwd=self.home)
        assert done.returncode == 0, done.stdout + done.stderr

    def _lend(self, name: str) -> None:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
            (self.packages / top).symlink_to(Path(str(found.locate_file(top))))

    def environment(self, **settings: str) -> dict[str, str]:
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("MACHI_", "PYTHON", "XDG_"))}
        return plain | {"HOME": str(self.home)} | settings

    def command(self, name: str, *words: str) -> list[str]:
        return [str(self.folder / "bin" / name), *words]

    def run(self, name: str, *words: str, **settings: str) -> str:
        """What a command says on standard output."""
        done = subprocess.run(
            self.command(name, *words), cwd=self.home, env=self.environment(**settings), capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, log: Path, name: str, *words: str, **settings: str) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            return subprocess.Popen(
                self.command(name, *words), cwd=self.home, env=self.environment(**settings),
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip


def _asked_for(wheel: str, packages: Path) -> set[str]:
    """Names of all distributions that the installed `wheel` asks for, and those ask for, on this machine."""
    [metadata] = packages.glob(f"{wheel}-*.dist-info/METADATA")
    lines = metadata.read_text("utf-8").split("\n\n")[0].splitlines()
    waiting = [Requirement(line.removeprefix("Requires-Dist: ")) for line in lines if line.startswith("Requires-Dist:")]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        for extra in ("", *wanted.extras):
            if (key := (wanted.name.lower(), extra)) not in seen:
                seen.add(key)
                waiting += _of(wanted.name, extra)
    return {name for name, _ in seen}


def _of(name: str, extra: str) -> Iterator[Requirement]:
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement
