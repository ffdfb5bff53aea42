"""Is the evidence there, signed and unchanged, and do the published numbers of each result follow from it."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Any

from joulemark.errors import AgentError
from joulemark.reader.release import batches_of, rows_of_batch
from joulemark.release.layout import bundle_member
from joulemark.replay.differences import differing
from joulemark.replay.own_facts import arrival_of
from joulemark.replay.reading import digest_of, read_bundle, row_values
from joulemark.replay.state_file import PartOutcome, text_of
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from joulemark.reader.release import OpenRelease
    from joulemark.release.manifest import BundleFile
    from joulemark.replay.own_facts import Arrival
    from joulemark.replay.reading import ReadResult
    from joulemark.replay.state_file import StateFile
    from joulemark.replay.suites import ReleaseSuites

EVIDENCE = "INSERT OR IGNORE INTO evidence VALUES (?{})".format(", ?" * 26)  # noqa: S608 - a fixed text
CELL_NAMES = (
    "suite_digest", "task", "dataset", "model", "hardware_code", "grade", "scope", "stratum",
)  # fmt: skip
PART_NAMES = ("suite_digest", "grade", "task", "dataset", "hardware_code", "scope")
WINDOW_NAMES = ("start_s", "end_s", "queries", "energy_gross_j", "energy_net_j")
OWN_NAMES = ("result_id", "received_at", "key_id", "contributor", "ticket", "trace_sha256")


def parts(release: OpenRelease) -> list[str]:
    """The archives of bundles."""
    return [file.path for file in release.manifest.bundles]


class EvidenceReader:
    """Reads archives of bundles; what it keeps of each result goes into the state file."""

    def __init__(self, release: OpenRelease, state: StateFile, suites: ReleaseSuites) -> None:
        self._release, self._state, self._suites = release, state, suites
        self._archives = {file.path: file for file in release.manifest.bundles}

    def run(self, part: str) -> PartOutcome:
        """Read one archive and compare the rows of its range."""
        archive, outcome = self._archives[part], PartOutcome()
        rows = self._rows("results", archive)
        windows = self._windows(archive)
        read: set[str] = set()
        try:
            place = self._release.root.fetched(archive)
            for result_id, data, offset in members(place):
                read.add(result_id)
                arrival = self._arrival(result_id, data, part, outcome)
                if arrival is None:
                    continue
                result = read_bundle(
                    data, arrival, self._state, self._suites, origin=self._release.manifest.origin
                )
                outcome.count("bundles")
                self._compare(result, arrival, rows.get(result_id), windows.get(result_id, []), outcome)
                outcome.write(EVIDENCE, [self._evidence_row(result, arrival, (part, offset, len(data)))])
        except (AgentError, tarfile.TarError, OSError) as error:
            outcome.differs(
                "JM-REPLAY-BUNDLE", part, _("The bundles cannot be read: {why}").format(why=error)
            )
        self._compare_presence(archive, read, rows, outcome)
        return outcome

    def _arrival(self, result_id: str, data: bytes, part: str, outcome: PartOutcome) -> Arrival | None:
        if digest_of(data) != result_id:
            outcome.differs(
                "JM-REPLAY-BUNDLE",
                result_id,
                _("The bundle of result {result} has other bytes than were received.").format(
                    result=result_id[:12]
                ),
            )
            return None
        arrival = arrival_of(self._state, result_id)
        if arrival is None:
            outcome.differs(
                "JM-REPLAY-BUNDLE",
                result_id,
                _("{path} has a bundle that the log has no entry of: {result}.").format(
                    path=part, result=result_id[:12]
                ),
            )
        return arrival

    def _compare_presence(
        self, archive: BundleFile, read: set[str], rows: dict[str, dict[str, Any]], outcome: PartOutcome
    ) -> None:
        start, end = archive.leaves
        logged = self._state.all("SELECT result_id FROM arrivals WHERE leaf >= ? AND leaf < ?", start, end)
        logged_ids = {result_id for (result_id,) in logged}
        for result_id in sorted(logged_ids - read):
            outcome.differs(
                "JM-REPLAY-BUNDLE-MISSING",
                result_id,
                _("The log has result {result}, and its bundle is not in {path}.").format(
                    result=result_id[:12], path=archive.path
                ),
            )
        for result_id in sorted(rows.keys() ^ logged_ids):
            outcome.differs(
                "JM-REPLAY-RESULT",
                result_id,
                _("The log and the table of results do not both have result {result}.").format(
                    result=result_id[:12]
                ),
            )

    def _compare(
        self,
        result: ReadResult,
        arrival: Arrival,
        row: dict[str, Any] | None,
        windows: list[dict[str, Any]],
        outcome: PartOutcome,
    ) -> None:
        if row is None:
            return
        derived = {name: getattr(arrival, name) for name in OWN_NAMES}
        if row.get("not_derived") is None:
            if not result.is_numbered:
                outcome.differs(
                    "JM-REPLAY-RESULT",
                    result.result_id,
                    _(
                        "Numbers of result {result} are published, and none follow from its bundle: {why}"
                    ).format(result=result.result_id[:12], why=result.error or result.tripped),
                )
                return
            derived |= result.names | result.numbers
        names = [name for name in row if name in derived]
        for name, published, follows in differing(row, derived, names):
            outcome.differs(
                "JM-REPLAY-RESULT",
                result.result_id,
                _("Result {result} has the {name} {published}; its bundle says {derived}.").format(
                    result=result.result_id[:12], name=name, published=published, derived=follows
                ),
            )
        outcome.count("results")
        if row.get("not_derived") is None:
            self._compare_windows(result, windows, outcome)

    def _compare_windows(self, result: ReadResult, rows: list[dict[str, Any]], outcome: PartOutcome) -> None:
        is_same = len(rows) == len(result.windows) and not any(
            differing(row, derived, WINDOW_NAMES) for row, derived in zip(rows, result.windows, strict=True)
        )
        outcome.count("windows", len(rows))
        if not is_same:
            outcome.differs(
                "JM-REPLAY-WINDOWS",
                result.result_id,
                _("The windows of result {result} are not those of its bundle.").format(
                    result=result.result_id[:12]
                ),
            )

    def _evidence_row(
        self, result: ReadResult, arrival: Arrival, where: tuple[str, int, int]
    ) -> tuple[Any, ...]:
        """The row of `evidence`."""
        derived = self._state.first(
            "SELECT min(since) FROM standings WHERE result_id = ? AND state IN ('accepted', 'quarantined')",
            arrival.result_id,
        )
        fault = None if result.error is None else text_of([result.error.code, str(result.error)])
        if not result.is_numbered:
            nothing = (None,) * 17
            return (
                arrival.result_id, arrival.written, None, arrival.contributor, *where, *nothing,
                text_of([result.own, result.tripped]), text_of(result.alone), fault,
            )  # fmt: skip
        names, numbers = result.names, result.numbers
        key = names | numbers
        job = text_of([names[name] for name in ("suite_digest", "task", "dataset", "model")])
        quality = [[score["metric"], score["value"], score["n"]] for score in numbers["quality"]]
        return (
            arrival.result_id, arrival.written, derived[0], arrival.contributor, *where, job,
            names["suite_digest"], names["dataset"], names["device"], numbers["times_sha256"],
            numbers["sample_sha256"], numbers["inputs_sha256"], names["seed"], text_of(quality),
            numbers["answers"], numbers["noise"], names["n_measured"], names["hardware_code"],
            names["hardware_title"], text_of([key[name] for name in CELL_NAMES]),
            text_of([key[name] for name in PART_NAMES]), text_of(row_values(result, arrival)),
            text_of([result.own, result.tripped]), text_of(result.alone), fault,
        )  # fmt: skip

    def _rows(self, table: str, archive: BundleFile) -> dict[str, dict[str, Any]]:
        """The published rows of the archive's range, by result."""
        return {row["result_id"]: row for row in self._of_range(table, archive)}

    def _windows(self, archive: BundleFile) -> dict[str, list[dict[str, Any]]]:
        windows: dict[str, list[dict[str, Any]]] = {}
        for row in self._of_range("windows", archive):
            windows.setdefault(row["result_id"], []).append(row)
        return windows

    def _of_range(self, table: str, archive: BundleFile) -> Iterator[dict[str, Any]]:
        start, end = archive.leaves
        for file in self._release.files(table):
            leaves = file.leaf_range
            if leaves is not None and leaves.start < end and start < leaves.end:
                for batch in batches_of(self._release.root.fetched(file)):
                    rows = rows_of_batch(table, batch)
                    yield from (row for row in rows if start <= row["leaf_index"] < end)


def members(place: Path) -> Iterator[tuple[str, bytes, int]]:
    """Result id, bytes and offset of each bundle in an archive. Raises tarfile.TarError or OSError."""
    suffix = bundle_member("")
    with tarfile.open(place, mode="r:") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name.removesuffix(suffix), file.read(), member.offset_data
