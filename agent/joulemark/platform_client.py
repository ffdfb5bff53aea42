"""The platform over HTTP: one method a question, every failure translated once, asked again as its `Waiting` says.

Every request may be sent again. What is signed is signed once and sent again in the same bytes, which a platform takes
once and answers alike whenever they come (docs/protocol.md): so a ticket whose answer was lost on the way is given
again, and is not a second one that looks like the first of many runs.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Self, TypeVar

import httpx

from joulemark import __version__, network
from joulemark.errors import BadAnswer, NoConnection, Refused, ServerFailed, UsageError, WrongClock
from joulemark.exchange_limits import ExchangeLimits
from joulemark.patience import retry_after_s
from joulemark.record import envelope as envelopes
from joulemark.record.codec import decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.messages import (
    Cosigned,
    Enrolled,
    ListedResults,
    LogProof,
    Needed,
    NeededJob,
    PlatformKey,
    Problem,
    ResultStanding,
    ResultStatus,
    Ticket,
)
from joulemark.translation import gettext as _
from joulemark.translation import marked
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from joulemark.record.envelope import Envelope

T = TypeVar("T")

BUNDLE_TYPE = "application/vnd.joulemark.bundle+json"
NOTE_TYPE = "text/plain; charset=utf-8"
PASSING = frozenset({408, 429})
"""Refusals, beside 5xx, that say nothing of the request: the body came too slowly, or too much came at once."""
SIGN_AGAIN_S = 300.0
"""A signed time older than this may be what a platform calls a wrong clock; it then has not taken the request."""
CLOCK_CODE = "JM-CLOCK"
LARGEST_ANSWER_BYTES = 1024 * 1024
LISTED_TOGETHER = 500
"""Results in one page of a list."""
CLOCK_TOLERANCE_S = 120.0
LATER = marked("Results are stored; `joulemark submit` sends them later.")
AWAY = marked(
    "Check the network and JOULEMARK_PLATFORM, or measure with `joulemark run --offline`; results "
    "are stored, and `joulemark submit` sends them later."
)
ANSWER_WITHIN_S, CONNECT_WITHIN_S = 30.0, 10.0
LIMITS = ExchangeLimits(total_s=120.0)
"""Of a request and its answer: the largest has 2 MiB."""


class PlatformClient:
    """Talks to one platform.

    No connection, an answer that does not come or breaks off, 408, 429 and 5xx are tried again as long as `waiting`
    says; nothing else is.
    """

    def __init__(
        self,
        origin: str,
        *,
        waiting: Waiting | None = None,
        advice: str | None = None,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        """`advice` says what to do when the platform gives no answer, where no results are to be sent.

        `waiting`: how long to wait for an answer; without it as long as somebody in front of a command would.
        `answer_within_s`: the longest silence of the platform within a request.
        """
        self.origin = origin
        self.waiting = waiting or Waiting(origin)
        self._advice = advice
        self.skew_s: float | None = None
        try:
            self._http: httpx.Client = network.client(
                httpx,
                limits=LIMITS,
                base_url=f"{origin}/api/v1/",
                timeout=httpx.Timeout(answer_within_s, connect=min(answer_within_s, CONNECT_WITHIN_S)),
                headers={"User-Agent": f"joulemark/{__version__}", "Accept": "application/json"},
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise UsageError(
                _(
                    "The platform {origin!a} cannot be used: it is not an address. Correct "
                    "JOULEMARK_PLATFORM."
                ).format(origin=origin)
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def platform_key(self, *, waiting: Waiting | None = None) -> PlatformKey:
        """The key under which the platform signs. `waiting`: other than the client's, how long an answer is waited for.

        Raises Unreachable or Refused.
        """
        return self._ask("GET", "platform", PlatformKey, waiting=waiting)

    def enrol(self, make: Callable[[], Envelope]) -> Enrolled:
        """Enrol with the envelope that `make` signs. Raises Unreachable or Refused."""
        return self.ask("enrolments", make, Enrolled)

    def ticket(self, make: Callable[[], Envelope]) -> Ticket:
        """A ticket for the request that `make` signs. Raises Unreachable or Refused."""
        return self.ask("tickets", make, Ticket)

    def ask(self, path: str, make: Callable[[], Envelope], kind: type[T]) -> T:
        """Send the request that `make` signs to `path`, in the same bytes as often as it takes; the answer.

        They are signed anew only when a platform that was long away calls their time wrong: then it has not taken
        them. Raises Unreachable or Refused.
        """
        signed_s, body = time.monotonic(), encode(make())
        try:
            return self._ask("POST", path, kind, body=body)
        except Refused as refused:
            if refused.code != CLOCK_CODE or time.monotonic() - signed_s < SIGN_AGAIN_S:
                raise
            return self._ask("POST", path, kind, body=encode(make()))

    def read(self, path: str, kind: type[T], *, most_bytes: int = LARGEST_ANSWER_BYTES) -> T:
        """What the platform answers in public at `path` of its API. Raises Unreachable or Refused."""
        return self._ask("GET", path, kind, most_bytes=most_bytes)

    def fetch(self, path: str, *, most_bytes: int) -> bytes:
        """The bytes of the file at `path` below the platform's origin. Raises Unreachable or Refused."""
        return self._exchange("GET", f"{self.origin}/{path}", None, "*/*", most_bytes).content

    def submit(self, bundle: bytes) -> Envelope:
        """Send a bundle's bytes, once; the receipt, not yet checked. Idempotent.

        Whoever has several results decides which one to send when one could not be. Raises Unreachable or Refused.
        """
        return self._receipt(self._attempt("POST", "results", bundle, BUNDLE_TYPE, LARGEST_ANSWER_BYTES))

    def submit_receipted(self, bundle: bytes) -> Envelope:
        """Send a bundle with its receipt to a platform that has lost it; the receipt, not yet checked. Idempotent.

        Raises Unreachable or Refused.
        """
        return self._receipt(
            self._exchange("POST", "results/receipted", bundle, BUNDLE_TYPE, LARGEST_ANSWER_BYTES)
        )

    def _receipt(self, answer: httpx.Response) -> Envelope:
        try:
            return envelopes.parse(answer.content)
        except RecordError as error:
            raise BadAnswer(
                _("{origin} answered without a receipt: {error} The result is stored.").format(
                    origin=self.origin, error=error
                )
            ) from error

    def result(self, result_id: str) -> ResultStatus:
        """Where a result stands. Raises Unreachable or Refused."""
        return self._ask("GET", f"results/{result_id}", ResultStatus)

    def standing(self, result_id: str) -> ResultStanding:
        """Where a result stands beside those of others. Raises Unreachable or Refused."""
        return self._ask("GET", f"results/{result_id}/standing", ResultStanding)

    def results_of(self, contributor: str, *, page: int = 1) -> ListedResults:
        """One page of a contributor's results, latest first. Raises Unreachable or Refused."""
        question = f"results/?contributor={contributor}&page_size={LISTED_TOGETHER}&page={page}"
        return self._ask("GET", question, ListedResults)

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

    def cosign(self, note: str) -> Cosigned:
        """Hand over a checkpoint of the platform's log with a witness's line. Raises Unreachable or Refused."""
        return self._ask("POST", "log/cosignatures", Cosigned, body=note.encode(), content_type=NOTE_TYPE)

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
        body: bytes | None = None,
        content_type: str = "application/json",
        most_bytes: int = LARGEST_ANSWER_BYTES,
        waiting: Waiting | None = None,
    ) -> T:
        answer = self._exchange(method, path, body, content_type, most_bytes, waiting=waiting)
        try:
            return decode(answer.content, kind, what="answer")
        except RecordError as error:
            raise BadAnswer(
                _(
                    "{origin} does not answer like a Joulemark platform: {error} Check JOULEMARK_PLATFORM."
                ).format(origin=self.origin, error=error)
            ) from error

    def _exchange(
        self,
        method: str,
        path: str,
        body: bytes | None,
        content_type: str,
        most_bytes: int = LARGEST_ANSWER_BYTES,
        *,
        waiting: Waiting | None = None,
    ) -> httpx.Response:
        """One request with its retries; an answer of 2xx. Raises Unreachable or Refused."""
        return (waiting or self.waiting).call(
            lambda: self._attempt(method, path, body, content_type, most_bytes), answers=(BadAnswer, Refused)
        )

    def _attempt(
        self, method: str, path: str, body: bytes | None, content_type: str, most_bytes: int
    ) -> httpx.Response:
        """One attempt at a request; an answer of 2xx. Raises Unreachable, which says what may be asked again."""
        try:
            answer = self._once(method, path, body, content_type, most_bytes)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NoConnection(
                _("{origin} cannot be reached ({error}). {advice}").format(
                    origin=self.origin, error=error, advice=self._advice or _(AWAY)
                ),
                cause=_("no connection"),
            ) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise UsageError(
                _("The platform {origin} cannot be used: {error}.").format(origin=self.origin, error=error)
            ) from error
        except httpx.HTTPError as error:
            raise NoConnection(
                _("{origin} closed the connection or did not answer in time ({name}). {advice}").format(
                    origin=self.origin, name=type(error).__name__, advice=self._advice or _(LATER)
                ),
                cause=_("no answer in time")
                if isinstance(error, httpx.TimeoutException)
                else _("the connection was closed"),
            ) from error
        if answer.status_code < 500 and answer.status_code not in PASSING:
            return self._judged(answer)
        raise ServerFailed(
            _("{origin} failed with an internal error (HTTP {status_code}). {advice}").format(
                origin=self.origin, status_code=answer.status_code, advice=self._advice or _(LATER)
            ),
            status=answer.status_code,
            retry_after_s=retry_after_s(
                answer.headers.get("retry-after"), _date_of(answer) or datetime.now(UTC)
            ),
        )

    def _once(
        self, method: str, path: str, body: bytes | None, content_type: str, most_bytes: int
    ) -> httpx.Response:
        """An answer of any status, reading no more than an answer may have."""
        headers = {} if body is None else {"Content-Type": content_type}
        with self._http.stream(method, path, content=body, headers=headers) as answer:
            self._note_clock(answer)
            chunks, size = [], 0
            for chunk in answer.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > most_bytes:
                    raise BadAnswer(
                        _("{origin} sent more than {most_bytes} bytes. Check JOULEMARK_PLATFORM.").format(
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
                "The platform refused without a reason; check JOULEMARK_PLATFORM and the version of "
                "this agent."
            )
        if self.skew_s is not None and abs(self.skew_s) > CLOCK_TOLERANCE_S:
            raise WrongClock(code, sentence, status=answer.status_code, skew_s=self.skew_s)
        raise Refused(code, sentence, status=answer.status_code)

    def _note_clock(self, answer: httpx.Response) -> None:
        """This machine's clock minus the platform's, from the Date header (whole seconds)."""
        theirs = _date_of(answer)
        if theirs is not None:
            self.skew_s = (datetime.now(UTC) - theirs).total_seconds()


def _date_of(answer: httpx.Response) -> datetime | None:
    """The time of the server's clock, to the second; None without a usable Date."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return None if theirs.tzinfo is None else theirs


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """The headers that are still true of a decoded body."""
    return {
        name: value for name, value in headers.items() if name not in {"content-encoding", "content-length"}
    }
