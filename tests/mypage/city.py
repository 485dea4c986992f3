"""What tests of my page start from."""

from __future__ import annotations

import base64
import itertools
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Any

import orjson
from flask import Flask
from werkzeug.test import TestResponse

from idp.foundation.vault import digest
from idp.front.storage import clock, new_id
from idp.logins.levels import Factor, dump_factors
from idp.logins.model import LoginSession
from idp.oidc.clients.model import Client
from idp.oidc.tokens.tokens import api_audience, make_access_token
from idp.residents.model import RegistryLink, Resident
from idp.residents.subjects import subject_of
from mypage import MY_PAGE
from tests.support.town import Town

ISSUER = "http://localhost:8000"
SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
ALL_SCOPES = "case:write notice:write task:write"


class City:
    """The town as departments see it: `kodomo` and `fukushi` report, about residents made by `resident`. The database has the schema.

    `config` goes to Flask's, before my page is installed.
    """

    def __init__(self, database_url: str, live_url: str = "memory://", **config: Any) -> None:
        def install(app: Flask) -> None:
            app.config.update(config)
            MY_PAGE.install(app)

        self.town = Town(database_url, live_url, home=replace(MY_PAGE, install=install), issuer=ISSUER)
        self.app, self.parts = self.town.app, self.town.parts
        self._ids = itertools.count(1)
        self._residents = itertools.count(1)
        self._tokens: dict[tuple[str, str], str] = {}
        self.department("kodomo", "こども家庭課", local_numbers=False)
        self.department("fukushi", "福祉課", local_numbers=True)

    def __enter__(self) -> City:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.town.__exit__(kind, error, trace)

    # people and departments ------------------------------------------------------------------------------------------------------

    def department(self, client_id: str, name: str, local_numbers: bool) -> None:
        metadata = {
            "client_name": name,
            "client_name#ja": name,
            "client_name#en": client_id.title(),
            "department#ja": name,
            "department#en": client_id.title(),
            "scope": ALL_SCOPES,
            "grant_types": ["client_credentials"],
        }
        now = clock.now()
        with self.parts.database.write() as session:
            session.add(
                Client(
                    client_id=client_id,
                    metadata_json=orjson.dumps(metadata).decode(),
                    sector=f"client:{client_id}",
                    event_source=self.source(client_id),
                    may_use_local_numbers=local_numbers,
                    created_at=now,
                    changed_at=now,
                )
            )

    def source(self, client_id: str) -> str:
        return f"https://{client_id}.example"

    def resident(self, local_number: str | None = None) -> str:
        """A new active resident; returns the resident_id."""
        resident_id = new_id()
        now = clock.now()
        number = f"{next(self._residents):011d}"
        with self.parts.database.write() as session:
            session.add(
                Resident(
                    resident_id=resident_id,
                    unified_id=number,
                    state="active",
                    attributes=b"-",
                    match_key=number,
                    near_key=number,
                    created_at=now,
                    changed_at=now,
                    claimed_at=now,
                )
            )
            session.flush()
            if local_number:
                index = self.parts.vault.index("local-number", local_number)
                session.add(RegistryLink(local_index=index, resident_id=resident_id, local_sealed=b"-"))
        return resident_id

    def sub(self, resident_id: str, client_id: str = "kodomo") -> str:
        with self.parts.database.write() as session:
            return subject_of(session, resident_id, f"client:{client_id}")

    def named(self, resident_id: str, client_id: str = "kodomo") -> dict[str, str]:
        """The `resident` member by pairwise sub."""
        return {"format": "iss_sub", "iss": ISSUER, "sub": self.sub(resident_id, client_id)}

    def sign_in(self, resident_id: str) -> tuple[str, str]:
        """A login session; returns its id and the cookie value."""
        now, session_id = clock.now(), new_id()
        token = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
        with self.parts.database.write() as session:
            session.add(
                LoginSession(
                    session_id=session_id,
                    token_digest=digest(token),
                    resident_id=resident_id,
                    factors=dump_factors([Factor("passkey", int(now.timestamp() * 1000))]),
                    authenticated_at=now,
                    created_at=now,
                    seen_at=now,
                    expires_at=now + timedelta(hours=12),
                    device="Test",
                )
            )
        return session_id, token

    # events ----------------------------------------------------------------------------------------------------------------------

    def event(
        self, kind: str, subject: str, sequence: int, data: dict[str, Any], client_id: str = "kodomo", **more: Any
    ) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": f"e-{next(self._ids)}",
            "source": self.source(client_id),
            "type": f"jp.machi.{kind}.v1",
            "subject": subject,
            "time": "2026-05-11T09:30:00+09:00",
            "sequence": f"{sequence:020d}",
            "datacontenttype": "application/json",
            "data": data,
            **more,
        }

    def case(
        self,
        resident_id: str,
        subject: str,
        sequence: int,
        phase: str = "in_review",
        client_id: str = "kodomo",
        **data: Any,
    ) -> dict[str, Any]:
        """A complete case event."""
        whole = {
            "resident": self.named(resident_id, client_id),
            "procedure": {"code": "jidou-teate", "title": {"ja": "児童手当", "en": "Child allowance"}},
            "received_at": "2026-05-01T10:00:00+09:00",
            "phase": phase,
            **data,
        }
        if phase == "action_required" and "reason" not in data:
            whole["reason"] = {"ja": "口座の写しが必要です", "en": "We need a copy of your bank book"}
        return self.event("case.status", subject, sequence, {k: v for k, v in whole.items() if v is not ...}, client_id)

    def notice(
        self,
        resident_id: str,
        subject: str,
        sequence: int = 1,
        client_id: str = "kodomo",
        more: dict[str, Any] | None = None,
        **data: Any,
    ) -> dict[str, Any]:
        whole = {
            "resident": self.named(resident_id, client_id),
            "title": {"ja": "お知らせ", "en": "Notice"},
            "body": {"ja": "本文です", "en": "The text"},
            **data,
        }
        return self.event("notice.published", subject, sequence, whole, client_id, **(more or {}))

    def task(
        self, resident_id: str, subject: str, sequence: int = 1, client_id: str = "kodomo", **data: Any
    ) -> dict[str, Any]:
        whole = {"resident": self.named(resident_id, client_id), "title": {"ja": "届出", "en": "Report"}, **data}
        return self.event("task.opened", subject, sequence, whole, client_id)

    def token(self, client_id: str, scope: str = ALL_SCOPES) -> str:
        if (client_id, scope) not in self._tokens:
            settings = self.parts.settings
            self._tokens[client_id, scope] = make_access_token(
                settings,
                self.town.op.keys,
                client_id=client_id,
                sub=client_id,
                scope=scope,
                audience=[api_audience(settings)],
                grant_id=None,
                now=clock.epoch(),
            )
        return self._tokens[client_id, scope]

    def send(
        self,
        body: Any,
        client_id: str = "kodomo",
        scope: str = ALL_SCOPES,
        content_type: str | None = None,
        **headers: str,
    ) -> TestResponse:
        """POST one event (dict), a batch (list), or raw bytes."""
        kind = content_type or (BATCH if isinstance(body, list) else SINGLE)
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        all_headers = {"Authorization": f"Bearer {self.token(client_id, scope)}", **headers}
        return self.app.test_client().post("/api/v1/events", data=raw, content_type=kind, headers=all_headers)

    def statuses(self, body: Sequence[dict[str, Any]], client_id: str = "kodomo") -> list[str]:
        """The status of each line of a batch; a problem's code for a rejected one."""
        answer = self.send(list(body), client_id)
        assert answer.status_code == 202, answer.get_data(as_text=True)
        return [
            line["problem"]["title"] if line["status"] == "rejected" else line["status"]
            for line in answer.json["results"]
        ]


__all__ = ["BATCH", "ISSUER", "SINGLE", "City"]
