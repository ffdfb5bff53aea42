"""The platform over HTTP: one method a question, every failure translated once, retries few and bounded."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Self, TypeVar

import httpx

from joulemark import __version__, network
from joulemark.errors import BadAnswer, NoConnection, Refused, ServerFailed, UsageError, WrongClock
from joulemark.record import envelope as envelopes
from joulemark.record.codec import decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.messages import (
    Enrolled,
    LogProof,
    Needed,
    NeededJob,
    PlatformKey,
    Problem,
    ResultStatus,
    Ticket,
)
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from joulemark.record.envelope import Envelope

T = TypeVar("T")

BUNDLE_TYPE = "application/vnd.joulemark.bundle+json"
PAUSES_S = (0.5, 1.0, 2.0)
LONGEST_PAUSE_S = 30.0
TOO_OFTEN = 429
LARGEST_ANSWER_BYTES = 1024 * 1024
CLOCK_TOLERANCE_S = 120.0
LATER = marked("Results are kept, `joulemark submit` sends them later.")
AWAY = marked(
    "Check the network and JOULEMARK_PLATFORM, or measure with `joulemark run --offline`; results"
    " are kept, `joulemark submit` sends them later."
)
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class PlatformClient:
    """Talks to one platform. Connection errors, 5xx and 429 are tried again after pauses; nothing else is."""

    def __init__(
        self,
        origin: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        advice: str | None = None,
        patience_s: float = LONGEST_PAUSE_S,
    ) -> None:
        """`advice` says what to do when the platform gives no answer, where no results are to be sent.

        `patience_s`: the longest pause that a 429 may ask for (Retry-After).
        """
        self.origin = origin
        self._advice = advice
        self._patience_s = patience_s
        self.skew_s: float | None = None
        self._sleep = sleep
        try:
            self._http: httpx.Client = network.client(
                httpx,
                base_url=f"{origin}/api/v1/",
                timeout=_TIMEOUT,
                headers={"User-Agent": f"joulemark/{__version__}", "Accept": "application/json"},
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise UsageError(
                _(
                    "The platform {origin!a} cannot be used: it is no address. Correct JOULEMARK_PLATFORM."
                ).format(origin=origin)
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def platform_key(self) -> PlatformKey:
        """The key under which the platform signs. Raises Unreachable or Refused."""
        return self._ask("GET", "platform", PlatformKey)

    def enrol(self, make: Callable[[], Envelope]) -> Enrolled:
        """Enrol with the envelope that `make` signs, anew for each attempt. Raises Unreachable or Refused."""
        return self._ask("POST", "enrolments", Enrolled, body=lambda: encode(make()))

    def ticket(self, make: Callable[[], Envelope]) -> Ticket:
        """A ticket for the request that `make` signs, anew for each attempt.

        Raises Unreachable or Refused.
        """
        return self._ask("POST", "tickets", Ticket, body=lambda: encode(make()))

    def ask(self, path: str, make: Callable[[], Envelope], kind: type[T]) -> T:
        """Send the request that `make` signs, anew for each attempt, to `path`; the answer.

        Raises Unreachable or Refused.
        """
        return self._ask("POST", path, kind, body=lambda: encode(make()))

    def read(self, path: str, kind: type[T], *, most_bytes: int = LARGEST_ANSWER_BYTES) -> T:
        """What the platform answers in public at `path` of its API. Raises Unreachable or Refused."""
        return self._ask("GET", path, kind, most_bytes=most_bytes)

    def fetch(self, path: str, *, most_bytes: int) -> bytes:
        """The bytes of the file at `path` below the platform's origin. Raises Unreachable or Refused."""
        return self._exchange("GET", f"{self.origin}/{path}", None, "*/*", most_bytes).content

    def submit(self, bundle: bytes) -> Envelope:
        """Send a bundle's bytes; the receipt, not yet checked. Idempotent. Raises Unreachable or Refused."""
        answer = self._exchange("POST", "results", lambda: bundle, BUNDLE_TYPE)
        try:
            return envelopes.parse(answer.content)
        except RecordError as error:
            raise BadAnswer(
                _("{origin} answered without a receipt: {error} The result is kept.").format(
                    origin=self.origin, error=error
                )
            ) from error

    def result(self, result_id: str) -> ResultStatus:
        """Where a result stands. Raises Unreachable or Refused."""
        return self._ask("GET", f"results/{result_id}", ResultStatus)

    def proof(self, result_id: str) -> LogProof | None:
        """The (unchecked) proof that a result is in the log; None while it waits for its place there.

        Raises Unreachable or Refused.
        """
        try:
            return self._ask("GET", f"results/{result_id}/proof", LogProof)
        except Refused as refused:
            if refused.code == "JM-NOT-SEQUENCED":
                return None
            raise

    def needed(self, suite_digest: str) -> tuple[NeededJob, ...]:
        """The jobs of a suite, first the one of which a further result would teach most.

        Raises Unreachable, Refused (404 where the platform has no such suite), or BadAnswer for another suite's.
        """
        answer = self._ask("GET", f"needed/?suite={suite_digest}", Needed)
        if answer.suite.digest != suite_digest:
            raise BadAnswer(
                _(
                    "{origin} answers about suite {digest}, not {suite_digest}. Check JOULEMARK_PLATFORM."
                ).format(origin=self.origin, digest=answer.suite.digest[:12], suite_digest=suite_digest[:12])
            )
        return answer.jobs

    def _ask(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        body: Callable[[], bytes] | None = None,
        most_bytes: int = LARGEST_ANSWER_BYTES,
    ) -> T:
        answer = self._exchange(method, path, body, "application/json", most_bytes)
        try:
            return decode(answer.content, kind, what="answer")
        except RecordError as error:
            raise BadAnswer(
                _(
                    "{origin} does not answer as a Joulemark platform: {error} Check JOULEMARK_PLATFORM."
                ).format(origin=self.origin, error=error)
            ) from error

    def _exchange(
        self,
        method: str,
        path: str,
        body: Callable[[], bytes] | None,
        content_type: str,
        most_bytes: int = LARGEST_ANSWER_BYTES,
    ) -> httpx.Response:
        """One request with its retries; an answer of 2xx. Raises Unreachable or Refused."""
        for pause_s in (*PAUSES_S, None):
            try:
                answer = self._once(method, path, body, content_type, most_bytes)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if pause_s is None:
                    raise NoConnection(
                        _("{origin} cannot be reached ({error}). {advice}").format(
                            origin=self.origin, error=error, advice=self._advice or _(AWAY)
                        )
                    ) from error
                self._sleep(pause_s)
                continue
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                raise UsageError(
                    _("The platform {origin} cannot be used: {error}.").format(
                        origin=self.origin, error=error
                    )
                ) from error
            except httpx.HTTPError as error:
                raise NoConnection(
                    _("{origin} broke off or did not answer in time ({name}). {advice}").format(
                        origin=self.origin, name=type(error).__name__, advice=self._advice or _(LATER)
                    )
                ) from error
            if answer.status_code < 500 and answer.status_code != TOO_OFTEN:
                return self._judged(answer)
            if pause_s is None:
                raise ServerFailed(
                    _("{origin} has a problem of its own (HTTP {status_code}). {advice}").format(
                        origin=self.origin, status_code=answer.status_code, advice=self._advice or _(LATER)
                    )
                )
            too_often = answer.status_code == TOO_OFTEN
            self._sleep(_pause(answer, pause_s, most_s=self._patience_s if too_often else LONGEST_PAUSE_S))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(
        self,
        method: str,
        path: str,
        body: Callable[[], bytes] | None,
        content_type: str,
        most_bytes: int,
    ) -> httpx.Response:
        """One attempt, reading no more than an answer may have."""
        content = None if body is None else body()
        headers = {} if content is None else {"Content-Type": content_type}
        with self._http.stream(method, path, content=content, headers=headers) as answer:
            self._note_clock(answer)
            chunks, size = [], 0
            for chunk in answer.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > most_bytes:
                    raise BadAnswer(
                        _("{origin} sends more than {most_bytes} bytes. Check JOULEMARK_PLATFORM.").format(
                            origin=self.origin, most_bytes=most_bytes
                        )
                    )
            return httpx.Response(
                answer.status_code, headers=_plain(answer.headers), content=b"".join(chunks)
            )

    def _judged(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        if answer.status_code < 400:
            raise BadAnswer(
                _("{origin} redirects to {address}; set JOULEMARK_PLATFORM to that origin.").format(
                    origin=self.origin, address=answer.headers.get("location")
                )
            )
        try:
            problem = decode(answer.content, Problem, what="refusal")
            code, sentence = problem.code, problem.detail
        except RecordError:
            code = f"HTTP-{answer.status_code}"
            sentence = _(
                "The platform refused without saying why; check JOULEMARK_PLATFORM and this agent's version."
            )
        if self.skew_s is not None and abs(self.skew_s) > CLOCK_TOLERANCE_S:
            raise WrongClock(code, sentence, status=answer.status_code, skew_s=self.skew_s)
        raise Refused(code, sentence, status=answer.status_code)

    def _note_clock(self, answer: httpx.Response) -> None:
        """This machine's clock minus the platform's, from the Date header (whole seconds)."""
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            return  # no usable Date: the skew stays unknown
        if theirs.tzinfo is not None:
            self.skew_s = (datetime.now(UTC) - theirs).total_seconds()


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """The headers that are still true of a decoded body."""
    return {
        name: value for name, value in headers.items() if name not in {"content-encoding", "content-length"}
    }


def _pause(answer: httpx.Response, default_s: float, *, most_s: float) -> float:
    """The pause that the platform asks for, within reason."""
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), most_s) if asked.isdecimal() else default_s
