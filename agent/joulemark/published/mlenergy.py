"""Files of the ML.ENERGY leaderboard (https://github.com/ml-energy/leaderboard): joules of GPU energy for an answer.

Three kinds of JSON are read:

* `public/data/tasks/TASK.json`: `task`, and `configurations`, each with `model_id`, `gpu_model`, `num_gpus` and
  `energy_per_request_joules` (`energy_per_image_joules`, `energy_per_video_joules`);
* `public/data/models/MODEL__TASK.json`: the same with `model_id` outside of `configurations`;
* the files of before, `data/diffusion/TASK/.../bsN.json`: `Model`, `GPU model`, `Batch size`, `Energy per image (J)`;
  they name no task.

GPU energy is read by Zeus, over all `num_gpus` GPUs of a configuration. A configuration (number format, GPUs, batch,
parallelism, steps, size of a picture) is a stratum of its own: configurations are never combined. One that stands there
several times with different energies was measured several times, and they are its runs. A request's energy depends on
how long its answer is, which the leaderboard gives as `avg_output_len`: times `energy_per_token_joules` it must come to
the energy of a request.

The leaderboard (its build of February 2026) is made of stable runs alone. Where a configuration carries the flag of the
data set behind it (`is_stable`, `unstable_reason` of https://huggingface.co/datasets/ml-energy/benchmark-v3), a stable
one keeps it as its validity, and an unstable one is left out with its publisher's reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.published.errors import BadRow, UnreadableInput, file_of
from joulemark.published.figures import (
    JOULES_PER_KWH,
    NOT_PUBLISHED,
    PER,
    LeftOut,
    PublishedRuns,
    PublishedSubject,
    Run,
)
from joulemark.published.hardware import gpus
from joulemark.published.json_fields import Fields
from joulemark.published.json_reports import parsed_json
from joulemark.published.plausible import MOST_GPUS, MOST_PARAMETERS_BILLIONS, trusted
from joulemark.published.run_list import attempt, published_runs
from joulemark.published.untrusted import NOBODY, LeaveOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from joulemark.published.figures import Hardware, InputFile
    from joulemark.published.names import NameMap

ENERGY = (
    "energy_per_request_joules", "energy_per_image_joules", "energy_per_video_joules",
    "Energy per image (J)", "Energy per video (J)",
)  # fmt: skip
"""Joules of one answer."""

CONFIGURATION = (
    ("weight_precision", "{}"), ("batch_size", "batch {}"), ("Batch size", "batch {}"),
    ("max_num_seqs", "at most {} at once"), ("max_num_batched_tokens", "at most {} tokens at once"),
    ("tensor_parallel", "tensor {}"), ("expert_parallel", "expert {}"), ("data_parallel", "data {}"),
    ("ulysses_degree", "ulysses {}"), ("ring_degree", "ring {}"),
    ("inference_steps", "{} steps"), ("Number of inference steps", "{} steps"), ("num_frames", "{} frames"),
    ("fps", "{} frames a second"), ("image_width", "{} wide"), ("image_height", "{} high"),
    ("video_width", "{} wide"), ("video_height", "{} high"),
)  # fmt: skip
"""What makes two configurations different, and how it is written."""


TOLERANCE = 0.01
"""The energy of a request and that of its tokens must agree within this share."""


@dataclass(frozen=True, kw_only=True)
class EnergyOptions:
    """`task` for files that name none; `gpu` and `batch` take those configurations alone."""

    task: str | None = None
    dataset: str | None = None
    gpu: str | None = None
    batch: int | None = None
    leave_out: LeaveOut = NOBODY


def read_energies(files: Sequence[InputFile], options: EnergyOptions, names: NameMap) -> PublishedRuns:
    """Every configuration in the files. A configuration that was measured again is a further run of its subject.

    Raises UnreadableInput, and BadRows with all that cannot be trusted.
    """
    entries = (attempt(_run, fields, options, names) for file in files for fields in _configurations(file))
    return published_runs(entries, leave_out=options.leave_out)


def _configurations(file: InputFile) -> Iterator[Fields]:
    whole = _parsed(file)
    listed = whole.get("configurations")
    if listed is None:
        yield Fields(where=f"{file.name}:1", values=whole)
        return
    if not isinstance(listed, list) or not all(isinstance(configuration, dict) for configuration in listed):
        raise UnreadableInput(f"{file.name}: `configurations` is no list of objects.")
    around = {name: value for name, value in whole.items() if name != "configurations"}
    for place, configuration in enumerate(listed):
        inner = configuration.get("parallelization")
        flat = {**around, **configuration, **(inner if isinstance(inner, dict) else {})}
        yield Fields(where=f"{file.name}:configurations[{place}]", values=flat)


def _parsed(file: InputFile) -> dict[str, Any]:
    whole = parsed_json(file)
    if not isinstance(whole, dict) or not ({"configurations", *ENERGY} & set(whole)):
        raise UnreadableInput(
            f"{file.name} has neither `configurations` nor an energy: give the leaderboard's files of tasks or models."
        )
    return whole


def _run(fields: Fields, options: EnergyOptions, names: NameMap) -> Run | LeftOut:
    called = fields.text("model_id") or fields.text("Model")
    if called is None:
        raise BadRow(fields.where, "names no model (model_id)")
    if called in names.leave_out:
        return LeftOut(where=fields.where, what=called, reason=names.leave_out[called])
    hardware = _hardware(fields)
    unasked = _unasked(fields, options)
    if unasked is not None:
        return LeftOut(where=fields.where, what=called, reason=unasked)
    validity = _validity(fields)
    if isinstance(validity, LeftOut):
        return validity
    task, dataset = _place(fields, options, names)
    kwh_per_1000 = _joules(fields) * PER / JOULES_PER_KWH
    run = Run(
        where=fields.where,
        subject=PublishedSubject(
            task=task,
            dataset=dataset,
            model=names.model(called),
            hardware=hardware,
            scope="gpu",
            stratum=", ".join(
                form.format(fields.value(name)) for name, form in CONFIGURATION if fields.has(name)
            ),
        ),
        energy_kwh_per_1000=kwh_per_1000,
        gpu_kwh_per_1000=kwh_per_1000,
        not_known=dict.fromkeys(("cpu_kwh_per_1000", "ram_kwh_per_1000", "duration_s"), NOT_PUBLISHED),
        parameters=_parameters(fields),
        validity=validity,
    )
    return trusted(run)


def _validity(fields: Fields) -> str | LeftOut:
    """The publisher's flag of a run; "" where there is none. An unstable run is left out with its reason."""
    flag = fields.values.get("is_stable")
    if flag is None:
        return ""
    if not isinstance(flag, bool):
        raise BadRow(fields.where, f"is_stable is {ascii(flag)[:40]}, neither true nor false", rule="schema")
    if flag:
        return "stable"
    reason = fields.text("unstable_reason") or "no reason given"
    model = fields.text("model_id") or "a run"
    return LeftOut(where=fields.where, what=model, reason=f"its publisher calls it unstable: {reason[:100]}")


def _parameters(fields: Fields) -> int | None:
    billions = fields.number("total_params_billions")
    if billions is not None and not 0 < billions <= MOST_PARAMETERS_BILLIONS:
        raise BadRow(
            fields.where,
            f"total_params_billions is {billions:g}, and can only be up to {MOST_PARAMETERS_BILLIONS:g}",
        )
    return None if billions is None else round(billions * 1e9)


def _joules(fields: Fields) -> float:
    names = [name for name in ENERGY if fields.has(name)]
    if len(names) != 1:
        raise BadRow(
            fields.where, f"has {len(names)} energies of one answer; one of {', '.join(ENERGY)} is read"
        )
    joules = fields.number(names[0])
    if not joules:
        raise BadRow(
            fields.where, f"{names[0]} is 0: nothing was read; leave the row out", rule="nothing-read"
        )
    _check_tokens(fields, joules)
    return joules


def _check_tokens(fields: Fields, joules: float) -> None:
    """The energy of a request is that of its tokens, where both are there. Raises BadRow (rule `parts`)."""
    of_token, tokens = fields.number("energy_per_token_joules"), fields.number("avg_output_len")
    if of_token is None or tokens is None or not fields.has("energy_per_request_joules"):
        return
    if abs(of_token * tokens - joules) > TOLERANCE * joules:
        raise BadRow(
            fields.where,
            f"energy_per_request_joules is {joules:g}, but {tokens:g} tokens of {of_token:g} J come to "
            f"{of_token * tokens:g}",
            rule="parts",
        )


def _hardware(fields: Fields) -> Hardware:
    name = fields.text("gpu_model") or fields.text("GPU model")
    if name is None:
        raise BadRow(fields.where, "names no GPU (gpu_model)")
    return gpus(name, fields.whole("num_gpus", MOST_GPUS) or 1)


def _unasked(fields: Fields, options: EnergyOptions) -> str | None:
    name = fields.text("gpu_model") or fields.text("GPU model")
    if options.gpu is not None and name != options.gpu:
        return f"another GPU than {options.gpu}"
    batch = next(
        (fields.number(n) for n in ("batch_size", "Batch size", "max_num_seqs") if fields.has(n)), None
    )
    if options.batch is not None and batch != options.batch:
        return f"another batch than {options.batch}"
    return None


def _place(fields: Fields, options: EnergyOptions, names: NameMap) -> tuple[str, str | None]:
    """The leaderboard's tasks are workloads with prompts of their own, so each is a task and a data set here."""
    place = names.files.get(file_of(fields.where))
    own = fields.text("task")
    if place is not None:
        return names.task(place.task), names.dataset(place.dataset)
    task = own or options.task
    if task is None:
        raise BadRow(
            fields.where,
            "names no task: say so with --task, or in the map's [files]",
            rule="unsaid",
            file_wide=True,
        )
    return names.task(task), names.dataset(options.dataset or own)
