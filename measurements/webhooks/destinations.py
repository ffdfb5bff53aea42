"""Where messages may go: to public addresses over https, and never into the platform's own network.

A name is resolved once for each message, every address that it has must be public, and the connection goes to one of
them: a name that resolves otherwise a moment later (DNS rebinding) changes nothing. settings.WEBHOOKS_PRIVATE lifts
both rules, for platforms whose receivers are in the same network.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from joulemark.record.origin import BadAddress, split_address

MAX_ADDRESS = 500
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that IANA gives out of IPv6; what lies outside is local, multicast, or has an IPv4 address in it."""
SPECIAL_NETWORKS = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20"))
)
"""Of special purpose, and not so in all tables of Python: relays, protocols, IPv4 in IPv6, documentation."""


class NotAllowed(Exception):
    """Nothing may be sent to an address; `str(error)` says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A resolved address: `url` has the IP address in the place of the name, `host` is for the Host header and TLS."""

    url: str
    host: str
    host_header: str


def require_usable(address: str) -> None:
    """Raises NotAllowed for what is no address that a webhook can have; resolves nothing."""
    try:
        parts = split_address(address)
    except BadAddress as error:
        raise NotAllowed("It is no web address; write it like https://example.org/hook.") from error
    if len(address) > MAX_ADDRESS:
        raise NotAllowed(f"It has more than {MAX_ADDRESS} characters.")
    if parts.username or parts.password or parts.fragment:
        raise NotAllowed("It has a name, a password or a fragment in it; leave that out.")
    if not parts.netloc.isascii():
        raise NotAllowed("Its name has letters beyond ASCII; write it as the registry has it, with xn--.")
    if parts.scheme != "https" and not settings.WEBHOOKS_PRIVATE:
        raise NotAllowed("It is not encrypted; use https.")


def resolve(address: str) -> Destination:
    """Where to connect for `address`. Raises NotAllowed, also where its name has no address."""
    require_usable(address)
    parts = urlsplit(address)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotAllowed(f"The name {host} has no address.") from error
    found_ips = [ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers]
    if not settings.WEBHOOKS_PRIVATE and (private := [ip for ip in found_ips if not is_public(ip)]):
        raise NotAllowed(f"The name {host} has the address {private[0]}, which is not public.")
    ip = found_ips[0]
    place = f"[{ip}]" if ip.version == 6 else str(ip)
    url = urlunsplit((parts.scheme, f"{place}:{port}", parts.path or "/", parts.query, ""))
    return Destination(url=url, host=host, host_header=parts.netloc)


def is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of the public internet, for one receiver, and embeds no other address."""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return is_public(ip.ipv4_mapped)
    if ip.version == 6 and ip not in GLOBAL_UNICAST:
        return False
    if any(ip in network for network in SPECIAL_NETWORKS):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified
