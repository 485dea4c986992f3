"""Addresses as proxies write them: one reading, whatever the form; what is none is none."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.foundation.addresses import network_of, read_address

V4, V6 = st.ip_addresses(v=4), st.ip_addresses(v=6)
PORTS = st.one_of(st.just(""), st.integers(0, 65535).map(lambda n: f":{n}"), st.just(":_hidden.1"))


@given(V4, PORTS)
def test_every_form_of_a_v4_address_is_the_same(address: ipaddress.IPv4Address, port: str) -> None:
    mapped = f"::ffff:{address}"
    in_hex = ipaddress.IPv6Address(mapped).exploded
    for form in (f"{address}{port}", mapped, in_hex, f"[{mapped}]{port}", f'"{address}{port}"', f" {address}{port} "):
        assert read_address(form) == address, form


@given(V6, PORTS)
def test_every_form_of_a_v6_address_is_the_same(address: ipaddress.IPv6Address, port: str) -> None:
    expected = address.ipv4_mapped or address
    for form in (
        str(address),
        address.exploded.upper(),
        f"[{address}]{port}",
        f'"[{address}]{port}"',
        f"{address}%eth0",
        f"[{address}%1]{port}",
    ):
        assert read_address(form) == expected, form


@given(V6, st.integers(0, 2**64 - 1))
def test_one_line_of_a_subscriber_is_one_network(address: ipaddress.IPv6Address, host: int) -> None:
    neighbour = ipaddress.IPv6Address((int(address) >> 64 << 64) | host)
    stranger = ipaddress.IPv6Address(int(address) ^ (1 << 64))
    assert network_of(address) == network_of(neighbour) != network_of(stranger)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    address = read_address(text)
    assert address is None or ipaddress.ip_network(network_of(address)).prefixlen in (24, 64)


@pytest.mark.parametrize(
    "text",
    [None, "", " ", "unknown", "_SEVKISEK", "nobody", "1.2.3", "256.1.1.1", "::::", "10.0.0.1:x", "10.0.0.1:123456", "[10.0.0.1]",
     "[::1", "::1]", "[]", "010.0.0.1", "10.0.0.1/8", "10.0.0.1, 10.0.0.2", "\u0661.1.1.1", "2130706433", "[::1]x", "::ffff:1.2.3"],
)  # fmt: skip
def test_what_is_no_address(text: str | None) -> None:
    assert read_address(text) is None
