"""Where a request comes from, behind as many proxies as are known to be there."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope


def address_of(scope: Scope, proxies: int) -> str:
    """The address of whoever asks; of IPv6 the network, of which one subscriber has all addresses.

    proxies: each of which appends to X-Forwarded-For whom it was asked by. What stands before that is anybody's word.
    """
    peer = scope["client"][0] if scope.get("client") else ""
    forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    chain = [*filter(None, map(str.strip, forwarded)), peer]
    return _subscriber(chain[max(0, len(chain) - 1 - proxies)])


def _subscriber(text: str) -> str:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:  # a socket of the file system has none
        return text
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))
    return str(address)
