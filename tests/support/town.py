"""A town in process: the whole application on a real database, with people, apps and browsers."""

from __future__ import annotations

import itertools
from types import TracebackType
from typing import Any

from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import func, select

from idp.audit import AuditEvent
from idp.foundation.context import parts as parts_of
from idp.foundation.settings import Settings
from idp.foundation.web.home import Home
from idp.oidc.registration.register_client import CityOptions, register_client
from idp.oidc.server.provider import provider
from idp.residents.activation import issue_activation_code
from idp.residents.claiming import claim_by_attributes
from idp.residents.import_register import ImportReport, import_register
from idp.residents.read import resolve_local_number
from machi_id.wsgi import create_app
from mypage import MY_PAGE

from .apps import App
from .browser import Browser
from .people import LINES, LOCAL_NUMBERS, register_lines

ISSUER = "http://localhost:8000"


class _Compiled(BytecodeCache):
    """Compiled templates, kept between towns: every application would compile its own again."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if found := self._kept.get(bucket.key + bucket.checksum):
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


_compiled = _Compiled()


class _CompiledSql(dict[Any, Any]):
    """Compiled statements, kept between towns: by the kind of database, not by the dialect object that every engine makes anew."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


_compiled_sql = _CompiledSql()


class Town:
    """`settings` go to `Settings` over test defaults; `database_url` must have the schema. `home`: the pages above the provider."""

    def __init__(self, database_url: str, live_url: str = "memory://", home: Home = MY_PAGE, **settings: Any) -> None:
        values: dict[str, Any] = {
            "demo": True,
            "issuer": ISSUER,
            "database_url": database_url,
            "live_url": live_url,
            "outbound_loopback": True,
            "http_redirects_on_localhost": True,
            "attempt_limit": "100000/minute",
        }
        self.settings = Settings(**values | settings)
        self.app = create_app(self.settings, home=home, worker=False)
        self.app.jinja_env.bytecode_cache = _compiled
        self.parts = parts_of(self.app)
        self.parts.database.engine.update_execution_options(compiled_cache=_compiled_sql)
        self.op = provider(self.app)
        self.issuer = self.settings.issuer
        self._hosts = itertools.count(1)

    def __enter__(self) -> Town:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.op.store.close()
        self.parts.close()

    # people --------------------------------------------------------------------------------------------------------

    def import_people(self, *keys: str) -> ImportReport:
        """Import these people (all without arguments) from the register."""
        return import_register(self.parts.database, self.parts.vault, register_lines(*keys))

    def resident(self, key: str = "hanako", method: str = "activation_code_counter") -> str:
        """A resident who has claimed their row; returns the resident_id."""
        self.import_people(key)
        _, name, _, birth_date, _, address = LINES[key].split(",")[:6]
        with self.parts.database.write() as session:
            claim = claim_by_attributes(
                session, self.parts.vault, name=name, birth_date=birth_date, address=address, method=method
            )
        assert claim.resident_id is not None
        return claim.resident_id

    def activation_code(self, key: str = "hanako", channel: str = "counter") -> str:
        """A code for somebody of the register who has not claimed yet."""
        self.import_people(key)
        with self.parts.database.write() as session:
            resident_id = resolve_local_number(session, self.parts.vault, LOCAL_NUMBERS[key])
            assert resident_id is not None
            return issue_activation_code(session, self.parts.vault, resident_id, channel)

    # apps ----------------------------------------------------------------------------------------------------------

    def register(self, options: CityOptions | None = None, **metadata: Any) -> App:
        """A client; each gets a host, hence a sector, of its own unless `redirect_uris` are given."""
        host = f"app{next(self._hosts)}.example"
        given: dict[str, Any] = {
            "client_name": host.split(".")[0],
            "redirect_uris": [f"https://{host}/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "id_token_signed_response_alg": "ES256",
        } | metadata
        if not {"authorization_code", "implicit"} & set(given["grant_types"]):
            given.pop("redirect_uris")
        with self.parts.database.write() as session:
            done = register_client(session, self.settings, self.parts.outbound, given, "test", options)
        self.op.clients.forget(done.client_id)
        return App(self, done.client_id, done.client_secret, done.metadata)

    def browser(self, lang: str = "en") -> Browser:
        return Browser(self, lang)

    def signed_in(self, key: str = "hanako") -> Browser:
        """A browser in which this resident is signed in."""
        browser = self.browser()
        browser.sign_in(self.resident(key))
        return browser

    # looking -------------------------------------------------------------------------------------------------------

    def count(self, table: Any, *conditions: Any) -> int:
        """How many rows there are."""
        with self.parts.database.read() as session:
            return int(session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)

    def rows(self, table: Any, *conditions: Any) -> list[Any]:
        with self.parts.database.read() as session:
            return list(session.scalars(select(table).where(*conditions)))

    def events(self, kind: str) -> list[AuditEvent]:
        """What the record says happened."""
        return self.rows(AuditEvent, AuditEvent.type == kind)

    def change(self, statement: Any) -> None:
        """Change rows behind the product's back."""
        with self.parts.database.write() as session:
            session.execute(statement)

    def writing(self) -> Any:
        """A writing session: `with town.writing() as session`."""
        return self.parts.database.write()
