"""Settings: a wrong value ends the start with one clear line; an insecure one does so outside demo mode."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from idp.app import load_trust_store
from idp.foundation.settings import DEMO_SECRET, Settings, SettingsError, load
from idp.foundation.vault import Vault

ROOT = Path(__file__).resolve().parents[3]
GOOD_KEY = base64.urlsafe_b64encode(bytes(range(7, 39))).decode()  # the same in every test process
SECURE = {"ISSUER": "https://id.mihon.example", "SECRET_KEY": GOOD_KEY}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Set MACHI_ variables by `environment.update`-like calls of the tests."""
    for name in [n for n in os.environ if n.startswith("MACHI_")]:
        monkeypatch.delenv(name)
    return {}


def loaded(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"MACHI_{name}", value)
    return load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEMO", "maybe"),
        ("ISSUER", "id.mihon.example"),
        ("ISSUER", "ftp://id.mihon.example"),
        ("ISSUER", "https://id.mihon.example/?x=1"),
        ("ISSUER", "https://id.mihon.example/#x"),
        ("ISSUER", "https://["),
        ("ISSUER", "https://id.mihon.example:port"),
        ("ISSUER", "https://user@id.mihon.example"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "!" * 43),
        ("SECRET_KEY", "\u3042" * 20),
        ("SECRET_KEY", base64.urlsafe_b64encode(bytes(32)).decode()),
        ("SECRET_KEY", base64.urlsafe_b64encode(b"x" * 31).decode()),
        ("OLD_SECRET_KEYS", f"{GOOD_KEY} short"),
        ("DATABASE_URL", "mysql://localhost/machi"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "postgresql://host:port/machi"),
        ("LIVE_URL", "amqp://localhost"),
        ("WORKER", "sometimes"),
        ("WORKER", "external"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "many"),
        ("OUTBOUND_ALLOW", "10.0.0.0/33"),
        ("OUTBOUND_ALLOW", "intranet"),
        ("SIGNIN_LIMIT", "often"),
        ("TOKEN_LIMIT", "0"),
        ("ATTEMPT_LIMIT", "x"),
        ("CODE_SECONDS", "0"),
        ("CODE_SECONDS", "86400"),
        ("ACCESS_TOKEN_SECONDS", "1000000"),
        ("REFRESH_GRACE_SECONDS", "-1"),
        ("SESSION_IDLE_SECONDS", "x"),
        ("CARD_READER_URL", "https://reader.example"),
    ],
)
def test_a_wrong_value_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(monkeypatch, **(SECURE | {name: value}))
    line = str(caught.value)
    assert f"MACHI_{name}" in line
    assert "\n" not in line
    if "SECRET" in name:
        assert value not in line  # a secret is not printed, not even a wrong one


def test_good_values(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    settings = loaded(
        monkeypatch,
        **SECURE,
        DATABASE_URL="postgresql://machi@db/machi",
        LIVE_URL="redis://live:6379/0",
        WORKER="external",
        OUTBOUND_ALLOW="10.20.0.0/16, 10.30.0.0/16",
        OLD_SECRET_KEYS=f"{GOOD_KEY} {GOOD_KEY}",
    )
    assert settings.outbound_allow == ("10.20.0.0/16", "10.30.0.0/16")
    assert settings.old_secret_keys == (GOOD_KEY, GOOD_KEY)
    assert (settings.origin, settings.rp_id, settings.secure) == ("https://id.mihon.example", "id.mihon.example", True)
    assert GOOD_KEY not in repr(settings)


def test_the_issuer_has_no_slash_at_its_end() -> None:
    assert Settings(issuer="https://id.mihon.example/").issuer == "https://id.mihon.example"
    assert Settings(issuer="https://id.mihon.example:8443/machi").origin == "https://id.mihon.example:8443"


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"SECRET_KEY": DEMO_SECRET}, "MACHI_SECRET_KEY"),
        ({"ISSUER": "http://id.mihon.example"}, "MACHI_ISSUER"),
        ({"ISSUER": "http://localhost:8000"}, "MACHI_ISSUER"),
    ],
)
def test_insecure_settings_refuse_outside_demo_mode(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], changes: dict[str, str], variable: str
) -> None:
    with pytest.raises(SettingsError, match=f"refusing to start outside demo mode: {variable}"):
        loaded(monkeypatch, **(SECURE | changes))
    monkeypatch.setenv("MACHI_DEMO", "true")
    assert load().demo


def test_a_reader_over_http_refuses_too(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], tmp_path: Path
) -> None:
    files = {f"JPKI_{n}": str(tmp_path / n) for n in ("AUTH_ROOTS", "SIGN_ROOTS", "AUTH_CRL", "SIGN_CRL")}
    with pytest.raises(SettingsError, match="MACHI_CARD_READER_URL is http"):
        loaded(monkeypatch, **SECURE, **files, CARD_READER_URL="http://localhost:8003")


def test_a_test_hierarchy_refuses_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    from clients.simulators.card_reader import Deck

    deck = Deck.open(tmp_path_factory.mktemp("deck"))
    names = {
        "jpki_auth_roots": "auth-roots.pem",
        "jpki_sign_roots": "sign-roots.pem",
        "jpki_auth_crl": "auth.crl",
        "jpki_sign_crl": "sign.crl",
    }
    files = {setting: deck.state_dir / name for setting, name in names.items()}
    values = {"issuer": "https://id.mihon.example", "secret_key": GOOD_KEY, "card_reader_url": "https://reader.example"}
    with pytest.raises(SettingsError, match="test hierarchy"):
        load_trust_store(Settings(**values, **files))
    assert load_trust_store(Settings(**values, **files, demo=True)) is not None
    with pytest.raises(SettingsError, match="MACHI_JPKI"):
        load_trust_store(Settings(**values, **(files | {"jpki_auth_roots": tmp_path_factory.mktemp("none") / "x"})))


def test_the_process_says_so_and_ends(tmp_path: Path) -> None:
    """No trace, one line, exit code 1."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MACHI_")} | {"MACHI_ISSUER": "nonsense"}
    done = subprocess.run(
        [sys.executable, "-c", "from machi_id import wsgi; wsgi.app"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("machi: MACHI_ISSUER")
    assert "Traceback" not in done.stderr


def test_a_key_from_a_file_with_or_without_padding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As systemd and Kubernetes give it, mostly with a line's end."""
    file, old = tmp_path / "key", tmp_path / "old"
    monkeypatch.setenv("MACHI_SECRET_KEY_FILE", str(file))
    monkeypatch.setenv("MACHI_OLD_SECRET_KEYS_FILE", str(old))
    old.write_text(f"{GOOD_KEY}\n{DEMO_SECRET}\n")
    plain = base64.b64encode(base64.urlsafe_b64decode(GOOD_KEY)).decode()  # what `openssl rand -base64 32` prints
    for text in (GOOD_KEY, GOOD_KEY + "\n", GOOD_KEY.rstrip("="), plain, f" {plain.rstrip('=')}\r\n"):
        file.write_text(text)
        settings = Settings(demo=True)
        assert Vault(settings.secret_key).key_id == Vault(GOOD_KEY).key_id
        assert settings.old_secret_keys == (GOOD_KEY, DEMO_SECRET)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "MACHI_SECRET_KEY_FILE: cannot be read: No such file"), (b"", "MACHI_SECRET_KEY_FILE: holds no key"),
        (b"\xff\xfe", "MACHI_SECRET_KEY_FILE: holds no key"), (b"short", "MACHI_SECRET_KEY: must be"),
        (GOOD_KEY[:20].encode() + b" " + GOOD_KEY[20:].encode(), "MACHI_SECRET_KEY: must be base64url"),
    ],
    ids=["missing", "empty", "binary", "short", "broken"],
)  # fmt: skip
def test_a_file_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, says: str
) -> None:
    monkeypatch.setenv("MACHI_DEMO", "1")
    monkeypatch.setenv("MACHI_SECRET_KEY_FILE", str(tmp_path / "key"))
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value).startswith(says)
    assert GOOD_KEY[:20] not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_in_two_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(GOOD_KEY)
    monkeypatch.setenv("MACHI_DEMO", "1")
    monkeypatch.setenv("MACHI_SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("MACHI_SECRET_KEY", GOOD_KEY)
    with pytest.raises(SettingsError, match="MACHI_SECRET_KEY_FILE: MACHI_SECRET_KEY is set as well"):
        load()


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("https://ID.Mihon.example", "https://id.mihon.example"),
        ("HTTPS://id.mihon.example", "https://id.mihon.example"),
        ("https://id.mihon.example:443/machi", "https://id.mihon.example/machi"),
        ("https://id.\u307f\u307b\u3093.example", "https://id.xn--79jh5d.example"),
        ("https://id.mihon.example?", "https://id.mihon.example"),
        ("https://id.mi\thon.example", "https://id.mihon.example"),
    ],
)
def test_an_issuer_that_browsers_write_otherwise_is_refused_with_the_right_one(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], value: str, right: str
) -> None:
    """Not rewritten: apps compare it character by character, and a running installation's must not change by itself."""
    for name in ("MTLS_BASE_URL", "ISSUER"):
        with pytest.raises(SettingsError, match=f"^MACHI_{name}: write it as {right} ") as caught:
            loaded(monkeypatch, **(SECURE | {name: value}))
        assert "\n" not in str(caught.value)
        monkeypatch.delenv(f"MACHI_{name}")
    assert loaded(monkeypatch, **(SECURE | {"ISSUER": right})).issuer == right


@pytest.mark.parametrize("path", ["/a//b", "/a/../b", "/.", "/%6dachi", "/a b", "/a~b", "/a;b", "\\evil"])
def test_a_path_that_somebody_would_read_otherwise_is_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], path: str
) -> None:
    with pytest.raises(SettingsError, match=r"^MACHI_ISSUER: "):
        loaded(monkeypatch, **(SECURE | {"ISSUER": f"https://id.mihon.example{path}"}))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("DPOP_NONCE_REQUIERD", "did you mean MACHI_DPOP_NONCE_REQUIRED?"),
        ("DATABASE", "did you mean MACHI_DATABASE_URL?"),
        ("COLOUR_OF_THE_SEA", "docs/settings.md has all settings"),
        ("PORT", "docs/settings.md has all settings"),
    ],
)
def test_a_variable_that_is_no_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], name: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(monkeypatch, **SECURE, **{name: "8000"})
    assert str(caught.value) == f"MACHI_{name}: there is no such setting; {hint}"


def test_what_kubernetes_gives_every_container_is_no_misspelt_setting(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    """Service links: a Service named machi, one named machi-redis."""
    links = {}
    for service in ("", "REDIS_"):
        links |= {
            f"{service}SERVICE_HOST": "10.0.0.11",
            f"{service}SERVICE_PORT": "8000",
            f"{service}SERVICE_PORT_HTTP": "8000",
            f"{service}PORT": "tcp://10.0.0.11:8000",
            f"{service}PORT_8000_TCP": "tcp://10.0.0.11:8000",
            f"{service}PORT_8000_TCP_PROTO": "tcp",
            f"{service}PORT_8000_TCP_PORT": "8000",
            f"{service}PORT_8000_TCP_ADDR": "10.0.0.11",
        }
    assert loaded(monkeypatch, **SECURE, **links).issuer == SECURE["ISSUER"]
