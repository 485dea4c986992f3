"""A Node program that does what a test asks: one JSON object a line in, one out."""

from __future__ import annotations

import json
import select
import shutil
import subprocess
from pathlib import Path
from typing import Any


class NodeError(Exception):
    """What the library raised: `name`, and `code`, `error`, `status` where it has them."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(str(told))
        self.told = told


class Node:
    """`script` (.mjs) run in `folder`, with the packages of `node_modules`."""

    def __init__(self, node: str, script: Path, folder: Path, node_modules: Path) -> None:
        # Packages are looked up from where the script lies, so it lies beside them.
        (folder / "node_modules").symlink_to(node_modules)
        own = Path(shutil.copy(script, folder))
        self._process = subprocess.Popen([node, own], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, what: str, **given: Any) -> Any:
        """The answer to one request. Raises `NodeError`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **given}) + "\n")
        self._process.stdin.flush()
        assert select.select([self._process.stdout], [], [], 30)[0], f"no answer to {what}"
        line = self._process.stdout.readline()
        assert line, "the program ended"
        answer = json.loads(line)
        if "raised" in answer:
            raise NodeError(answer["raised"])
        return answer["answer"]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
