"""Tables of AI Energy Score (https://huggingface.github.io/AIEnergyScore): energy of the GPU for 1,000 queries.

Three kinds of table are read, told apart by their columns:

* the leaderboard's own files, one a task, `data/energy/TASK.csv`: `model`, `total_gpu_energy` in kWh for 1,000
  queries (the leaderboard shows it times 1,000 in Wh); the file's name is the task;
* the leaderboard as a download: a column of models, `GPU Energy (Wh) per 1k tasks`, in Wh;
* what its runner collects (`master_results.csv` of https://github.com/scottcha/AIEnergyScore): `model_name`, `task`,
  `reasoning_state`, `successful_prompts`, `gpu_energy_wh` of all prompts of a run, `error_message`. Since November 2025
  also `wh_per_1000_queries`, which must agree, and a run in which some prompts failed has a message that begins with
  PARTIAL FAILURE: its energy, failed prompts included, is divided by the prompts that succeeded.

The message is the source's validity flag: a run without one has "no error", a partial failure keeps its message, and a
run that failed is left out. Only GPU energy is published, measured on one NVIDIA H100 with 80 GB, as its documentation
says. There is no number of runs: a row counts as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from joulemark.published.errors import BadRow, UnreadableInput
from joulemark.published.figures import (
    EMPTY,
    NO_COLUMN,
    NOT_PUBLISHED,
    PER,
    WH_PER_KWH,
    LeftOut,
    PublishedRuns,
    PublishedSubject,
    Run,
)
from joulemark.published.hardware import counted, gpus
from joulemark.published.names import HUB
from joulemark.published.plausible import MOST_QUERIES, trusted
from joulemark.published.run_list import attempt, published_runs
from joulemark.published.subjects import place_of
from joulemark.published.table import AS_USUAL, TableForm, read_table
from joulemark.published.untrusted import NOBODY, LeaveOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from joulemark.published.figures import InputFile
    from joulemark.published.names import NameMap
    from joulemark.published.table import TableRow

Unit = Literal["kWh for 1,000", "Wh for 1,000", "Wh of a run"]
ENERGY: dict[str, Unit] = {
    "total_gpu_energy": "kWh for 1,000",
    "GPU Energy (Wh) per 1k tasks": "Wh for 1,000",
    "gpu_energy_wh": "Wh of a run",
}
"""Which column holds the energy, and in what."""

MODEL = ("model", "Model", "model_name")
TASK = ("task", "Task")
REASONING = ("reasoning_state", "Reasoning State")
PARTIAL = "PARTIAL FAILURE"
NO_ERROR = "no error"
ROUNDED_WH = 1e-4
"""The runner writes energies with four digits behind the point."""
TOLERANCE = 0.01
LONGEST_FLAG = 150
HARDWARE = "NVIDIA H100 80GB"


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """`task` for tables that name none; a file called after its task needs none. `hardware` where it was another."""

    task: str | None = None
    dataset: str | None = None
    hardware: str = HARDWARE
    form: TableForm = AS_USUAL
    leave_out: LeaveOut = NOBODY


def read_scores(files: Sequence[InputFile], options: ScoreOptions, names: NameMap) -> PublishedRuns:
    """Every row of the tables. Raises UnreadableInput, and BadRows with every row that cannot be trusted."""
    problems: list[BadRow] = []
    return published_runs(
        _entries(files, options, names, problems), leave_out=options.leave_out, problems=problems
    )


def _entries(
    files: Sequence[InputFile], options: ScoreOptions, names: NameMap, problems: list[BadRow]
) -> Iterator[Run | LeftOut | BadRow]:
    for file in files:
        rows = read_table(file, names.columns, problems, options.form)
        energy = _energy_column(file, rows)
        for row in rows:
            yield attempt(_run, row, energy, options, names)


def _energy_column(file: InputFile, rows: list[TableRow]) -> str:
    if not rows:
        raise UnreadableInput(f"{file.name} has a heading and no row.")
    columns = [column for column in ENERGY if rows[0].has(column)]
    if len(columns) != 1:
        what = (
            "no column of energy"
            if not columns
            else f"{len(columns)} columns of energy ({', '.join(columns)})"
        )
        raise UnreadableInput(
            f"{file.name} has {what}; one of {', '.join(ENERGY)} is read. Name yours in the map's [columns]."
        )
    return columns[0]


def _run(row: TableRow, energy: str, options: ScoreOptions, names: NameMap) -> Run | LeftOut:
    called = _called(row)
    if called in names.leave_out:
        return LeftOut(where=row.where, what=called, reason=names.leave_out[called])
    failed = row.words("error_message")
    if failed is not None and not (failed.startswith(PARTIAL) and _succeeded(row)):
        return LeftOut(where=row.where, what=called, reason=f"the run failed: {failed[:100]}")
    stem = row.where.rpartition(":")[0].rpartition(".")[0]
    task_column = next((column for column in TASK if row.has(column)), TASK[0])
    task, dataset = place_of(row, options.task or stem or None, options.dataset, names, task_column)
    model, count = counted(options.hardware)
    reasoning = next((state for column in REASONING if (state := row.text(column))), None)
    duration_s, no_duration = _duration_s(row, energy)
    kwh_per_1000 = _kwh_per_1000(row, energy)
    run = Run(
        where=row.where,
        subject=PublishedSubject(
            task=task,
            dataset=dataset,
            model=names.model(called),
            hardware=gpus(model, count),
            scope="gpu",
            stratum=f"reasoning {reasoning.lower()}" if reasoning else "",
        ),
        energy_kwh_per_1000=kwh_per_1000,
        gpu_kwh_per_1000=kwh_per_1000,
        duration_s=duration_s,
        not_known={
            "cpu_kwh_per_1000": NOT_PUBLISHED,
            "ram_kwh_per_1000": NOT_PUBLISHED,
            **({"duration_s": no_duration} if no_duration else {}),
        },
        validity=_validity(row, failed),
    )
    return trusted(run)


def _succeeded(row: TableRow) -> bool:
    """Whether any prompt of a run succeeded."""
    return row.has("successful_prompts") and bool(row.number("successful_prompts"))


def _validity(row: TableRow, message: str | None) -> str:
    """The runner's own flag; "" in tables that have none."""
    if not row.has("error_message"):
        return ""
    return NO_ERROR if message is None else message[:LONGEST_FLAG]


def _called(row: TableRow) -> str:
    """The model's name on the hub; tables also give it as an address."""
    for column in MODEL:
        if row.has(column):
            return row.needed_text(column).removeprefix(HUB).strip("/ ")
    raise BadRow(
        row.where,
        f"the table has no column of models; one of {', '.join(MODEL)} is read. Name yours in the map's [columns]",
        rule="unsaid",
        file_wide=True,
    )


def _kwh_per_1000(row: TableRow, energy: str) -> float:
    value = row.needed_number(energy)
    unit = ENERGY[energy]
    if unit == "kWh for 1,000":
        return value
    if unit == "Wh for 1,000":
        return value / WH_PER_KWH
    kwh_per_1000 = value / WH_PER_KWH * PER / _prompts(row)
    _check_quotient(row, value, kwh_per_1000 * WH_PER_KWH)
    return kwh_per_1000


def _check_quotient(row: TableRow, wh_of_run: float, wh_per_1000: float) -> None:
    """The runner's own quotient, where it is there, is that of its parts. Raises BadRow (rule `parts`)."""
    stated = row.number("wh_per_1000_queries")
    if stated is None:
        return
    rounding = ROUNDED_WH * (1 + PER / _prompts(row))
    if abs(stated - wh_per_1000) > TOLERANCE * wh_per_1000 + rounding:
        raise BadRow(
            row.where,
            f"wh_per_1000_queries is {stated:g}, but {wh_of_run:g} Wh of {_prompts(row):,} prompts come to "
            f"{wh_per_1000:g}",
            rule="parts",
        )


def _prompts(row: TableRow) -> int:
    row.needed_number("successful_prompts")
    return row.whole("successful_prompts", MOST_QUERIES) or 0


def _duration_s(row: TableRow, energy: str) -> tuple[float | None, str | None]:
    if not row.has("total_duration_seconds"):
        return None, NO_COLUMN
    seconds = row.number("total_duration_seconds")
    if not seconds or ENERGY[energy] != "Wh of a run":
        return None, EMPTY
    return seconds * PER / _prompts(row), None
