"""`manage.py doctor` from outside: certificates, what proxies pass on, and what is shown to everybody."""

from __future__ import annotations

import contextlib
import datetime as dt
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.http import HttpRequest
from django.test import Client

from joulemark_site import reflection
from joulemark_site.doctor import outside_checks
from joulemark_site.doctor.examination import examine
from tests.doctor_examinations import named
from tests.processes import free_port

pytestmark = pytest.mark.django_db


def certificate(
    folder: Path, *, name: str = "localhost", days: int = 90, issuer: tuple[x509.Name, Any] | None = None
) -> tuple[Path, tuple[x509.Name, Any]]:
    """A certificate with its key in one file; without an issuer one that signs itself, and may sign others."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    by, by_key = issuer or (own, key)
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=100))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    made = builder.sign(by_key, hashes.SHA256())
    file = folder / f"{name}-{days}-{issuer is None}.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return file, (own, key)


@contextlib.contextmanager
def answering(
    answer: Callable[[str, dict[str, str]], tuple[int, dict[str, str], bytes]],
    *,
    certified: Path | None = None,
) -> Iterator[int]:
    """A web server on 127.0.0.1, with TLS where it has a certificate; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.path, dict(self.headers))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A handshake that was broken off is what is tested."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        if certified is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certified)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()


CERTIFICATES = outside_checks.CHECKS[1:2]


@pytest.mark.parametrize(
    ("expected", "options"),
    [
        (None, {}),
        ("JM-TLS-EXPIRED", {"days": -1}),
        ("JM-TLS-EXPIRES", {"days": 5}),
        ("JM-TLS-NAME", {"name": "other.example"}),
    ],
)
def test_a_certificate_is_looked_at(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    expected: str | None,
    options: dict[str, Any],
) -> None:
    authority, issuer = certificate(tmp_path, name="authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    file, _ = certificate(tmp_path, issuer=issuer, **options)
    with answering(lambda *_: (200, {}, b""), certified=file) as port:
        settings.ORIGIN = f"https://localhost:{port}"
        assert named(examine(CERTIFICATES)) == ({f"{expected} JOULEMARK_ORIGIN"} if expected else set())


def test_certificates_that_nobody_believes(tmp_path: Path, settings: Any) -> None:
    file, _ = certificate(tmp_path)
    with answering(lambda *_: (200, {}, b""), certified=file) as port:
        settings.ORIGIN = f"https://localhost:{port}"
        assert named(examine(CERTIFICATES)) == {"JM-TLS-SELF-SIGNED JOULEMARK_ORIGIN"}
    with answering(lambda *_: (200, {}, b"")) as port:
        settings.ORIGIN = f"https://localhost:{port}"
        assert named(examine(CERTIFICATES)) == {"JM-TLS-NONE JOULEMARK_ORIGIN"}


class Proxied:
    """The platform's own answers, through a proxy that does this to a request."""

    def __init__(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        self.change = change

    def __call__(self, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        passed = self.change({name.lower(): value for name, value in headers.items()})
        if path != reflection.ADDRESS:
            return 200, {"Strict-Transport-Security": "max-age=1"}, b""
        request = HttpRequest()
        request.method = "GET"
        names = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in passed.items()}
        request.META = {**names, "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http"}
        request.META.update({"SERVER_NAME": "x", "SERVER_PORT": "80"})
        answer = reflection.reflect(request)
        return answer.status_code, {}, answer.content


def right(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, "x-forwarded-for": "198.51.100.5", "x-forwarded-proto": "https"}


def appending(headers: dict[str, str]) -> dict[str, str]:
    return {**right(headers), "x-forwarded-for": f"{headers['x-forwarded-for']}, 198.51.100.5"}


WRONG_PROXIES: list[tuple[str | None, int, Callable[[dict[str, str]], dict[str, str]]]] = [
    (None, 1, right),
    (None, 1, appending),
    ("JM-PROXY-SCHEME JOULEMARK_PROXIES", 1, lambda headers: {**right(headers), "x-forwarded-proto": "http"}),
    ("JM-PROXY-SCHEME JOULEMARK_PROXIES", 0, right),
    ("JM-PROXY-HOST JOULEMARK_ORIGIN", 1, lambda headers: {**right(headers), "host": "127.0.0.1:8000"}),
    ("JM-PROXY-FORGED JOULEMARK_PROXIES", 2, appending),
    ("JM-PROXY-FORGED JOULEMARK_PROXIES", 1, lambda headers: {**headers, "x-forwarded-proto": "https"}),
    ("JM-PROXY-CLIENT JOULEMARK_PROXIES", 2, right),
    ("JM-PROXY-CLIENT JOULEMARK_PROXIES", 1, lambda headers: {**right(headers), "x-forwarded-for": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "proxies", "change"), WRONG_PROXIES)
def test_what_a_proxy_passes_on_is_looked_at(
    tmp_path: Path,
    settings: Any,
    expected: str | None,
    proxies: int,
    change: Callable[[dict[str, str]], dict[str, str]],
) -> None:
    settings.PROXIES = proxies
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if proxies else None
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    file, _ = certificate(tmp_path)
    with answering(Proxied(change), certified=file) as port:
        settings.ORIGIN = f"https://localhost:{port}"
        codes = named(examine(outside_checks.CHECKS[2:3]))
    assert (expected in codes) if expected else (codes == set())


@pytest.mark.parametrize(
    ("expected", "status", "headers"),
    [
        ("JM-PROXY-OTHER JOULEMARK_ORIGIN", 200, {}),
        ("JM-PROXY-OTHER JOULEMARK_ORIGIN", 404, {}),
        ("JM-PROXY-HOST JOULEMARK_ALLOWED_HOSTS", 400, {}),
        ("JM-PROXY-UPSTREAM JOULEMARK_ORIGIN", 502, {}),
        ("JM-PROXY-SCHEME JOULEMARK_PROXIES", 301, {"Location": "ORIGIN/doctor/reflection"}),
    ],
)
def test_who_else_answers_is_told_apart(
    settings: Any, expected: str, status: int, headers: dict[str, str]
) -> None:
    def answer(*_: object) -> tuple[int, dict[str, str], bytes]:
        return (
            status,
            {name: value.replace("ORIGIN", settings.ORIGIN) for name, value in headers.items()},
            b"[]",
        )

    with answering(answer) as port:
        settings.ORIGIN = f"http://localhost:{port}"
        assert expected in named(examine(outside_checks.CHECKS[2:3]))


def test_what_is_shown_outside_is_looked_at(settings: Any, tmp_path: Path) -> None:
    settings.PROXIES = 1
    file, _ = certificate(tmp_path)
    with answering(
        lambda path, _: (403 if path == "/log/checkpoint" else 200, {}, b""), certified=file
    ) as port:
        settings.ORIGIN = f"https://localhost:{port}"
        codes = named(examine(outside_checks.CHECKS[3:]))
    assert codes == {"JM-OUT-LOG JOULEMARK_LOG_DIR", "JM-OUT-PROBES /readyz", "JM-OUT-HSTS JOULEMARK_HSTS_S"}
    settings.ORIGIN = f"http://localhost:{free_port()}"
    assert named(examine(outside_checks.CHECKS[:1])) == {"JM-OUT-AWAY JOULEMARK_ORIGIN"}


def test_nobody_else_is_told_how_a_request_is_seen(client: Client) -> None:
    for header in ("", "nonsense", "a:b:c"):
        assert client.get("/doctor/reflection", headers={"X-Joulemark-Doctor": header}).status_code == 404
