"""The outbox: every finished result, before it is sent and after. The folder is the record of what was measured.

A result lies in `<digest>.joulemark.json`, exactly as it is sent, and after that with the platform's receipt and the
proof that it is in the platform's log.
The platform's answers about it lie beside it in `<digest>.note.json`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from joulemark import durable
from joulemark.errors import DiskFull, NothingToDo, UsageError
from joulemark.record import bundle as bundles
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.statement import Time
from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from joulemark.config import Folders
    from joulemark.record.bundle import Bundle
    from joulemark.record.envelope import Envelope
    from joulemark.record.messages import LogProof

SUFFIX = ".joulemark.json"
NOTE_SUFFIX = ".note.json"
SendState = Literal["waiting", "refused", "sent"]


class Refusal(Record, frozen=True):
    """Why the platform did not take a result."""

    code: str
    sentence: str
    at: Time


class Note(Record, frozen=True):
    """The platform's last answer about a result: a refusal, or its verdict.

    `failures`: how often sending it failed at the platform.
    """

    refusal: Refusal | None = None
    verdict: str | None = None
    failures: int = 0


@dataclass(frozen=True, kw_only=True)
class OutboxResult:
    """One result in the outbox."""

    path: Path
    digest: str
    bundle: Bundle
    note: Note
    note_fault: str | None = None
    """Why the note beside it could not be read; `note` is then an empty one."""

    @property
    def state(self) -> SendState:
        """Sent once there is a receipt; refused while the last answer was a refusal; else waiting."""
        if self.bundle.receipt is not None:
            return "sent"
        return "refused" if self.note.refusal is not None else "waiting"


@dataclass(frozen=True, kw_only=True)
class DamagedFile:
    """A file of the outbox that cannot be read as a result."""

    path: Path
    reason: str


class Outbox:
    """The folder of results, each with its note."""

    def __init__(self, folders: Folders) -> None:
        self.folder = folders.outbox
        self._reserve = folders.outbox / ".reserve"

    def hold_space(self) -> None:
        """Reserve room for one result before a measurement begins. Raises DiskFull."""
        durable.reserve(self._reserve)

    def give_up_space(self) -> None:
        """Give the reserved room back."""
        durable.release(self._reserve)

    def keep(self, bundle: Bundle) -> OutboxResult:
        """Write `bundle` and sync it. On a full disk the reserved room is used.

        Raises DiskFull or StorageError.
        """
        digest = bundle.digest()
        path = self.folder / f"{digest}{SUFFIX}"
        try:
            durable.write(path, bundle.to_bytes())
        except DiskFull:
            durable.release(self._reserve)
            durable.write(path, bundle.to_bytes())
        return self._read(path)

    def add_receipt(self, result: OutboxResult, receipt: Envelope) -> OutboxResult:
        """Write the (checked) receipt into the stored bundle and clear an earlier refusal or failure."""
        durable.write(result.path, replace(result.bundle, receipt=receipt).to_bytes())
        return self.annotate(result, replace(result.note, refusal=None, failures=0))

    def add_proof(self, result: OutboxResult, proof: LogProof) -> OutboxResult:
        """Write the (checked) proof into the stored bundle, beside its receipt."""
        durable.write(result.path, replace(result.bundle, proof=proof).to_bytes())
        return self._read(result.path)

    def annotate(self, result: OutboxResult, note: Note) -> OutboxResult:
        """Replace the note of a result; one that cannot be read is replaced in any case."""
        if note != result.note or result.note_fault is not None:
            durable.write(self._note_path(result.digest), encode(note) + b"\n")
        return self._read(result.path)

    def results(self) -> Iterator[OutboxResult]:
        """Every readable result, oldest first."""
        results = [item for item in self.entries() if isinstance(item, OutboxResult)]
        yield from sorted(
            results, key=lambda item: (item.bundle.statement().predicate.issued_at, item.digest)
        )

    def entries(self) -> Iterator[OutboxResult | DamagedFile]:
        """Every file, in the order of names; a damaged one with its reason."""
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                yield self._read(path)
            except UsageError as error:
                yield DamagedFile(path=path, reason=str(error))

    def damaged(self) -> list[DamagedFile]:
        """The files that should hold a result and do not, in the order of names."""
        return [item for item in self.entries() if isinstance(item, DamagedFile)]

    def find(self, prefix: str) -> OutboxResult:
        """The one result whose digest begins with `prefix`. Raises NothingToDo or UsageError."""
        fitting = [result for result in self.results() if result.digest.startswith(prefix.lower())]
        broken = [file for file in self.damaged() if file.path.name.startswith(prefix.lower())]
        if broken and not fitting:
            raise UsageError(broken[0].reason)
        if not fitting:
            raise NothingToDo(
                _("No result in the outbox begins with {prefix}. `joulemark show` lists them.").format(
                    prefix=prefix
                )
            )
        if len(fitting) > 1:
            raise UsageError(
                ngettext(
                    "{count} result begins with {prefix}; give more characters.",
                    "{count} results begin with {prefix}; give more characters.",
                    len(fitting),
                ).format(count=len(fitting), prefix=prefix)
            )
        return fitting[0]

    def _read(self, path: Path) -> OutboxResult:
        bundle = read_bundle(path)
        digest = bundle.digest()
        if path.name != f"{digest}{SUFFIX}":
            raise UsageError(
                _(
                    "{path} does not contain the result that its name states: it was edited or renamed."
                ).format(path=path)
            )
        note, fault = self._note(digest)
        return OutboxResult(path=path, digest=digest, bundle=bundle, note=note, note_fault=fault)

    def _note(self, digest: str) -> tuple[Note, str | None]:
        """The note and None, or an empty note and why the one on disk cannot be read.

        A note only repeats the platform, which can be asked again: a bad one must not hide its result.
        """
        path = self._note_path(digest)
        try:
            return decode(path.read_bytes(), Note, what="note"), None
        except FileNotFoundError:
            return Note(), None
        except OSError as error:
            why = f"{error.strerror}."
        except RecordError as error:
            why = str(error)
        return Note(), _(
            "The note {path} cannot be read and is ignored: {why} Its result is untouched."
        ).format(path=path, why=why)

    def _note_path(self, digest: str) -> Path:
        return self.folder / f"{digest}{NOTE_SUFFIX}"


def read_bundle(path: Path) -> Bundle:
    """The bundle in a file, and that its statement decodes; nothing is verified. Raises UsageError."""
    try:
        bundle = bundles.parse(path.read_bytes())
        bundle.statement()
    except OSError as error:
        raise UsageError(_("{path} cannot be read: {why}.").format(path=path, why=error.strerror)) from error
    except RecordError as error:
        raise UsageError(
            _("{path} is not a Joulemark result ({code}): {error}").format(
                path=path, code=error.code, error=error
            )
        ) from error
    return bundle
