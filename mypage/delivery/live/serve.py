"""`machi live`: one process for very many open pages. It needs Redis, to hear what other processes have to tell.

Ten thousand pages wait for it while it is started anew, so no application is built for it, and it loads what it uses.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from idp.front.storage import Parts

from .running import running_hub
from .server import Server

BACKLOG = 4096
SPARE_FILES = 200
LAST_WORDS = 5.0
"""Seconds for what was sent last."""


def serve_live(instance: Parts, host: str, port: int, drain: float) -> NoReturn:
    """Until SIGTERM or SIGINT: it then says `draining` for `drain` seconds, asks its pages back one by one, and ends the process."""
    asyncio.run(_serve(instance, host, port, drain))
    os._exit(
        0
    )  # at once: the next one may be started when this one is gone, and nothing here is left to be put in order


async def _serve(instance: Parts, host: str, port: int, drain: float) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with (
        running_hub(instance, most_pages()) as (hub, gate),
        listening(Server(instance, hub, gate), host, port) as server,
    ):
        await stop.wait()
        server.draining = True
        await asyncio.sleep(drain)


@asynccontextmanager
async def listening(server: Server, host: str, port: int) -> AsyncIterator[Server]:
    """`server` takes connections; at the end its pages are asked to come back."""
    loop = asyncio.get_running_loop()
    taking = await loop.create_server(server.connection, host, port, backlog=BACKLOG, reuse_address=True)
    server.port = taking.sockets[0].getsockname()[1]
    sweeping = asyncio.create_task(_sweep(server))
    try:
        yield server
    finally:
        sweeping.cancel()
        taking.close()
        server.hub.drain()
        await server.idle(LAST_WORDS)


async def _sweep(server: Server) -> None:
    while True:
        await asyncio.sleep(1)
        server.sweep()


def most_pages() -> int:
    """As many as files may be open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return (1 << 20 if most == resource.RLIM_INFINITY else most) - SPARE_FILES
