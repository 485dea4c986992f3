"""The command line: `flask --app wsgi machi …`. Every command takes `--json`."""

from .root import machi

__all__ = ["machi"]
