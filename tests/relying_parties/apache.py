"""An Apache of our own: configuration in a folder of the test, a free port, in the foreground."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import requests

from tests.support.waiting import until


@contextmanager
def serving(program: str, modules: Path, template: Path, folder: Path, **given: object) -> Iterator[None]:
    """Run until the block ends; `given` fills in the template, which listens at `port`."""
    # As root, Apache wants to be told who its workers are.
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    text = Template(template.read_text("utf-8")).substitute(folder=folder, modules=modules, user=user, **given)
    (folder / "httpd.conf").write_text(text, "utf-8")
    log = folder / "error.log"
    command = [program, "-f", str(folder / "httpd.conf"), "-D", "FOREGROUND"]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

        def up() -> bool:
            told = (folder / "output").read_text() + (log.read_text() if log.exists() else "")
            assert process.poll() is None, f"Apache ended: {told[-2000:]}"
            try:
                return requests.get(f"http://localhost:{given['port']}/goodbye", timeout=2).status_code == 200
            except requests.RequestException:
                return False

        try:
            until(up, 30)
            yield
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
