"""Machi ID as one installed thing: the application out of its parts, the server, and the command `machi`."""

__version__ = "0.1.0"
