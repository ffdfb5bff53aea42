"""CHANGELOG.md of a release: what is otherwise than in the previous one."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db.models import Count

from joulemark.release.columns import CELL_KEY_NAMES
from measurements.intake.models import State, Submission
from measurements.releases import storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.release.manifest import Manifest

MAX_LISTED = 100
"""Results and cells that are named; of more their number is told."""

NAMED_STATES = (State.WITHDRAWN.value, State.REJECTED.value, State.QUARANTINED.value)
"""States in which a result counts no more; whichever became one of these is named."""

CellKeyWords = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MovedCell:
    """A cell whose value is another one than in the previous release."""

    key: CellKeyWords
    before_j: float
    after_j: float

    @property
    def relative(self) -> float:
        """The change, relative to the value of before."""
        return self.after_j / self.before_j - 1


def changelog(manifest: Manifest, previous: Manifest | None) -> str:
    """The whole file."""
    lines = [f"# Changes in {manifest.name}\n"]
    if previous is None:
        n_results, n_cells = manifest.counts.get("results", 0), manifest.counts.get("cells", 0)
        lines.append(f"This is the first release: {n_results} results, {n_cells} cells.")
        return "\n".join(lines) + "\n"
    lines.append(f"Since {previous.name} ({previous.tree_size} entries of the log).\n")
    lines += _result_lines(manifest, previous) + _cell_lines(manifest, previous)
    if previous.versions.rules != manifest.versions.rules:
        lines.append(f"\nRules: version {previous.versions.rules} became {manifest.versions.rules}.")
    return "\n".join(lines) + "\n"


def _result_lines(manifest: Manifest, previous: Manifest) -> list[str]:
    added = Submission.objects.filter(leaf__index__gte=previous.tree_size, leaf__index__lt=manifest.tree_size)
    by_state = dict(added.order_by().values_list("state").annotate(Count("pk")))
    words = ", ".join(f"{number} {state}" for state, number in sorted(by_state.items()))
    lines = ["## Results\n", f"* {sum(by_state.values())} added{f': {words}' if words else ''}."]
    became = _became(manifest, previous)
    if became is None:
        return [*lines, "* The states of the previous release are not in the root, so they are not compared."]
    for state, ids in became.items():
        lines.append(f"* {len(ids)} of former releases became {state}.")
        lines += [f"  * `{result_id}`" for result_id in ids[:MAX_LISTED]]
    return lines


def _became(manifest: Manifest, previous: Manifest) -> dict[str, list[str]] | None:
    """Results of the previous release that now are in each state of NAMED_STATES and then were in another one.

    Read off the tables `states` of both releases: which ways a result took between them makes no difference. Sorted by
    id. None where a file of the previous release is not in the root any more.
    """
    now = _result_states(manifest, lambda states: pc.is_in(states["state"], pa.array(NAMED_STATES)))
    if now is None:
        return None
    named = pa.array(list(now), pa.string())
    then = _result_states(previous, lambda states: pc.is_in(states["result_id"], named))
    if then is None:
        return None
    return {
        state: sorted(
            result_id for result_id, is_in in now.items() if is_in == state != then.get(result_id, state)
        )
        for state in NAMED_STATES
    }


def _result_states(
    manifest: Manifest, chosen: Callable[[pa.RecordBatch], pa.BooleanArray]
) -> dict[str, str] | None:
    """The states of chosen results of a release, by result id; None where a file is not in the root."""
    states: dict[str, str] = {}
    for file in manifest.tables["states"].of_form("parquet"):
        data = storage.read(file.path)
        if data is None:
            return None
        for batch in pq.ParquetFile(io.BytesIO(data)).iter_batches(columns=["result_id", "state"]):
            rows = batch.filter(chosen(batch)).to_pydict()
            states |= dict(zip(rows["result_id"], rows["state"], strict=True))
    return states


def _cell_lines(manifest: Manifest, previous: Manifest) -> list[str]:
    before, after = _values(previous), _values(manifest)
    if before is None or after is None:
        return [
            "\n## Cells\n",
            "The cells of the previous release are not in the root, so they are not compared.",
        ]
    moved = [
        MovedCell(key=key, before_j=before[key], after_j=after[key])
        for key in before.keys() & after.keys()
        if before[key] != after[key]
    ]
    moved.sort(key=lambda cell: (-abs(cell.relative), cell.key))
    n_new, n_gone = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    lines = ["\n## Cells\n", f"* {n_new} new, {n_gone} gone, {len(moved)} with another value."]
    if moved:
        lines += ["", "| cell | J per query before | now | change |", "|---|--:|--:|--:|"]
        lines += [
            f"| {' / '.join(cell.key)} | {cell.before_j:.6g} | {cell.after_j:.6g} | {cell.relative:+.2%} |"
            for cell in moved[:MAX_LISTED]
        ]
    return lines


KEY = tuple(name for name in CELL_KEY_NAMES if name != "suite_digest")


def _values(manifest: Manifest) -> dict[CellKeyWords, float] | None:
    """Joules per query of each cell of a release; None where its file is not in the root any more."""
    files = manifest.tables["cells"].of_form("parquet") if "cells" in manifest.tables else ()
    values: dict[CellKeyWords, float] = {}
    for file in files:
        data = storage.read(file.path)
        if data is None:
            return None
        columns: dict[str, Any] = pq.read_table(
            io.BytesIO(data), columns=[*KEY, "energy_per_query_j"]
        ).to_pydict()
        keys = zip(*(columns[name] for name in KEY), strict=True)
        values |= dict(zip(keys, columns["energy_per_query_j"], strict=True))
    return values
