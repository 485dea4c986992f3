"""Builds the application: the provider alone, or with the pages that stand above it."""

from __future__ import annotations

from flask import Flask

from . import desk, signin, staff
from .credentials.jpki import CardPolicy, TrustError, TrustStore
from .foundation import housekeeping
from .foundation.context import Parts, build_parts
from .foundation.key_ring import check_key
from .foundation.settings import Settings, SettingsError
from .foundation.web.application import Application
from .foundation.web.callers import undeclared
from .foundation.web.home import Home
from .foundation.web.mount import refuse_ambiguous
from .foundation.web.shell import install_shell
from .oidc import install as oidc
from .oidc.access import PLAIN_HOME


def create_app(
    settings: Settings, home: Home = PLAIN_HOME, *, worker: bool = True, check_secret_key: bool = True
) -> Application:
    """The provider with the pages of `home` above it; without any it has a page of its own. Raises `SettingsError`.

    `worker`: run the delivery loop here, if the settings say inline. Commands check the key themselves.
    """
    instance = build_parts(settings)
    if check_secret_key:
        check_key(instance.database, instance.vault, serving=True)
    app = Application("machi")
    _install(app, instance, home)
    if missing := undeclared(app):
        raise RuntimeError(f"routes without a declared caller: {', '.join(missing)}")
    refuse_ambiguous(app, settings.path)
    if worker and settings.worker == "inline":
        instance.worker.start()
    return app


def _install(app: Flask, instance: Parts, home: Home) -> None:
    install_shell(app, instance, home)
    if (store := load_trust_store(instance.settings)) is not None:
        app.extensions["machi_trust_store"] = store
    signin.install(app)
    staff.install(app)
    oidc.install(app, instance)
    desk.install(app)
    instance.worker.handles(housekeeping.TOPIC, lambda job: housekeeping.handle(instance.database, job), slow=True)
    home.install(app)


def load_trust_store(settings: Settings) -> TrustStore | None:
    """The card's roots, if cards are on; a test hierarchy only in demo mode."""
    if not settings.card_reader_url:
        return None
    paths = (settings.jpki_auth_roots, settings.jpki_sign_roots, settings.jpki_auth_crl, settings.jpki_sign_crl)
    auth_roots, sign_roots, auth_crl, sign_crl = paths
    if auth_roots is None or sign_roots is None or auth_crl is None or sign_crl is None:
        raise SettingsError("MACHI_CARD_READER_URL needs the four MACHI_JPKI_* files")
    try:
        store = TrustStore.load(auth_roots, sign_roots, auth_crl, sign_crl, CardPolicy())
    except (TrustError, OSError) as error:
        raise SettingsError(f"MACHI_JPKI_AUTH_ROOTS/SIGN_ROOTS: {error}") from None
    if store.is_test_hierarchy and not settings.demo:
        raise SettingsError("refusing to start outside demo mode: the card roots are a test hierarchy")
    return store
