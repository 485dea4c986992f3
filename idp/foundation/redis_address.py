"""Where Redis (or Valkey) is: one server, whoever Sentinel says is the master, or a cluster.

    redis://[user:password@]host:6379/0     rediss://… (TLS)     unix:///path
    redis+sentinel://[user:password@]host:26379,host:26379/service-name
    redis+cluster://[user:password@]host:6379,host:6379

The forms are those of the `limits` library, so that one address serves counters and bus. The client library is loaded when it is used:
with memory:// nobody needs its 60 modules.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "redis+cluster")

TIMEOUT = 1.0
"""Seconds for connecting and for an answer: people wait meanwhile."""


@cache
def failures() -> tuple[type[Exception], ...]:
    """What is raised when nothing is there, it went away, or it cannot do what it is asked now."""
    from limits.errors import ConfigurationError
    from redis.exceptions import RedisClusterException, RedisError

    return RedisError, RedisClusterException, ConfigurationError, OSError


class Places(NamedTuple):
    """Where to ask, as whom, and for which of the services that Sentinel watches."""

    locations: list[tuple[str, int]]
    login: dict[str, str]
    service: str


def _places(url: str) -> Places:
    """Raises `ValueError`."""
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    username, _, password = user.partition(":")
    login = {"username": unquote(username), "password": unquote(password)}
    locations = []
    for place in hosts.split(","):
        host, _, port = place.rpartition(":")
        if not host or not 0 < int(port) < 65536:
            raise ValueError("a host and a port each")
        locations.append((host.strip("[]"), int(port)))
    return Places(locations, {name: value for name, value in login.items() if value}, parts.path.strip("/"))


def check_address(url: str) -> None:
    """Raises `ValueError` with a sentence for an operator."""
    scheme = url.split(":")[0]
    if scheme not in SCHEMES:
        raise ValueError("must be memory://, redis://…, rediss://…, unix://…, redis+sentinel://… or redis+cluster://…")
    if scheme not in ("redis+sentinel", "redis+cluster"):
        return
    try:
        service = _places(url).service
    except ValueError:
        raise ValueError(f"must be {scheme}://host:port,host:port…") from None
    if scheme == "redis+sentinel" and not service:
        raise ValueError("must end with the name of the service that Sentinel watches")


def connection_options(url: str, tries: int) -> dict[str, Any]:
    """How connections wait and try: never long, as there is always a way on without Redis."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    options: dict[str, Any] = {
        "socket_connect_timeout": TIMEOUT,
        "socket_timeout": TIMEOUT,
        "retry": Retry(NoBackoff(), tries),
    }
    return options if url.startswith("unix") else options | {"socket_keepalive": True}


def open_client(url: str, tries: int = 1) -> Any:
    """A client. `tries`: how often an answer that did not come is asked for again. Connects at once only for a cluster."""
    from redis import Redis, RedisCluster
    from redis.cluster import ClusterNode
    from redis.sentinel import Sentinel

    options = connection_options(url, tries)
    if not url.startswith(("redis+sentinel", "redis+cluster")):
        return Redis.from_url(url, **options)
    places = _places(url)
    options |= places.login
    if url.startswith("redis+cluster"):
        nodes = [ClusterNode(host, port) for host, port in places.locations]  # type: ignore[no-untyped-call]
        return RedisCluster(startup_nodes=nodes, **options)
    waiting = {"socket_connect_timeout": TIMEOUT, "socket_timeout": TIMEOUT}
    found = Sentinel(places.locations, sentinel_kwargs=waiting | places.login, **options)  # type: ignore[no-untyped-call]
    return found.master_for(places.service)  # type: ignore[no-untyped-call]
