"""The platform as a reader sees it at its origin: certificate, what the proxy passes on, what should not be shown."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from joulemark.record.origin import parse_origin
from joulemark_site import reflection
from joulemark_site.doctor.finding import Check, Finding, NotAsked, error, warning

LIMIT_S = 5.0
MADE_UP = "192.0.2.77"
"""An address of documentation (RFC 5737), which no request comes from."""
EXPIRES_SOON_S = 14 * 24 * 3600
CERTIFICATE_FAULTS = {
    10: ("JM-TLS-EXPIRED", "The certificate has expired.", "Renew it, and have the proxy read it again."),
    9: ("JM-TLS-NOT-YET", "The certificate is not valid yet.", "Compare this machine's clock."),
    18: (
        "JM-TLS-SELF-SIGNED",
        "The certificate is self-signed: agents refuse it.",
        "Get one from an authority.",
    ),
    19: (
        "JM-TLS-SELF-SIGNED",
        "The certificate's authority is not a known one.",
        "Get one from a known authority.",
    ),
    20: ("JM-TLS-CHAIN", "The certificate's chain is not complete.", "Serve fullchain.pem, not cert.pem."),
    21: ("JM-TLS-CHAIN", "The certificate's chain is not complete.", "Serve fullchain.pem, not cert.pem."),
    62: (
        "JM-TLS-NAME",
        "The certificate is for another host name.",
        "Get one for the host of JOULEMARK_ORIGIN.",
    ),
    64: (
        "JM-TLS-NAME",
        "The certificate is for another address.",
        "Get one for the host of JOULEMARK_ORIGIN.",
    ),
}
"""By OpenSSL's X509_V_ERR_* numbers."""


def _host_and_port() -> tuple[str, int]:
    origin = parse_origin(settings.ORIGIN)
    return origin.host, origin.port or (443 if origin.scheme == "https" else 80)


def certificate() -> Iterator[Finding]:
    """A certificate that agents and browsers accept, for a while yet."""
    if not settings.ORIGIN.startswith("https://"):
        return
    host, port = _host_and_port()
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), timeout=LIMIT_S) as line,
            context.wrap_socket(line, server_hostname=host) as secure,
        ):
            details: Any = secure.getpeercert()
    except ssl.SSLCertVerificationError as reason:
        code, sentence, remedy = CERTIFICATE_FAULTS.get(
            reason.verify_code,
            ("JM-TLS-OTHER", f"The certificate is refused: {reason.verify_message}.", "Replace it."),
        )
        yield error(code, "JOULEMARK_ORIGIN", sentence, remedy)
        return
    except ssl.SSLError:
        yield error(
            "JM-TLS-NONE",
            "JOULEMARK_ORIGIN",
            "What answers at the origin does not speak TLS 1.2 or newer.",
            "Have the proxy end TLS at that port.",
        )
        return
    except OSError as reason:
        raise NotAsked("nobody answers at the origin") from reason
    ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(details["notAfter"]), tz=UTC)
    if (ends_at - datetime.now(tz=UTC)).total_seconds() < EXPIRES_SOON_S:
        yield warning(
            "JM-TLS-EXPIRES",
            "JOULEMARK_ORIGIN",
            f"The certificate expires on {ends_at:%Y-%m-%d}.",
            "Renew it daily by a timer.",
        )


class Answer:
    """Status, headers and body of a GET at the origin, whatever its certificate."""

    def __init__(self, path: str, headers: dict[str, str] | None = None) -> None:
        host, port = _host_and_port()
        line: http.client.HTTPConnection
        if settings.ORIGIN.startswith("https://"):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # `certificate` judges it
            line = http.client.HTTPSConnection(host, port, timeout=LIMIT_S, context=context)
        else:
            line = http.client.HTTPConnection(host, port, timeout=LIMIT_S)
        try:
            line.request("GET", path, headers=headers or {})
            received = line.getresponse()
            self.status, self.headers, self.body = received.status, received.headers, received.read(65536)
        except (OSError, http.client.HTTPException) as reason:
            raise NotAsked("nobody answers at the origin") from reason
        finally:
            line.close()


def answers() -> Iterator[Finding]:
    """Whether anything answers at the origin."""
    try:
        Answer("/")
    except NotAsked:
        yield error(
            "JM-OUT-AWAY",
            "JOULEMARK_ORIGIN",
            "Nobody answers at the origin, as seen from this machine.",
            "Start the platform and its proxy; check the name in the DNS, the port and the firewall.",
        )


def proxy() -> Iterator[Finding]:
    """What the proxy passes on: scheme, host and the client's address."""
    ticket = {reflection.HEADER: reflection.ticket()}
    answer = Answer(reflection.ADDRESS, {**ticket, "X-Forwarded-For": MADE_UP})
    if answer.status != 200:
        yield _no_reflection(answer)
        return
    try:
        seen = json.loads(answer.body)
        scheme, host, client, hops = seen["scheme"], seen["host"], seen["client"], seen["hops"]
    except (ValueError, KeyError, TypeError):
        yield _no_reflection(answer)
        return
    origin = parse_origin(settings.ORIGIN)
    if scheme != origin.scheme:
        yield error(
            "JM-PROXY-SCHEME",
            "JOULEMARK_PROXIES",
            f"The platform was asked by {origin.scheme} and saw {scheme}.",
            "Have the proxy set X-Forwarded-Proto itself, and set JOULEMARK_PROXIES.",
        )
    if host.lower() != origin.authority:
        yield error(
            "JM-PROXY-HOST",
            "JOULEMARK_ORIGIN",
            "The platform sees another host name than the one that was asked: forms and links go wrong.",
            "Have the proxy pass the Host header on (nginx: proxy_set_header Host $http_host).",
        )
    if client == MADE_UP:
        yield error(
            "JM-PROXY-FORGED",
            "JOULEMARK_PROXIES",
            "A client can write its own address: limits by network, and the networks for moderators, hold nobody back.",
            "Have the outermost proxy overwrite X-Forwarded-For, or set JOULEMARK_PROXIES to fewer.",
        )
    elif client is None or (settings.PROXIES == 0 and hops > 1):
        yield error(
            "JM-PROXY-CLIENT",
            "JOULEMARK_PROXIES",
            "The platform does not see where a client comes from: limits by network hold for nobody or for all.",
            "Have the proxy set X-Forwarded-For, and set JOULEMARK_PROXIES to the number of your proxies.",
        )


def _no_reflection(answer: Answer) -> Finding:
    if answer.status == 400:
        return error(
            "JM-PROXY-HOST",
            "JOULEMARK_ALLOWED_HOSTS",
            "The platform refuses the host name that the proxy passes on.",
            "Have the proxy pass the Host header on (nginx: proxy_set_header Host $http_host).",
        )
    if answer.status in (301, 302, 307, 308) and answer.headers.get("Location", "").startswith(
        settings.ORIGIN
    ):
        return error(
            "JM-PROXY-SCHEME",
            "JOULEMARK_PROXIES",
            "The platform redirects to the address that was asked: it does not see that TLS was used.",
            "Have the proxy set X-Forwarded-Proto itself.",
        )
    if answer.status in (502, 503, 504):
        return error(
            "JM-PROXY-UPSTREAM",
            "JOULEMARK_ORIGIN",
            f"The proxy answers {answer.status}: it does not reach the platform.",
            "Start the web processes, and compare their address with the proxy's configuration.",
        )
    return error(
        "JM-PROXY-OTHER",
        "JOULEMARK_ORIGIN",
        f"What answers at the origin ({answer.status}) is not this platform, or has another secret.",
        "Compare the proxy's configuration; every process must have the same JOULEMARK_SECRET_KEY or data folder.",
    )


def public_paths() -> Iterator[Finding]:
    """What everybody should see, and what nobody outside should."""
    if Answer("/log/checkpoint").status == 403:
        yield error(
            "JM-OUT-LOG",
            "JOULEMARK_LOG_DIR",
            "The proxy may not read the log's folder: everybody gets 403.",
            "Put the log outside of the data folder, into folders of mode 0755.",
        )
    if settings.PROXIES and Answer("/readyz").status in (200, 503):
        yield warning(
            "JM-OUT-PROBES",
            "/readyz",
            "The proxy shows the probes to everybody.",
            "Have it answer 404 for /livez, /readyz and /metrics.",
        )
    if (
        settings.ORIGIN.startswith("https://")
        and "Strict-Transport-Security" not in Answer("/about/").headers
    ):
        yield warning(
            "JM-OUT-HSTS",
            "JOULEMARK_HSTS_S",
            "No answer tells browsers to come back over TLS alone.",
            "Do not have the proxy remove the Strict-Transport-Security header.",
        )


CHECKS = [
    Check("origin answers", answers),
    Check("certificate", certificate),
    Check("proxy", proxy),
    Check("what is shown", public_paths),
]
