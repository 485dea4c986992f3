"""Ending what should end, and nothing else."""

from __future__ import annotations

import pytest

from idp.front.storage import clock
from idp.oidc.grants.model import Consent
from tests.mypage.pages.conftest import Visit


def allow(visit: Visit, client_id: str = "kodomo") -> None:
    with visit.city.parts.database.write() as session:
        consent = Consent(
            resident_id=visit.resident_id, client_id=client_id, scope="address openid profile", granted_at=clock.now()
        )
        session.add(consent)


def test_an_app_with_access_says_what_it_gets_and_can_be_ended(hanako: Visit, taro: Visit) -> None:
    allow(hanako)
    allow(taro)
    text = hanako.text("/my/settings/apps")
    assert "こども家庭課" in text
    assert "氏名" in text
    assert "住所" in text
    confirm = "/my/settings/apps/kodomo/end"
    assert 'data-testid="app-end-confirm"' in hanako.text(confirm)
    assert hanako.client.post(confirm).status_code == 400  # no CSRF token: nothing ends
    assert 'data-testid="app-row"' in hanako.text("/my/settings/apps")
    assert hanako.post(confirm, confirm).headers["Location"] == "/my/settings/apps?done=app"
    assert 'data-testid="app-row"' not in hanako.text("/my/settings/apps")
    assert 'data-testid="app-row"' in taro.text("/my/settings/apps")


def test_an_app_without_access_has_nothing_to_end(hanako: Visit) -> None:
    assert hanako.get("/my/settings/apps/fukushi/end").status_code == 404


def test_another_device_is_signed_out_and_this_one_stays(hanako: Visit) -> None:
    other = Visit(hanako.city, hanako.resident_id)
    text = hanako.text("/my/settings/devices")
    assert text.count('data-testid="device-row"') == 2
    assert text.count('data-testid="device-end"') == 1
    assert hanako.post(f"/my/settings/devices/{other.session_id}/end", "/my/settings/devices").status_code == 303
    assert other.get("/my/").status_code == 303
    assert hanako.get("/my/").status_code == 200
    assert hanako.post(f"/my/settings/devices/{hanako.session_id}/end", "/my/settings/devices").status_code == 409


def test_nobody_ends_another_residents_login(hanako: Visit, taro: Visit) -> None:
    hanako.post(f"/my/settings/devices/{taro.session_id}/end", "/my/settings/devices")
    assert taro.get("/my/").status_code == 200


def test_all_other_devices_at_once(hanako: Visit, taro: Visit) -> None:
    others = [Visit(hanako.city, hanako.resident_id) for _ in range(2)]
    assert hanako.post("/my/settings/devices/end-others", "/my/settings/devices").status_code == 303
    assert [v.get("/my/").status_code for v in (*others, hanako, taro)] == [303, 303, 200, 200]


def test_everywhere_else_is_also_whoever_copied_this_browsers_cookie(hanako: Visit) -> None:
    copied = hanako.client.get_cookie("machi_session")
    assert copied is not None
    thief = hanako.city.app.test_client()
    thief.set_cookie("machi_session", copied.value)
    assert thief.get("/my/").status_code == 200
    hanako.post("/my/settings/devices/end-others", "/my/settings/devices")
    assert (hanako.get("/my/").status_code, thief.get("/my/").status_code) == (200, 303)


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("page", ["", "/apps", "/devices", "/credentials"])
def test_every_settings_page_is_there_in_both_languages(hanako: Visit, page: str, lang: str) -> None:
    text = Visit(hanako.city, hanako.resident_id, lang).text("/my/settings" + page)
    assert f'<html lang="{lang}">' in text
    assert ("設定" if lang == "ja" else "Settings") in text
