"""Web addresses, read in one way by agent and platform: a signed message names its platform by an origin.

Two spellings of one origin would be two audiences, and no message of an agent would be for its platform.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

LONGEST_ORIGIN = 200
"""Characters: a result names its platform in so many (`record.statement.Word`)."""
SCHEMES = frozenset({"http", "https"})
HOST = re.compile(r"[0-9a-z\u00a1-\ud7ff\uf900-\uffef._:-]+")
"""Letters of any alphabet, as in a browser's address line; no space, no control, no lone surrogate."""


class BadAddress(ValueError):
    """A text, its argument, is no web address that can be used; whoever asked for it says so in words of their own."""


class BadPort(BadAddress):
    """The port of an address is no number from 1 to 65535."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """`scheme://host[:port]`; the scheme and the host in lower case, an IPv6 address without its brackets."""

    scheme: str
    host: str
    port: int | None = None

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def host_in_address(self) -> str:
        """The host as it stands in an address: an IPv6 address in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        """`host` or `host:port`."""
        return self.host_in_address + ("" if self.port is None else f":{self.port}")

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine itself."""
        return is_loopback(self.host)


def split_address(text: str) -> SplitResult:
    """The parts of an address of http or https that names a host. Raises BadAddress or BadPort."""
    try:
        parts = urlsplit(text)
    except ValueError as error:  # an IPv6 address that is none
        raise BadAddress(text) from error
    if parts.scheme not in SCHEMES or not parts.hostname or not text.isprintable():
        raise BadAddress(text)
    try:
        port = parts.port
    except ValueError as error:
        raise BadPort(text) from error
    if port == 0:
        raise BadPort(text)
    return parts


def parse_origin(text: str) -> Origin:
    """The origin that a text names, perhaps with a slash behind it. Raises BadAddress or BadPort."""
    parts = split_address(text.strip(" "))
    extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if extra or len(text) > LONGEST_ORIGIN or not HOST.fullmatch(parts.hostname or ""):
        raise BadAddress(text)
    return Origin(scheme=parts.scheme, host=parts.hostname or "", port=parts.port)


def is_loopback(host: str) -> bool:
    """Whether a host, a name or an address with or without brackets, is this machine itself."""
    import ipaddress

    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        name = host.lower().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")
