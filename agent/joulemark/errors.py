"""Errors of the agent, each with a sentence that says what to do next and the exit code of its command.

AgentError                      exit code
├── UsageError                   2   the command line, a file or a setting cannot be used as given
│   └── ConsentMissing               nobody was there to say yes to what the command would do
├── NotVerified                  3   a signature, a digest or a key does not fit
│   ├── PlatformKeyChanged           the platform shows another key than the one that was stored
│   ├── BadReceipt                   a receipt is not by the platform or not for this result
│   └── BadProof                     a proof does not show that a result is in the platform's log
├── Refused                      4   the platform answered: no
│   └── WrongClock                   ... because this machine's clock is off
├── Unreachable                  5   the platform gave no usable answer; nothing is lost
│   ├── NoConnection                 no network, no server, no answer in time
│   ├── ServerFailed                 the server answered with an error of its own (5xx) or is too busy (429)
│   ├── BadAnswer                    something answered, but not a Joulemark platform
│   ├── HubAway                      the hub gives no answer, or none of a hub's; no fault of the job that needs it
│   └── NotOnHub                     the hub does not give a model or data set that a suite pins
├── NothingToDo                  6   nothing matches, the outbox is empty
│   ├── Declined                     the user said no; nothing was done
│   ├── NotEnrolled                  the key is not known to the platform yet
│   └── SuiteNotOffered              the platform has pinned no version of a suite, or offline none is here
├── MeasurementImpossible        7   no result can come of this run
│   ├── MeterUnavailable             a sensor is not there or not readable
│   ├── MeterFailed                  a sensor stopped answering
│   │   ├── ReadingMissing           ... once; the next reading may come
│   │   └── CounterReset             its counter fell: the driver was loaded anew
│   ├── ReadingsUnusable             the readings of one job give no result; the next job may
│   ├── FactsUnusable                the machine or its driver says of itself what no result can hold
│   ├── UnsupportedSystem            the command does not run on this operating system
│   ├── DeviceUnusable               torch cannot compute on the chosen device
│   ├── NoisyMachine                 the preflight found what would spoil every number
│   ├── WorkloadUnavailable          the packages of every chosen job are missing
│   └── RunInProgress                another run measures on this machine
└── StorageError                 8   a file cannot be written; what was kept before is untouched
    └── DiskFull                     ... for want of space
"""

from __future__ import annotations

from joulemark.platform_words import refusal_in_words
from joulemark.translation import gettext as _

TYPE_CHECKING = False  # not from typing: importing that is a tenth of a command's start
if TYPE_CHECKING:
    from joulemark.record.trace import Trace
    from joulemark.suite.lock import NotOnHubReason

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_NOT_VERIFIED = 3
EXIT_REFUSED = 4
EXIT_UNREACHABLE = 5
EXIT_NOTHING = 6
EXIT_IMPOSSIBLE = 7
EXIT_STORAGE = 8
EXIT_NOT_COUNTED = 9
"""Measured and sent, and nothing of it counts: each result was rejected or put aside, or was withdrawn."""
EXIT_HUNG_UP = 129
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class AgentError(Exception):
    """Ends a command. `code` is a short stable name; `str(error)` says what happened and what to do next."""

    exit_code = 1
    code = "agent-error"


class UsageError(AgentError):
    """What the user gave cannot be used."""

    exit_code = EXIT_USAGE
    code = "usage"


class ConsentMissing(UsageError):
    """What the command would do needs a yes, and there is neither a terminal to ask at nor `--yes`."""

    code = "consent-missing"


class NotVerified(AgentError):
    """A signature, digest or key does not fit."""

    exit_code = EXIT_NOT_VERIFIED
    code = "not-verified"

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code or type(self).code


class PlatformKeyChanged(NotVerified):
    """The platform's key is not the one that was stored at enrolment."""

    code = "platform-key-changed"


class BadReceipt(NotVerified):
    """A receipt was not signed by the stored platform key, or is for another result."""

    code = "bad-receipt"


class BadProof(NotVerified):
    """A proof of the log does not lead from a result to a checkpoint that the stored log key has signed."""

    code = "bad-proof"


class Refused(AgentError):
    """The platform refused a request: `code` and the sentence are the platform's, which is English.

    `words` is what the user is told in its place.
    """

    exit_code = EXIT_REFUSED

    def __init__(self, code: str, sentence: str, *, status: int, words: str | None = None) -> None:
        super().__init__(f"{code}: {words or refusal_in_words(code, sentence)}")
        self.code = code
        self.sentence = sentence
        self.status = status


class WrongClock(Refused):
    """The platform refused while this machine's clock is far from the platform's."""

    def __init__(self, code: str, sentence: str, *, status: int, skew_s: float) -> None:
        hint = (
            _(
                "{sentence} This machine's clock is {skew_s:.0f} s ahead of the platform's: set it "
                "(`timedatectl set-ntp true`), then run the command again."
            )
            if skew_s > 0
            else _(
                "{sentence} This machine's clock is {skew_s:.0f} s behind the platform's: set it "
                "(`timedatectl set-ntp true`), then run the command again."
            )
        )
        words = hint.format(sentence=refusal_in_words(code, sentence), skew_s=abs(skew_s))
        super().__init__(code, words, status=status, words=words)
        self.skew_s = skew_s


class Unreachable(AgentError):
    """The platform gave no usable answer. Whatever was measured is kept."""

    exit_code = EXIT_UNREACHABLE
    code = "unreachable"


class NoConnection(Unreachable):
    """No connection, or no answer in time. `cause` is a clause that says which."""

    code = "no-connection"
    retry_after_s: float | None = None

    def __init__(self, sentence: str, *, cause: str | None = None) -> None:
        super().__init__(sentence)
        self.cause = cause or _("no connection")


class ServerFailed(Unreachable):
    """The server failed (5xx) or is too busy (429), also after retries.

    `status` is the answer's, `cause` a clause with it, `retry_after_s` the least pause that the server asks for.
    """

    code = "server-failed"

    def __init__(self, sentence: str, *, status: int = 500, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.cause = f"HTTP {status}"
        self.retry_after_s = retry_after_s


class BadAnswer(Unreachable):
    """The answer is not one that a Joulemark platform gives."""

    code = "bad-answer"


class HubAway(Unreachable):
    """The hub gives no answer, or none that a hub gives: the job that needs it is put off, and has not failed."""

    code = "hub-away"


class NotOnHub(Unreachable):
    """The hub does not give what a suite pins. `code`: `gated` (consent is missing), `vanished` or `no-parquet`."""

    def __init__(self, code: NotOnHubReason, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class NothingToDo(AgentError):
    """There is nothing to act on."""

    exit_code = EXIT_NOTHING
    code = "nothing-to-do"


class Declined(NothingToDo):
    """The user declined what the command would have done."""

    code = "declined"


class NotEnrolled(NothingToDo):
    """The platform does not know this key yet."""

    code = "not-enrolled"


class SuiteNotOffered(NothingToDo):
    """There is no pinned version of a suite to run. `code`: `suite-not-pinned`, or offline `suite-not-here`."""

    code = "suite-not-pinned"

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code or type(self).code


class MeasurementImpossible(AgentError):
    """No result can come of this."""

    exit_code = EXIT_IMPOSSIBLE
    code = "measurement-impossible"


class MeterUnavailable(MeasurementImpossible):
    """A sensor cannot be used.

    `reason` is a short stable name, `mend` what would make it usable, if anything.
    """

    code = "meter-unavailable"

    def __init__(self, reason: str, sentence: str, *, mend: str | None = None) -> None:
        super().__init__(f"{sentence} {mend}" if mend else sentence)
        self.reason = reason
        self.sentence = sentence
        self.mend = mend


class MeterFailed(MeasurementImpossible):
    """A sensor stopped answering during a run; the job gives no result.

    `trace` are the readings until then, None outside a job.
    """

    code = "meter-failed"
    trace: Trace | None = None


class ReadingMissing(MeterFailed):
    """One reading failed; the run goes on and is flagged."""

    code = "missing-reading"


class CounterReset(MeterFailed):
    """The energy counter fell in the middle of a run."""

    code = "counter-went-backwards"


class ReadingsUnusable(MeasurementImpossible):
    """One job was measured and its readings give no result; only this job is lost. `trace` are the readings."""

    code = "unusable-readings"

    def __init__(self, sentence: str, *, trace: Trace | None = None) -> None:
        super().__init__(sentence)
        self.trace = trace


class FactsUnusable(MeasurementImpossible):
    """A fact that every result must state cannot be determined on this machine."""

    code = "facts-unusable"


class UnsupportedSystem(MeasurementImpossible):
    """The command does not run on this operating system."""

    code = "unsupported-system"


class DeviceUnusable(MeasurementImpossible):
    """No model can run: the libraries and the device's driver do not fit, or the device computes wrongly."""

    code = "device-unusable"


class NoisyMachine(MeasurementImpossible):
    """The preflight found what would spoil every number; `--force` measures all the same, flagged."""

    code = "noisy-machine"


class WorkloadUnavailable(MeasurementImpossible):
    """No chosen job can run here."""

    code = "workload-unavailable"


class RunInProgress(MeasurementImpossible):
    """Two runs at once would spoil each other's numbers."""

    code = "run-in-progress"


class StorageError(AgentError):
    """A file cannot be read or written."""

    exit_code = EXIT_STORAGE
    code = "storage"


class DiskFull(StorageError):
    """No space is left (or the quota is used up)."""

    code = "disk-full"
