"""A provider for the tests of departmental apps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.tiny_provider import TinyProvider


@pytest.fixture
def provider() -> Iterator[TinyProvider]:
    tiny = TinyProvider()
    yield tiny
    tiny.served.stop()
