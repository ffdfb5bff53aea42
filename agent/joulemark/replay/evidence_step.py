"""Is the evidence there, signed and unchanged, and do the published numbers of each result follow from it."""

from __future__ import annotations

import tarfile
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from joulemark.leaderboard.eligibility import COMPARABLE, ELIGIBLE
from joulemark.reader.release import bundles_in
from joulemark.release.leaf_tables import RESULTS
from joulemark.replay.differences import differing
from joulemark.replay.faults import NOT_READ, UNREADABLE
from joulemark.replay.own_facts import arrival_of
from joulemark.replay.reading import digest_of, read_bundle, row_values
from joulemark.replay.state_file import PartOutcome, text_of
from joulemark.replay.table_rows import files_of, rows_in
from joulemark.rules.control_figures import ControlFigures
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.reader.release import OpenRelease
    from joulemark.release.manifest import BundleFile
    from joulemark.replay.own_facts import Arrival
    from joulemark.replay.reading import ReadResult
    from joulemark.replay.state_file import StateFile
    from joulemark.replay.suites import ReleaseSuites

EVIDENCE = "INSERT OR IGNORE INTO evidence VALUES (?{})".format(", ?" * 28)  # noqa: S608 - a fixed text
DERIVED = ", ".join(f"'{state}'" for state in COMPARABLE)
OUTSIDE = "outside"
CONTROL_NAMES = tuple(f"control_{field.name}" for field in fields(ControlFigures))
CELL_NAMES = (
    "suite_digest", "task", "dataset", "model", "hardware_code", "grade", "scope", "stratum",
)  # fmt: skip
PART_NAMES = ("suite_digest", "grade", "task", "dataset", "hardware_code", "scope")
NUMBERS = RESULTS.column_names[RESULTS.column_names.index("not_derived") + 1 : -1]
"""Columns of `results` that follow from a bundle: those before the licence."""
WINDOW_NAMES = ("start_s", "end_s", "queries", "energy_gross_j", "energy_net_j")
OWN_NAMES = ("result_id", "received_at", "key_id", "contributor", "ticket", "trace_sha256")


def parts(release: OpenRelease) -> list[str]:
    """The archives of bundles, and last the entries of the log that are in none of their ranges."""
    return [*(file.path for file in release.manifest.bundles), OUTSIDE]


class EvidenceReader:
    """Reads archives of bundles; what it keeps of each result goes into the state file."""

    def __init__(self, release: OpenRelease, state: StateFile, suites: ReleaseSuites) -> None:
        self._release, self._state, self._suites = release, state, suites
        self._archives = {file.path: file for file in release.manifest.bundles}

    def run(self, part: str) -> PartOutcome:
        """Read one archive and compare the rows of its range."""
        outcome = PartOutcome()
        if part == OUTSIDE:
            self._compare_outside(outcome)
            return outcome
        archive = self._archives[part]
        rows = self._rows("results", archive, outcome)
        windows: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows("windows", archive, outcome):
            windows.setdefault(row["result_id"], []).append(row)
        result_rows = {row["result_id"]: row for row in rows}
        read: set[str] = set()
        try:
            for bundle in bundles_in(self._release.root.fetched(archive)):
                result_id, data, offset = bundle
                read.add(result_id)
                arrival = self._arrival(result_id, data, part, outcome)
                if arrival is None:
                    continue
                result = read_bundle(
                    data, arrival, self._state, self._suites, origin=self._release.manifest.origin
                )
                outcome.count("bundles")
                self._compare(
                    result, arrival, result_rows.get(result_id), windows.pop(result_id, []), outcome
                )
                outcome.write(EVIDENCE, [self._evidence_row(result, arrival, (part, offset, len(data)))])
        except (*NOT_READ, tarfile.TarError) as error:
            outcome.differs(
                "JM-REPLAY-BUNDLE", part, _("The bundles cannot be read: {why}").format(why=error)
            )
        self._compare_presence(archive, read, result_rows, outcome)
        for result_id in sorted(windows.keys() - read):
            _windows_differ(result_id, outcome)
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

    def _compare_outside(self, outcome: PartOutcome) -> None:
        """Is there an archive for every result of the log."""
        end = 0
        for archive in sorted(self._release.manifest.bundles, key=lambda file: file.leaves):
            self._bundle_is_missing(end, archive.leaves[0], outcome)
            end = max(end, archive.leaves[1])
        self._bundle_is_missing(end, self._release.manifest.tree_size, outcome)

    def _bundle_is_missing(self, start: int, end: int, outcome: PartOutcome) -> None:
        rows = self._state.all("SELECT result_id FROM arrivals WHERE leaf >= ? AND leaf < ?", start, end)
        for (result_id,) in rows:
            outcome.differs(
                "JM-REPLAY-BUNDLE-MISSING",
                result_id,
                _("The log has result {result}, and the release has no archive of its range.").format(
                    result=result_id[:12]
                ),
            )

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
        derived = {name: getattr(arrival, name) for name in OWN_NAMES} | {"leaf_index": arrival.leaf}
        if row.get("not_derived") is not None:
            derived |= self._left_out(result, outcome)
        else:
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
        if result.is_numbered or result.error is not None:
            self._compare_windows(result, windows, outcome)

    def _left_out(self, result: ReadResult, outcome: PartOutcome) -> dict[str, None]:
        """Null for each number of a row that says it has none. A result that was accepted at once has numbers."""
        first = self._state.first(
            "SELECT state FROM standings WHERE result_id = ? ORDER BY since LIMIT 1", result.result_id
        )
        if result.is_numbered and first is not None and first[0] in ELIGIBLE:
            outcome.differs(
                "JM-REPLAY-RESULT",
                result.result_id,
                _("The numbers of result {result} are left out, and they follow from its bundle.").format(
                    result=result.result_id[:12]
                ),
            )
        return dict.fromkeys(NUMBERS)

    def _compare_windows(self, result: ReadResult, rows: list[dict[str, Any]], outcome: PartOutcome) -> None:
        is_same = len(rows) == len(result.windows) and not any(
            differing(row, derived, WINDOW_NAMES) for row, derived in zip(rows, result.windows, strict=True)
        )
        outcome.count("windows", len(rows))
        if not is_same:
            _windows_differ(result.result_id, outcome)

    def _evidence_row(
        self, result: ReadResult, arrival: Arrival, where: tuple[str, int, int]
    ) -> tuple[Any, ...]:
        """The row of `evidence`."""
        derived = self._state.first(
            f"SELECT min(since) FROM standings WHERE result_id = ? AND state IN ({DERIVED})",  # noqa: S608 - our own words
            arrival.result_id,
        )
        fault = None if result.error is None else text_of([result.error.code, str(result.error)])
        if not result.is_numbered:
            nothing = (None,) * 19
            return (
                arrival.result_id, arrival.written, None, arrival.contributor, *where, *nothing,
                text_of([result.own, result.tripped]), text_of(result.alone), fault,
            )  # fmt: skip
        names, numbers = result.names, result.numbers
        key = names | numbers
        job = text_of([names[name] for name in ("suite_digest", "task", "dataset", "model")])
        figures = [numbers[name] for name in CONTROL_NAMES]
        control = None if None in figures else text_of(figures)
        quality = [[score["metric"], score["value"], score["n"]] for score in numbers["quality"]]
        return (
            arrival.result_id, arrival.written, derived[0], arrival.contributor, *where, job,
            names["suite_digest"], names["dataset"], names["device"], numbers["times_sha256"],
            numbers["sample_sha256"], numbers["inputs_sha256"], names["seed"], text_of(quality),
            numbers["answers"], numbers["noise"], names["n_measured"], names["hardware_code"],
            names["hardware_title"], text_of([key[name] for name in CELL_NAMES]),
            text_of([key[name] for name in PART_NAMES]), text_of(row_values(result, arrival)),
            numbers["control_design"] or None, control,
            text_of([result.own, result.tripped]), text_of(result.alone), fault,
        )  # fmt: skip

    def _rows(self, table: str, archive: BundleFile, outcome: PartOutcome) -> list[dict[str, Any]]:
        """The published rows of the archive's range; of files that cannot be read none."""
        try:
            return list(self._of_range(table, archive))
        except UNREADABLE as error:
            outcome.differs(
                "JM-REPLAY-TABLE",
                table,
                _("The table {table} cannot be read: {why}").format(table=table, why=error),
            )
            return []

    def _of_range(self, table: str, archive: BundleFile) -> Iterator[dict[str, Any]]:
        start, end = archive.leaves
        for file in files_of(self._release, table):
            leaves = file.leaf_range
            if leaves is not None and leaves.start < end and start < leaves.end:
                rows = rows_in(self._release, table, file)
                yield from (row for row in rows if start <= row["leaf_index"] < end)


def _windows_differ(result_id: str, outcome: PartOutcome) -> None:
    outcome.differs(
        "JM-REPLAY-WINDOWS",
        result_id,
        _("The windows of result {result} are not those of its bundle.").format(result=result_id[:12]),
    )
