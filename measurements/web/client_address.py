"""The address that a request comes from: the peer's, or what the outermost of our own proxies has seen."""

from __future__ import annotations

import ipaddress


def client_address(
    peer: str, forwarded: str, *, proxies: int
) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The client's address out of REMOTE_ADDR and X-Forwarded-For, behind so many `proxies` of our own.

    What a client itself writes before them is not looked at. None for a socket, or where fewer proxies have written
    than there are. An IPv4 address inside an IPv6 one counts as IPv4.
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    if proxies:
        peer = hops[-proxies] if len(hops) >= proxies else ""
    try:
        address = ipaddress.ip_address(_without_port(peer))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _without_port(peer: str) -> str:
    """The address alone, of `203.0.113.5:4711` and `[2001:db8::1]:443` too."""
    if peer.startswith("["):
        return peer[1:].partition("]")[0]
    return peer.partition(":")[0] if peer.count(":") == 1 else peer
