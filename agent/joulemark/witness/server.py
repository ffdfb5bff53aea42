"""A small witness server: POST /add-checkpoint, and GET / for whoever looks (C2SP tlog-witness)."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from joulemark.errors import AgentError, UsageError
from joulemark.log.add_checkpoint import MAX_REQUEST_BYTES, PATH, TEXT_TYPE, parse_request
from joulemark.record.errors import RecordError, TooLarge
from joulemark.translation import gettext as _
from joulemark.witness.cosigner import NotCosigned

if TYPE_CHECKING:
    from joulemark.witness.cosigner import Cosigner

TIMEOUT_S = 15.0
"""The longest silence of a client within a request."""


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness at an address until it is shut down."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, cosigner: Cosigner) -> None:
        """Raises UsageError when the address cannot be used."""
        self.cosigner = cosigner
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise UsageError(
                _("{host}:{port} cannot be listened on ({error}); choose another address.").format(
                    host=host, port=port, error=error
                )
            ) from error

    @property
    def address(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    """One connection, which may have several requests."""

    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "joulemark-witness", ""
    timeout = TIMEOUT_S

    def do_GET(self) -> None:
        """The witness's key, and how far it has cosigned each log."""
        if self.path != "/":
            self._answer(404, _("Nothing is here.") + "\n")
            return
        cosigner = self.server.cosigner
        lines = [cosigner.verifier_key.encode()]
        for origin in cosigner.logs:
            try:
                state = cosigner.store.load(origin)
            except AgentError as error:
                self._answer(500, f"{error}\n")
                return
            lines.append(f"{origin} {state.latest().size if state else 0}")
        self._answer(200, "\n".join(lines) + "\n")

    def do_POST(self) -> None:
        """Cosign a checkpoint, or say why not."""
        if self.path != f"/{PATH}":
            self._refuse_unread(404, _("Nothing is here."))
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or not length.isascii():
            self._refuse_unread(411, _("The request does not say how long its body is."))
            return
        if len(length) > 12 or int(length) > MAX_REQUEST_BYTES:
            self._refuse_unread(
                413, _("A request has at most {limit} bytes.").format(limit=MAX_REQUEST_BYTES)
            )
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self._refuse_unread(400, _("The body ended before its length."))
            return
        try:
            line = self.server.cosigner.add_checkpoint(parse_request(body))
        except NotCosigned as refusal:
            self._answer(refusal.status, refusal.body, refusal.content_type)
        except TooLarge as error:
            self._answer(413, f"{error}\n")
        except RecordError as error:
            self._answer(400, f"{error}\n")
        except (
            AgentError
        ) as error:  # the state cannot be read or written, or the clock went back: nothing is cosigned
            sys.stderr.write(f"joulemark: {error}\n")
            self._answer(500, _("The witness cannot cosign now; its operator is told.") + "\n")
        else:
            self._answer(200, line)

    def log_message(self, template: str, *values: object) -> None:
        """One line a request on standard error, without the address of who asked."""
        sys.stderr.write(f"{self.log_date_time_string()} {template % values}\n")

    def _refuse_unread(self, status: int, sentence: str) -> None:
        self.close_connection = True
        self._answer(status, f"{sentence}\n")

    def _answer(self, status: int, text: str, content_type: str = TEXT_TYPE) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
