"""Rate limits: counted per what, who and from where together; shared by processes through Redis."""

from __future__ import annotations

import pytest

from idp.foundation.limits import LimitExceededError, Limits
from tests.support.town import Town


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.servers)])
def live_url(request: pytest.FixtureRequest) -> str:
    return "memory://" if request.param == "memory" else request.getfixturevalue("redis_url")


def test_so_many_and_no_more(live_url: str) -> None:
    limits = Limits(live_url)
    limits.reset()
    for _ in range(3):
        limits.hit("3/minute", "what", "who", "192.0.2.0/24")
    with pytest.raises(LimitExceededError) as caught:
        limits.hit("3/minute", "what", "who", "192.0.2.0/24")
    assert 1 <= caught.value.retry_after <= 62
    limits.hit("3/minute", "what", "other", "192.0.2.0/24")
    limits.hit("3/minute", "what", "who", "198.51.100.0/24")
    limits.hit("3/minute", "else", "who", "192.0.2.0/24")


def test_looking_does_not_count(live_url: str) -> None:
    limits = Limits(live_url)
    limits.reset()
    for _ in range(5):
        limits.check("1/minute", "what", "who")
    limits.hit("1/minute", "what", "who")
    with pytest.raises(LimitExceededError):
        limits.check("1/minute", "what", "who")


@pytest.mark.servers
def test_processes_share_it(redis_url: str) -> None:
    first, second = Limits(redis_url), Limits(redis_url)
    first.reset()
    first.hit("2/minute", "what", "shared")
    second.hit("2/minute", "what", "shared")
    for limits in (first, second):
        with pytest.raises(LimitExceededError):
            limits.hit("2/minute", "what", "shared")


def test_the_page_says_how_long_to_wait(sqlite_url: str) -> None:
    with Town(sqlite_url, signin_limit="2/minute") as town:
        browser = town.browser()
        attempt = browser.get("/signin").location
        answers = [browser.post_json(f"{attempt}/passkey/options", {}) for _ in range(3)]
        assert [a.status_code for a in answers] == [200, 200, 429]
        assert int(answers[2].headers["Retry-After"]) >= 1
        assert answers[2].json["title"] == "too_many_requests"
        # Another browser of the same network is another key: nobody locks the neighbours out.
        other = town.browser()
        assert other.post_json(f"{other.get('/signin').location}/passkey/options", {}).status_code == 200


@pytest.mark.parametrize("address", ["nonsense", "", "::ffff:192.0.2.1", "2001:db8::1"])
def test_an_address_that_does_not_parse_does_not_slip_past(sqlite_url: str, address: str) -> None:
    """authentik CVE-2024-47070: an unparsable X-Forwarded-For skipped a check."""
    with Town(sqlite_url, signin_limit="1/minute", trusted_proxies=1) as town:
        browser = town.browser()
        attempt = browser.get("/signin").location
        headers = {"X-Forwarded-For": address}
        answers = [browser.post_json(f"{attempt}/passkey/options", {}, headers=headers).status_code for _ in range(2)]
        assert answers == [200, 429]


HONEST = "203.0.113.7"


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        (HONEST, f"{HONEST}:51234", True),
        (f"{HONEST}:1", f"{HONEST}:2", True),
        (HONEST, f"::ffff:{HONEST}", True),
        (f"::ffff:{HONEST}", "::ffff:198.51.100.7", False),
        ("[2001:db8:1:2::7]:4711", "2001:db8:1:2::8", True),
        ("2001:db8:1:2::7", "2001:db8:1:3::7", False),
        ("unknown", HONEST, False),
        ("unknown", "0.0.0.0", False),
        ("nonsense", "unknown", True),
    ],
)
def test_who_shares_a_counter(sqlite_url: str, first: str, second: str, shared: bool) -> None:
    """A proxy that writes ports, mapped addresses or none at all neither splits one caller in many nor puts all callers in one."""
    with Town(sqlite_url, activation_limit="1/hour", trusted_proxies=1) as town:
        browser = town.browser()
        path = browser.get("/signin").location + "/code"
        answers = [
            browser.post(path, {"code": "AAAA", "birth_date": ""}, headers={"X-Forwarded-For": address}).status_code
            for address in (first, second)
        ]
        assert answers == [400, 429 if shared else 400]


def test_what_comes_very_often_is_counted_a_hundredth_of_the_rate_at_a_time(live_url: str) -> None:
    limits, other = Limits(live_url), Limits(live_url)
    limits.reset()
    for _ in range(300):
        limits.hit_often("300/minute", "what", "who")
    with pytest.raises(LimitExceededError):
        limits.hit_often("300/minute", "what", "who")
    limits.hit_often("300/minute", "what", "other")
    if live_url != "memory://":  # another process has the same count
        with pytest.raises(LimitExceededError):
            other.hit_often("300/minute", "what", "who")


def test_a_small_rate_is_counted_one_by_one(live_url: str) -> None:
    limits = Limits(live_url)
    limits.reset()
    limits.hit_often("2/minute", "what", "who")
    limits.hit("2/minute", "what", "who")
    with pytest.raises(LimitExceededError):
        limits.hit_often("2/minute", "what", "who")
