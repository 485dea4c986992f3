"""PostgreSQL connections whose other end is gone: noticed before they are used, without asking the server anything."""

from __future__ import annotations

import select
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import Session

from .outage import OVER

if TYPE_CHECKING:
    import psycopg

# A server that is silent is given up: connecting after 5 s, unanswered data after 10 s, a connection at rest after about a minute.
# What the URL says itself wins. (libpq, "Parameter Key Words"; times in s, tcp_user_timeout in ms)
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


def conninfo(engine: Engine, url: URL) -> str:
    """What libpq is to be told for a SQLAlchemy URL, several hosts included."""
    from psycopg.conninfo import make_conninfo

    _, given = engine.dialect.create_connect_args(url)
    named = {
        name: value for name, value in with_timeouts(given).items() if name != "context"
    }  # psycopg's own, not libpq's
    return make_conninfo(**named)


def with_timeouts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Connection parameters with our limits on waiting for the server."""
    return {**_PATIENCE, **given}


def is_dead(fd: int) -> bool:
    """Whether something waits on an idle connection's socket: its end, or the server's word that it ends. A look into this machine's
    kernel, no round trip.
    """
    look = select.poll()
    look.register(fd, select.POLLIN)
    return bool(look.poll(0))


def replace_dead_connections(engine: Engine) -> None:
    """Have the pool of `engine` replace such connections, and drop those that a demoted server answers."""

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        parameters.update(with_timeouts(parameters))

    @event.listens_for(engine, "checkout")
    def look(connection: psycopg.Connection[Any], _record: Any, _proxy: Any) -> None:
        if connection.closed or is_dead(connection.pgconn.socket):
            raise DisconnectionError("the server ended this connection")  # the pool then makes another

    @event.listens_for(engine, "handle_error")
    def drop(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlstate", None) in OVER:
            context.is_disconnect = True


class ReadSession(Session):
    """Asks once more, on a new connection, when the one it had is lost. Each statement has a snapshot of its own in any case (READ
    COMMITTED), and nothing is written.
    """

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        return self.asking_again(super().execute, *args, **kwargs)

    def scalars(self, *args: Any, **kwargs: Any) -> Any:
        return self.asking_again(super().scalars, *args, **kwargs)

    def scalar(self, *args: Any, **kwargs: Any) -> Any:
        return self.asking_again(super().scalar, *args, **kwargs)

    def asking_again(self, ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What `ask` answers, at the second time if the connection is lost at the first."""
        try:
            return ask(*args, **kwargs)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        kept = list(self)  # a rollback would forget what these have loaded
        self.expunge_all()
        self.rollback()
        self.add_all(kept)
        return ask(*args, **kwargs)
