"""Builds the provider's part of the application."""

from __future__ import annotations

from flask import Flask

from . import desk, staff
from .credentials.jpki import CardPolicy, TrustError, TrustStore
from .foundation import housekeeping
from .foundation.context import Parts
from .foundation.settings import Settings, SettingsError
from .foundation.web.shell import install_shell
from .oidc import install as oidc
from .signin import account_stopped, away, card_pages, code_pages, guard, pages, passkey_pages, way_back, welcome


def install(app: Flask, instance: Parts, translation_packages: tuple[str, ...]) -> None:
    """Web shell, sign-in and protocol on `app`. Raises `SettingsError` for what cannot be used."""
    install_shell(app, instance, translation_packages)
    if (store := load_trust_store(instance.settings)) is not None:
        app.extensions["machi_trust_store"] = store
    guard.install_guard(app)
    for module in (pages, passkey_pages, away, card_pages, code_pages, welcome):
        app.register_blueprint(module.bp)
    account_stopped.install(app)
    way_back.install(app)
    staff.install(app)
    oidc.install(app, instance)
    desk.install(app)
    instance.worker.handles(housekeeping.TOPIC, lambda job: housekeeping.handle(instance.database, job), slow=True)


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
