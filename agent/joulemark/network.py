"""HTTP as the environment wants it: proxies, certificates and a token, and a sentence that names the variable at fault.

One factory makes the client of the platform, of the hub and of the hub's own library, so that all three take the same
way. What is read is what curl and requests read: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in either case,
SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE. This machine itself is never asked through a proxy.
A setting is looked at when a request needs it: a proxy for https that cannot be used stops no request over http.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from joulemark.errors import UsageError
from joulemark.exchange_limits import Exchange, ExchangeLimits, limit_transport, limited_answer, limited_by
from joulemark.record.origin import is_loopback
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping

PROXIES = {
    "http": ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
}
"""Where a proxy is named, by the scheme of the request; the first that is set counts."""
DIRECT = ("no_proxy", "NO_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Where trusted certificates are named; the first that is set counts."""
KEY_LOG = "SSLKEYLOGFILE"
"""Where Python's ssl writes the keys of connections to; it opens the file with each context."""
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
NUMBERS = ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT")
"""Seconds that the hub's library reads as whole numbers when it is loaded."""
SCHEMES = ("http", "https", "socks5", "socks5h")
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Proxy:
    """A proxy's address and the variable that names it."""

    variable: str
    address: str


def client(
    library: Any, *, limits: ExchangeLimits, environ: Mapping[str, str] = os.environ, **options: Any
) -> Any:
    """A client of `library`, httpx or one with its interface, that takes the way the environment names.

    Each request keeps to `limits`, and raises a timeout of the library where it does not. `options` are those of its
    Client. A request raises UsageError when its way cannot be taken as it is named.
    """
    return library.Client(transport=Routes(library, environ, limits), trust_env=False, **options)


class Routes:
    """A transport that takes each request directly or through a proxy, and opens each way once."""

    def __init__(self, library: Any, environ: Mapping[str, str], limits: ExchangeLimits) -> None:
        self._library, self._environ, self._limits = library, environ, limits
        self._ways: dict[tuple[Proxy | None, str], Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def handle_request(self, request: Any) -> Any:
        """Send it. Raises UsageError, or what the library raises."""
        url = request.url
        proxy = proxy_for(url.scheme, url.host, url.port, self._environ)
        if proxy is None and not _can_be_looked_up(url):
            raise self._library.ConnectError(
                _("{host} is not a host name").format(host=url.host), request=request
            )
        way = self._ways.get((proxy, url.scheme))
        if way is None:
            way = self._ways[proxy, url.scheme] = self._opened(proxy, url.scheme)
        exchange = Exchange(self._limits)
        try:
            with limited_by(exchange):
                answer = way.handle_request(request)
            return limited_answer(self._library, answer, exchange)
        except (self._library.ConnectError, self._library.ProxyError) as error:
            if proxy is None:
                raise
            raise self._library.ConnectError(
                _("{error}, through the proxy set in {variable}").format(
                    error=error, variable=proxy.variable
                ),
                request=request,
            ) from error

    def close(self) -> None:
        """Close every transport that was opened."""
        for way in self._ways.values():
            way.close()

    def _opened(self, proxy: Proxy | None, scheme: str) -> Any:
        return limit_transport(self._library, self._way(proxy, scheme))

    def _way(self, proxy: Proxy | None, scheme: str) -> Any:
        verify = context(self._library, self._environ) if scheme == "https" else False
        if proxy is None:
            return self._library.HTTPTransport(verify=verify, trust_env=False)
        address = checked_address(self._library, proxy)
        tls = context(self._library, self._environ) if address.scheme == "https" else None
        try:
            return self._library.HTTPTransport(
                verify=verify, trust_env=False, proxy=self._library.Proxy(address, ssl_context=tls)
            )
        except ImportError as error:
            raise UsageError(
                _(
                    "{variable} sets a SOCKS proxy, which needs the package socksio. Run `pip "
                    "install socksio`, or set an HTTP proxy, or unset {variable}."
                ).format(variable=proxy.variable)
            ) from error
        except (TypeError, ValueError, self._library.InvalidURL) as error:
            raise _no_address(proxy) from error


def proxy_for(scheme: str, host: str, port: int | None, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy through which a host is asked, or None for a direct connection."""
    if is_loopback(host) or is_direct(scheme, host, port, environ):
        return None
    for variable in PROXIES.get(scheme, ()):
        if address := environ.get(variable, "").strip():
            return Proxy(variable, address)
    return None


def is_direct(scheme: str, host: str, port: int | None, environ: Mapping[str, str]) -> bool:
    """Whether NO_PROXY excepts the host: by its name or a domain above it, its address or network, perhaps with a port.

    An entry that is none of these excepts nothing.
    """
    listed = next((environ[name] for name in DIRECT if environ.get(name)), "")
    port = port or {"http": 80, "https": 443}.get(scheme)
    return any(_fits(entry, host.lower().rstrip("."), port) for entry in re.split(r"[\s,]+", listed) if entry)


def checked_address(library: Any, proxy: Proxy) -> Any:
    """The proxy's URL. Raises UsageError, which never quotes it: it may hold a password."""
    address = proxy.address if "://" in proxy.address else f"http://{proxy.address}"
    try:
        url = library.URL(address)
        has_port = url.port is None or 0 < url.port < 2**16
        usable = (
            bool(url.host)
            and _can_be_looked_up(url)
            and has_port
            and address.isprintable()
            and not re.search(r"\s", address)
        )
    except (TypeError, ValueError, library.InvalidURL) as error:
        raise _no_address(proxy) from error
    if url.scheme not in SCHEMES:
        raise UsageError(
            _(
                "{variable} sets a proxy of the unsupported kind {scheme!r}; supported are "
                "{schemes}. Set one of these, or unset {variable}."
            ).format(variable=proxy.variable, scheme=url.scheme, schemes=", ".join(SCHEMES))
        )
    if not usable:
        raise _no_address(proxy)
    return url


def context(library: Any, environ: Mapping[str, str]) -> ssl.SSLContext:
    """What is trusted over https. Raises UsageError naming the variable whose file cannot be read."""
    variable = next((name for name in CERTIFICATES if environ.get(name)), None)
    try:
        if variable is None:
            ssl_context: ssl.SSLContext = library.create_ssl_context(trust_env=False)
            return ssl_context
        path = environ[variable]
        if os.path.isdir(path):  # noqa: PTH112 - a path that is none is no error here
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        if environ.get(KEY_LOG) and not _reads(environ[KEY_LOG]):
            raise UsageError(
                _("The file set in {key_log} cannot be written. Unset it.").format(key_log=KEY_LOG)
            ) from error
        if variable is None:
            raise UsageError(
                _("This Python has no certificates to verify servers with ({reason}).").format(reason=reason)
            ) from error
        raise UsageError(
            _(
                "The certificates {text} set in {variable} cannot be read ({reason}). Set it to an "
                "existing PEM file, or unset it."
            ).format(variable=variable, text=ascii(environ[variable])[:200], reason=reason)
        ) from error


def require_way(library: Any, origin: str, environ: Mapping[str, str] = os.environ) -> None:
    """Raises UsageError when a request to `origin` could not even be begun as the environment names its way."""
    url = library.URL(origin)
    proxy = proxy_for(url.scheme, url.host, url.port, environ)
    Routes(library, environ, ExchangeLimits())._opened(proxy, url.scheme).close()


def has_settings(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment names a proxy or certificates at all."""
    names = (*PROXIES["http"], *PROXIES["https"], *CERTIFICATES)
    return any(environ.get(name) for name in names)


def token(environ: Mapping[str, str] = os.environ) -> str | None:
    """The hub's token that a variable holds, without what a file's end leaves behind it. Raises UsageError."""
    for variable in TOKENS:
        if text := environ.get(variable, "").strip():
            return checked_token(text, source=variable)
    return None


def checked_token(text: str, *, source: str) -> str:
    """`text` if it can be sent as a token. Raises UsageError naming its `source`, and never the token."""
    if not _TOKEN.fullmatch(text):
        raise UsageError(
            _(
                "{source} contains characters that no token has (a line break, a space or another "
                "alphabet). Copy the token again from the hub's settings, or unset it."
            ).format(source=source)
        )
    return text


def require_numbers(environ: Mapping[str, str] = os.environ) -> None:
    """Raises UsageError for a setting of the hub's library that it would break over."""
    for variable in NUMBERS:
        text = environ.get(variable, "").strip()
        if variable in environ and text and not re.fullmatch(r"\+?[0-9]{1,9}", text):
            raise UsageError(
                _("{variable} must be a whole number of seconds. Correct or unset it.").format(
                    variable=variable
                )
            )


def _fits(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    name, only_port = _parted(entry.lower())
    if only_port is not None and only_port != port:
        return False
    address = _ip(host)
    if address is not None:
        try:
            return address in ipaddress.ip_network(name, strict=False)
        except ValueError:
            return False
    domain = name.removeprefix("*").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _parted(entry: str) -> tuple[str, int | None]:
    """A host and a port. An IPv6 address has colons of its own, and a port only behind brackets."""
    match = re.fullmatch(r"\[([^\]]*)\](?::([0-9]{1,5}))?", entry) or re.fullmatch(
        r"([^:]*):([0-9]{1,5})", entry
    )
    if match is None:
        return entry, None
    return match[1], None if match[2] is None else int(match[2])


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _can_be_looked_up(url: Any) -> bool:
    """Whether Python would ask for the address of the URL's host: no label of the name is empty or too long.

    Its own error over one is none of any HTTP library.
    """
    try:
        url.raw_host.decode("ascii").encode("idna")
    except UnicodeError:
        return False
    return True


def _reads(path: str) -> bool:
    try:
        with open(path, "ab"):  # noqa: PTH123 - as the ssl module opens it
            return True
    except (OSError, ValueError):
        return False


def _no_address(proxy: Proxy) -> UsageError:
    return UsageError(
        _(
            "{variable} is not the address of a proxy such as http://host:3128. Correct or unset {variable}."
        ).format(variable=proxy.variable)
    )
