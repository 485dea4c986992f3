"""A running provider with everything around it that the core plans need: people, clients, and documents of clients on the web."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import requests
from flask import Flask, Response, request
from sqlalchemy import select

from idp.logins.levels import dump_factors, load_factors
from idp.logins.model import LoginSession
from idp.oidc.registration.register_client import CityOptions
from idp.oidc.registration.registration import issue_initial_access_token
from idp.residents.import_register import import_register
from tests.support.serving import Served

from .authenticator import Authenticator
from .core_client import Client
from .core_plans import CODE, Variant
from .people import BIRTH_DATES, HEADER, LINES
from .server import free_port
from .signing_in import Resident
from .town import Town


class CoreSite:
    """`town` sees the server's database, for what is not done over HTTP: the register, the city's desk, the clock."""

    def __init__(self, issuer: str, town: Town) -> None:
        self.issuer, self.town = issuer, town
        self._numbers = itertools.count(1)
        self.documents: dict[str, tuple[bytes, str]] = {}
        self.heard: dict[str, list[dict[str, str]]] = {}
        app = Flask("clients")
        app.add_url_rule("/<name>", view_func=self._document)
        app.add_url_rule("/heard/<name>", endpoint="heard", view_func=self._hear, methods=["POST"])
        self.web = Served(app, free_port())
        with town.writing() as session:
            self.initial_token = issue_initial_access_token(session, "plans", 1000, timedelta(days=1))
        self.device = self._first_time()
        self.rotating: Client | None = None
        self.rotating_tokens: dict[str, Any] | None = None

    def _first_time(self) -> Authenticator:
        """見本 花子, with a phone number, claims her row over HTTP and makes a passkey."""
        person = Resident(self.issuer)
        code = self.town.activation_code("hanako")
        import_register(self.town.parts.database, self.town.parts.vault, [HEADER, LINES["hanako"] + "+81312345678"])
        page = person.go(f"{self.issuer}/signin")
        person.claim(page, code, BIRTH_DATES["hanako"])
        return person.device

    # people --------------------------------------------------------------------------------------------------------

    def person(self, lang: str = "en") -> Resident:
        """見本 花子 at another browser, not signed in."""
        return Resident(self.issuer, self.device, lang)

    def signed_in(self) -> Resident:
        person = self.person()
        person.visit(f"{self.issuer}/signin")
        assert person.signins == 1
        return person

    def later(self, seconds: int) -> None:
        """As if the sign-ins of now were this old."""
        ago = timedelta(seconds=seconds)
        with self.town.writing() as session:
            for login in session.scalars(select(LoginSession).where(LoginSession.ended_at.is_(None))):
                login.authenticated_at -= ago
                aged = [replace(f, at=f.at - seconds * 1000) for f in load_factors(login.factors)]
                login.factors = dump_factors(aged)

    # clients -------------------------------------------------------------------------------------------------------

    def client(self, variant: Variant = CODE, *, private: Any = None, consent: bool = False, **metadata: Any) -> Client:
        """A client the city registered, as the suite's are: RS256."""
        given = {"id_token_signed_response_alg": "RS256"} | variant.metadata | metadata
        app = self.town.register(CityOptions(skip_consent=not consent), **given)
        found = {**app.metadata, "client_id": app.client_id}
        if app.secret is not None:
            found["client_secret"] = app.secret
        return Client(self.issuer, found, variant, private)

    def register(self, **metadata: Any) -> requests.Response:
        """Dynamic registration, each time from another network (registrations are limited per network)."""
        number = next(self._numbers)
        given = {"redirect_uris": [f"https://dynamic{number}.example/cb"], "client_name": "Dynamic"} | metadata
        headers = {
            "Authorization": f"Bearer {self.initial_token}",
            "X-Forwarded-For": f"203.{number // 250}.{number % 250}.7",
        }
        return requests.post(f"{self.issuer}/register", json=given, headers=headers, timeout=10)

    # documents on the web ------------------------------------------------------------------------------------------

    def publish(self, name: str, document: Any, kind: str = "application/json") -> str:
        """Put a document where the provider can fetch it; returns its address."""
        text = document.encode() if isinstance(document, str) else document
        body = text if isinstance(text, bytes) else orjson.dumps(document)
        self.documents[name] = (body, kind)
        return f"{self.web.url}/{name}"

    def listen(self, name: str) -> str:
        """An address that keeps what is posted to it in `heard[name]`."""
        self.heard[name] = []
        return f"{self.web.url}/heard/{name}"

    def _document(self, name: str) -> Response:
        body, kind = self.documents.get(name, (b"", ""))
        return Response(body, 200 if kind else 404, content_type=kind or "text/plain")

    def _hear(self, name: str) -> Response:
        self.heard[name].append(request.form.to_dict())
        return Response(status=200)

    def close(self) -> None:
        self.web.stop()
