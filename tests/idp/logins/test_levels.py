"""Levels are computed from what was done (NIST SP 800-63B §2), and nothing is above what its row says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.logins.levels import (
    ACR_VALUES,
    Factor,
    acr,
    assurance,
    authentication_level,
    done_since,
    dump_factors,
    factor_level,
    load_factors,
    methods,
    newest,
    parse_acr,
    reaches,
)
from idp.residents.read import identity_level

TABLE = [
    (Factor("code", 1), 1, ["otp"]),
    (Factor("passkey", 1), 2, ["hwk", "mfa", "pop", "user"]),
    (Factor("passkey", 1, synced=True), 2, ["mfa", "pop", "swk", "user"]),
    (Factor("passkey", 1, attested=True), 3, ["hwk", "mfa", "pop", "user"]),
    (Factor("passkey", 1, synced=True, attested=True), 2, ["mfa", "pop", "swk", "user"]),
    (Factor("card", 1), 2, ["hwk", "mfa", "pin", "pop", "sc"]),
    (Factor("card", 1, origin_bound=True), 3, ["hwk", "mfa", "pin", "pop", "sc"]),
    (Factor("unheard-of", 1, attested=True, origin_bound=True), 1, ["otp"]),
]
factors = st.lists(
    st.builds(
        Factor,
        st.sampled_from(["passkey", "card", "code"]),
        st.integers(1, 2**45),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=5,
)


@pytest.mark.parametrize(("factor", "level", "amr"), TABLE, ids=str)
def test_the_table(factor: Factor, level: int, amr: list[str]) -> None:
    assert factor_level(factor) == level
    assert methods([factor]) == amr


@pytest.mark.parametrize(
    ("proofs", "level"),
    [([], 1), (["activation_code_post"], 2), (["activation_code_counter"], 3), (["jpki_signature"], 3),
     (["activation_code_post", "jpki_signature"], 3), (["unheard-of"], 1)],
)  # fmt: skip
def test_the_identity_comes_from_the_proofing(proofs: list[str], level: int) -> None:
    assert identity_level(proofs) == level


@given(factors)
def test_a_login_is_as_strong_as_its_strongest_factor(some: list[Factor]) -> None:
    assert authentication_level(some) == max((factor_level(f) for f in some), default=0)
    assert load_factors(dump_factors(some)) == some


def test_nobody_is_at_no_level() -> None:
    assert authentication_level([]) == 0
    assert not reaches((1, 0), "urn:machi:acr:ial1-aal1")


@given(st.integers(1, 3), st.integers(1, 3), st.sampled_from(ACR_VALUES))
def test_reaching_is_both_at_once(identity: int, authentication: int, wanted: str) -> None:
    pair = parse_acr(wanted)
    assert pair is not None
    assert reaches((identity, authentication), wanted) == (identity >= pair[0] and authentication >= pair[1])
    assert parse_acr(acr(identity, authentication)) == (identity, authentication)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "urn:machi:acr:ial4-aal1",
        "urn:machi:acr:ial3-aal2 ",
        "URN:MACHI:ACR:IAL1-AAL1",
        "ial1-aal1",
        "urn:machi:acr:ial0-aal0",
    ],
)
def test_a_value_that_is_none_of_ours_is_never_reached(value: str) -> None:
    assert parse_acr(value) is None
    assert not reaches((3, 3), value)


def test_the_values_are_all_pairs() -> None:
    assert len(ACR_VALUES) == len(set(ACR_VALUES)) == 9


@given(factors, st.integers(0, 2**45))
def test_a_level_is_claimed_with_a_time_since_which_it_was_reached(some: list[Factor], since: int) -> None:
    claimed = assurance(some, since)
    assert claimed.level == authentication_level(done_since(some, claimed.at))
    assert list(claimed.factors) == done_since(some, claimed.at)
    counted = done_since(some, since)
    if counted:
        assert claimed.at >= since
        assert claimed.level == authentication_level(counted)
        # No later time would do.
        assert authentication_level(done_since(some, claimed.at + 1)) < claimed.level
    else:
        assert claimed.at == newest(some) <= since
    assert assurance(some, claimed.at) == claimed, "claiming again claims no more"


@given(factors)
def test_a_time_after_everything_lends_no_older_level(some: list[Factor]) -> None:
    """Grants written before had a time some milliseconds after their newest factor."""
    last = newest(some)
    assert assurance(some, last + 3).level == authentication_level(done_since(some, last))
