"""Whose address a request has."""

from __future__ import annotations

import pytest

from impasto.app.access.address import address_of


def asked(peer: str | None, *forwarded: str, proxies: int = 0) -> str:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return address_of({"type": "http", "client": (peer, 1234) if peer else None, "headers": headers}, proxies)


def test_without_proxies_nobody_is_believed() -> None:
    assert asked("192.0.2.1") == "192.0.2.1"
    assert asked("192.0.2.1", "198.51.100.7") == "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, ["198.51.100.7"], "198.51.100.7"),
        (1, ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),  # the first is what the client says of itself
        (1, ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        (2, ["203.0.113.9, 198.51.100.7, 10.0.0.1"], "198.51.100.7"),
        (2, ["198.51.100.7"], "198.51.100.7"),  # one that came past the first proxy
        (1, [], "192.0.2.1"),
        (1, [" , "], "192.0.2.1"),
    ],
)
def test_only_as_many_are_believed_as_there_are_proxies(proxies: int, forwarded: list[str], address: str) -> None:
    assert asked("192.0.2.1", *forwarded, proxies=proxies) == address


def test_all_addresses_of_a_subscriber_are_one() -> None:
    assert asked("2001:db8:1:2::1") == asked("2001:db8:1:2:ffff::9") != asked("2001:db8:1:3::1")
    assert asked("::ffff:192.0.2.1") == asked("192.0.2.1")


def test_what_is_no_address_is_taken_as_it_is() -> None:
    assert asked("testclient") == "testclient"
    assert asked(None) == ""
