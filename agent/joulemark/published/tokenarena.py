"""The leaderboard of TokenArena (arXiv:2605.00300): modelled joules of endpoints, of which nobody metered any.

An endpoint is a provider, a model and a stock-keeping unit. Its energy is computed from its speed and an assumed
machine, and published as joules for each correct answer; times the share of correct answers that is the energy of an
answer. Every figure has the scope `modelled`, so that its series has the grade `modelled`: it stands on no board with
anything that was measured.

Tables (CSV) and JSON (a list of endpoints, or an object with one under `endpoints`) are read. The paper names the
quantities and not the columns of its snapshot, so these are the paper's words in lower case; where a snapshot calls
them otherwise, the map's [columns] says so:

* `model`; `provider`, `sku`, `quantization`, `region` as far as they are there; `workload` is the task;
* one energy: `joules_per_correct_answer` with `accuracy` (a share from 0 to 1), or `joules_per_answer`, or
  `joules_per_output_token` with `output_tokens_per_answer`;
* `validity`: the publisher's own flag of the row, kept as it is.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.published.boundary import MODELLED
from joulemark.published.errors import BadRow, UnreadableInput
from joulemark.published.figures import (
    JOULES_PER_KWH,
    NOT_PUBLISHED,
    PARTS,
    PER,
    InputFile,
    LeftOut,
    PublishedRuns,
    PublishedSubject,
    Run,
)
from joulemark.published.hardware import node
from joulemark.published.json_reports import parsed_json
from joulemark.published.plausible import trusted
from joulemark.published.run_list import attempt, published_runs
from joulemark.published.subjects import place_of
from joulemark.published.table import AS_USUAL, TableForm, read_table
from joulemark.published.untrusted import NOBODY, LeaveOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from joulemark.published.names import NameMap
    from joulemark.published.table import TableRow

PER_CORRECT, PER_ANSWER, PER_TOKEN = (
    "joules_per_correct_answer", "joules_per_answer", "joules_per_output_token",
)  # fmt: skip
CONFIGURATION = ("sku", "quantization", "region")
TASK = "workload"
LONGEST_FLAG = 150


@dataclass(frozen=True, kw_only=True)
class EndpointOptions:
    """`task` for snapshots whose rows name no workload."""

    task: str | None = None
    dataset: str | None = None
    form: TableForm = AS_USUAL
    leave_out: LeaveOut = NOBODY


def read_endpoints(files: Sequence[InputFile], options: EndpointOptions, names: NameMap) -> PublishedRuns:
    """Every endpoint in the files. Raises UnreadableInput, and BadRows with all that cannot be trusted."""
    problems: list[BadRow] = []
    return published_runs(
        _entries(files, options, names, problems), leave_out=options.leave_out, problems=problems
    )


def _entries(
    files: Sequence[InputFile], options: EndpointOptions, names: NameMap, problems: list[BadRow]
) -> Iterator[Run | LeftOut | BadRow]:
    for file in files:
        table = _as_table(file) if file.name.casefold().endswith(".json") else file
        form = AS_USUAL if table is not file else options.form
        rows = read_table(table, names.columns, problems, form)
        if not rows:
            raise UnreadableInput(f"{file.name} has no endpoint.")
        for row in rows:
            yield attempt(_run, row, options, names)


def _as_table(file: InputFile) -> InputFile:
    """A list of JSON objects as a table, so that both are read by the same rules. Raises UnreadableInput."""
    whole = parsed_json(file)
    listed = whole.get("endpoints") if isinstance(whole, dict) else whole
    if not isinstance(listed, list) or not listed or not all(isinstance(row, dict) for row in listed):
        raise UnreadableInput(
            f"{file.name} is no list of endpoints, nor an object with one under `endpoints`."
        )
    columns = list(dict.fromkeys(name for row in listed for name in row))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in listed)
    return InputFile(name=file.name, content=text.getvalue().encode("utf-8", "surrogatepass"))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(value)


def _run(row: TableRow, options: EndpointOptions, names: NameMap) -> Run | LeftOut:
    called = row.needed_text("model")
    if called in names.leave_out:
        return LeftOut(where=row.where, what=called, reason=names.leave_out[called])
    provider = row.text("provider") or "not stated"
    task, dataset = place_of(row, options.task, options.dataset, names, TASK)
    run = Run(
        where=row.where,
        subject=PublishedSubject(
            task=task,
            dataset=dataset,
            model=names.model(called),
            hardware=node(f"endpoint of {provider}", 1),
            scope=MODELLED,
            stratum=", ".join(word for name in CONFIGURATION if (word := row.text(name))),
        ),
        energy_kwh_per_1000=_joules(row) * PER / JOULES_PER_KWH,
        not_known=dict.fromkeys(PARTS, NOT_PUBLISHED),
        validity=(row.words("validity") or "")[:LONGEST_FLAG],
    )
    return trusted(run)


def _joules(row: TableRow) -> float:
    """The modelled energy of one answer, in joules. Raises BadRow."""
    energies = [name for name in (PER_CORRECT, PER_ANSWER, PER_TOKEN) if row.text(name) is not None]
    if not energies:
        raise BadRow(
            row.where,
            f"has no energy; one of {PER_CORRECT}, {PER_ANSWER}, {PER_TOKEN} is read. Name yours in the map's "
            "[columns]",
            rule="unsaid",
        )
    if PER_ANSWER in energies:
        return row.needed_number(PER_ANSWER)
    if PER_CORRECT in energies:
        share = row.needed_number("accuracy")
        if share > 1:
            raise BadRow(row.where, f"accuracy is {share:g}, not a share from 0 to 1", rule="not-a-number")
        return row.needed_number(PER_CORRECT) * share
    return row.needed_number(PER_TOKEN) * row.needed_number("output_tokens_per_answer")
