"""Logs of CodeCarbon (https://github.com/mlco2/codecarbon): `emissions.csv`, and the logs of phases beside it.

`emissions.csv` has a row a run; energies are kWh. With `start_task` and `stop_task` CodeCarbon also writes
`emissions_EXPERIMENT_RUNID.csv` with a row a phase and a column `task_name`. The 2024 study used both: its phases are
"load model" and "query model" (for some tasks "load dataset"), and the whole run is their sum. Columns came with time:
1.x has one energy for everything; 2.0 added parts, 2.1 devices and `tracking_mode`, 2.3 `pue`, 3.x water and
utilisation. What a row does not have is not known; it is never zero.

Every energy of CodeCarbon contains the PUE that its user stated for the data centre, so a row with another than 1 is
left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from joulemark.published.errors import BadRow, UnreadableInput
from joulemark.published.figures import (
    EMPTY,
    NO_COLUMN,
    PER,
    ZERO,
    LeftOut,
    PublishedRuns,
    PublishedSubject,
    Run,
)
from joulemark.published.hardware import counted, gpus, node, processor
from joulemark.published.plausible import MOST_GPUS, MOST_QUERIES, trusted
from joulemark.published.rows_of_runs import Logged, latest_states, logged_rows
from joulemark.published.subjects import place_of
from joulemark.published.table import AS_USUAL, TableForm
from joulemark.published.untrusted import NOBODY, LeaveOut, settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.published.figures import Hardware, InputFile
    from joulemark.published.names import NameMap
    from joulemark.published.table import TableRow

EnergyPart = Literal["total", "gpu"]
QUERY_PHASE = "query model"
WHOLE_RUN = "whole run"
COLUMNS = {"gpu": "gpu_energy", "cpu": "cpu_energy", "dram": "ram_energy"}
NAMES = {"gpu": "gpu_kwh_per_1000", "cpu": "cpu_kwh_per_1000", "dram": "ram_kwh_per_1000"}
UNNAMED = "codecarbon"
"""The default of CodeCarbon's `project_name`."""
TOLERANCE = 0.01
"""The parts must add up to the total within this share of it."""


@dataclass(frozen=True, kw_only=True)
class LogOptions:
    """What a log does not say: `queries` of each run, and what a file is about where no map says so.

    `phase` is a phase's name or "whole run"; None takes the query phase where phases were logged. `energy` is all
    that was metered, or the GPUs alone. `scope` and `hardware` are for logs whose columns do not tell.
    """

    queries: int
    phase: str | None = None
    energy: EnergyPart = "total"
    task: str | None = None
    dataset: str | None = None
    model: str | None = None
    scope: str | None = None
    hardware: str | None = None
    form: TableForm = AS_USUAL
    leave_out: LeaveOut = NOBODY


def read_logs(files: Sequence[InputFile], options: LogOptions, names: NameMap) -> PublishedRuns:
    """Every run in the logs. Raises UnreadableInput, and BadRows with every row that cannot be trusted."""
    if not 1 <= options.queries <= MOST_QUERIES:
        raise UnreadableInput(
            f"--queries is how many queries each run in {files[0].name} answered, from 1 to {MOST_QUERIES:,}."
        )
    problems: list[BadRow] = []
    rows = logged_rows(files, names, problems, options.form)
    phase = options.phase or (QUERY_PHASE if any(row.phase for row in rows) else WHOLE_RUN)
    rows, left_out = _of_phase(rows, phase)
    rows, repeated = latest_states(rows, problems)
    runs = []
    for logged in rows:
        try:
            taken = _run(logged.row, phase, options, names)
        except BadRow as error:
            problems.append(error)
            continue
        if isinstance(taken, Run):
            runs.append(taken)
        else:
            left_out.append(taken)
    untrusted = settled(problems, options.leave_out)
    return PublishedRuns(runs=tuple(runs), left_out=(*left_out, *repeated, *untrusted))


def _of_phase(rows: list[Logged], phase: str) -> tuple[list[Logged], list[LeftOut]]:
    """Rows of one phase, or of whole runs; a run whose phases are there is never counted as a whole, too."""
    by_phase = {row.run_id for row in rows if row.phase == phase and row.run_id is not None}
    inflated = {row.run_id for row in rows if row.inflated and row.run_id is not None}
    taken, left_out = [], []
    for row in rows:
        if row.inflated or row.run_id in inflated:
            reason = "its energies contain a PUE other than 1"
        elif (row.phase or WHOLE_RUN) == phase:
            taken.append(row)
            continue
        elif row.phase is not None:
            reason = f"another phase than {phase!r}: {row.phase}"
        elif row.run_id in by_phase:
            reason = f"the whole run; its phase {phase!r} is taken"
        else:
            reason = f"the whole run with loading; its phase {phase!r} was not logged"
        left_out.append(
            LeftOut(where=row.row.where, what=row.row.words("project_name") or "a run", reason=reason)
        )
    return taken, left_out


def _run(row: TableRow, phase: str, options: LogOptions, names: NameMap) -> Run | LeftOut:
    called = options.model or row.needed_text("project_name")
    if called == UNNAMED and options.model is None and UNNAMED not in names.models:
        raise BadRow(
            row.where,
            f"project_name is {UNNAMED!r}, which CodeCarbon writes where nobody named the project, and no model: say "
            "which with --model, or in the map's [models]",
            rule="no-model",
            file_wide=True,
        )
    if called in names.leave_out:
        return LeftOut(where=row.where, what=called, reason=names.leave_out[called])
    task, dataset = place_of(row, options.task, options.dataset, names)
    total_kwh = row.needed_number("energy_consumed")
    parts_kwh, not_known = _parts(row)
    _check_sum(row, total_kwh, parts_kwh)
    scope = _scope(row, parts_kwh, options.scope)
    if options.energy == "gpu":
        if parts_kwh["gpu"] is None:
            raise BadRow(
                row.where, f"no energy of GPUs ({not_known['gpu_kwh_per_1000']})", rule="no-gpu-energy"
            )
        total_kwh, scope = parts_kwh["gpu"], "gpu"
    seconds = row.number("duration")
    duration_s = seconds or None
    if seconds is None:
        not_known["duration_s"] = EMPTY if row.has("duration") else NO_COLUMN
    elif seconds == 0:
        not_known["duration_s"] = ZERO
    share = PER / options.queries
    gpu_kwh, cpu_kwh, ram_kwh = (None if kwh is None else kwh * share for kwh in parts_kwh.values())
    run = Run(
        where=row.where,
        subject=PublishedSubject(
            task=task,
            dataset=dataset,
            model=names.model(called),
            hardware=_hardware(row, scope, options),
            scope=scope,
            stratum=_stratum(phase),
        ),
        energy_kwh_per_1000=total_kwh * share,
        gpu_kwh_per_1000=gpu_kwh,
        cpu_kwh_per_1000=cpu_kwh,
        ram_kwh_per_1000=ram_kwh,
        duration_s=None if duration_s is None else duration_s * share,
        not_known=not_known,
    )
    return trusted(run)


def _stratum(phase: str) -> str:
    """Nothing for the queries alone, which is what a board shows; the phase in words otherwise."""
    if phase == QUERY_PHASE:
        return ""
    return "whole run, loading included" if phase == WHOLE_RUN else f"phase {phase}"


def _parts(row: TableRow) -> tuple[dict[str, float | None], dict[str, str]]:
    """kWh of GPU, CPU and memory; None with a reason where a column is missing, empty or was never read."""
    parts_kwh: dict[str, float | None] = {}
    not_known = {}
    for part, column in COLUMNS.items():
        kwh = row.number(column)
        parts_kwh[part] = kwh or None
        if kwh is None:
            not_known[NAMES[part]] = EMPTY if row.has(column) else NO_COLUMN
        elif kwh == 0:
            not_known[NAMES[part]] = ZERO
    if parts_kwh["gpu"] is None and row.whole("gpu_count", MOST_GPUS):
        raise BadRow(
            row.where,
            f"names {row.text('gpu_model') or 'a GPU'}, but has no energy of it",
            rule="no-gpu-energy",
        )
    return parts_kwh, not_known


def _check_sum(row: TableRow, total_kwh: float, parts_kwh: dict[str, float | None]) -> None:
    read_kwh = [kwh for kwh in parts_kwh.values() if kwh is not None]
    if not all(row.has(column) for column in COLUMNS.values()):
        return
    if abs(sum(read_kwh) - total_kwh) > TOLERANCE * total_kwh:
        raise BadRow(
            row.where,
            f"energy_consumed is {total_kwh:g} kWh, but its parts add up to {sum(read_kwh):g}",
            rule="parts",
        )


def _scope(row: TableRow, parts_kwh: dict[str, float | None], stated: str | None) -> str:
    """What the energy covers, by the columns; `stated` where they do not say. Raises BadRow for neither, or both."""
    by_columns = _scope_by_columns(row, parts_kwh)
    if by_columns is None and stated is None:
        raise BadRow(
            row.where,
            "no column says what its energy covers: say so with --scope",
            rule="unsaid",
            file_wide=True,
        )
    if by_columns is not None and stated not in {None, by_columns}:
        raise BadRow(
            row.where,
            f"its columns say that the energy covers {by_columns}, and --scope says {stated}",
            rule="unsaid",
        )
    return by_columns or stated or ""


def _scope_by_columns(row: TableRow, parts_kwh: dict[str, float | None]) -> str | None:
    if not all(row.has(column) for column in (*COLUMNS.values(), "gpu_count")):
        return None
    covered = "+".join(part for part, kwh in parts_kwh.items() if kwh is not None)
    if not covered:
        return None
    if (row.whole("gpu_count", MOST_GPUS) or 0) <= 1 or covered != "gpu+cpu+dram":
        return covered
    mode = row.text("tracking_mode")
    if mode is None:
        return None
    return "node" if mode == "machine" else covered


def _hardware(row: TableRow, scope: str, options: LogOptions) -> Hardware:
    name, count = row.text("gpu_model"), row.whole("gpu_count", MOST_GPUS) or 0
    if name is None and options.hardware is not None:
        name, count = counted(options.hardware)
        if "gpu" not in scope and scope != "node":
            return processor(options.hardware)
    if name is not None and ("gpu" in scope or scope == "node"):
        model, named_count = counted(name)
        make = node if scope == "node" else gpus
        return make(model, max(count, named_count))
    cpu = row.text("cpu_model")
    if cpu is not None and "gpu" not in scope and scope != "node":
        return processor(cpu)
    raise BadRow(
        row.where, "no column names the hardware: say so with --hardware", rule="unsaid", file_wide=True
    )
