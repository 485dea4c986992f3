"""No NUL comes in with an address or a form: PostgreSQL cannot hold one, and nobody types one."""

from __future__ import annotations

from flask import abort, request


def refuse_nul_in_path() -> None:
    """There is nothing at such an address."""
    if "\x00" in request.path:
        abort(404)


def refuse_nul_in_values() -> None:
    """For the resident's pages. Protocol endpoints say it in the protocol's words, the desk looks at each value itself."""
    if any(
        "\x00" in text for values in (request.args, request.form) for pair in values.items(multi=True) for text in pair
    ):
        abort(400)
