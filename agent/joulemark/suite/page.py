"""Tables of the suites for readers: `python -m joulemark.suite.page docs/suite.md` writes the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING

from joulemark.suite.describe import counts
from joulemark.suite.estimate import estimate
from joulemark.suite.loader import load_suite
from joulemark.suite.words import limits_in_words, preparation_in_words

if TYPE_CHECKING:
    from joulemark.suite.jobs import Job
    from joulemark.suite.schema import DataSet, Model
    from joulemark.suite.suite import Suite

STANDARD, LEAN, OPEN, QUICK = "a100-2024", "a100-2024-lean", "a100-2024-open", "quick"
NOTHING = "–"  # noqa: RUF001 - a dash for "nothing" in a table

HEAD = f"""# The standard suite

<!-- Written by `make suite-docs` out of the suites' files. Edit those, not this page. -->

The suite `{STANDARD}` is the protocol of *Power Hungry Processing* (Luccioni, Jernite, Strubell, FAccT 2024,
[arXiv 2311.16863](https://arxiv.org/abs/2311.16863) v3) as a data file: what is run, on which rows, cut how, asked how.
`joulemark suite show {STANDARD} --json` prints all of it, `joulemark suite estimate {STANDARD}` what each job costs.
[Suites](suites.md) has the other suites and what a suite is.

**Pinned or not.** The names below are those that the hub had in 2023. A name may come to mean other weights, so a suite
that names the hub is run only with a `lock.toml` beside it: for each model a commit and the digest of every file that
decides what runs (weights, configuration, tokenizer, processors, templates), for each data set a commit, of its Parquet
conversion where the data set is a script (scripts are never run).
A platform's operator pins it once (`manage.py pin_suite {STANDARD}`, [operations](operations.md#pinning-a-suite)), and
`joulemark run --suite {STANDARD}` fetches that version from the platform. `joulemark suite pin {STANDARD} --out FOLDER`
does the same for a folder of your own. The lock is part of the suite's digest and makes a version of its own, such as
`1.0f3a9c27d1be`, which follows from what is pinned and not from the day: the same commits make the same digest. A
platform believes no result of an unpinned suite.

**What does not run.** The rows of RedCaps are addresses of pictures, which change and vanish; none are fetched, and the
jobs on it do not run.

**What may be missing.** ImageNet-1k is given only to whoever agrees to its licence. BookCorpus and OSCAR are scripts.
Whatever the hub refuses, or no longer has, is named in the lock with a sentence, and its jobs do not run. Nothing is
put in its place: the suite `{OPEN}` has open data sets for these, under names and on boards of their own.

**Files.** `suite.toml` and `lock.toml` have JSON Schemas: [suite-1](schema/suite-1.json) and
[suite-lock-4](schema/suite-lock-4.json), which describes the first three formats too: the first pinned a model's
weights alone, the second knows no family and no day of release, the third no number format. All are still read.
"""


def page() -> str:
    """The text of the page, in Markdown."""
    standard = load_suite(STANDARD)
    parts = [
        HEAD,
        *_tasks(standard),
        *_datasets(standard),
        *_models(standard),
        *_limits(standard),
        *_choices(standard),
        *_lean(standard, load_suite(LEAN)),
        *_other(load_suite(OPEN), "Open data sets in place of others"),
        *_other(load_suite(QUICK), "One job for each task"),
    ]
    return "\n".join(parts)


def _tasks(suite: Suite) -> Iterator[str]:
    number, protocol = counts(suite), suite.protocol
    yield f"## Tasks of `{suite.name}`\n"
    stuck = sum(suite.obstacle(job) is not None for job in suite.jobs)
    yield (
        f"{number['tasks']} tasks, {number['datasets']} data sets, {number['task_specific_models']} task-specific and "
        f"{number['general_purpose_models']} general-purpose models, {number['task_specific_cells']} + "
        f"{number['general_purpose_cells']} jobs, of which {stuck} do not run. One query at a time, the "
        f"first {protocol.queries} rows, at least "
        f"{protocol.windows_min} windows of them and at most {protocol.windows_max}, {protocol.dtype}.\n"
    )
    rows = []
    for task in suite.tasks:
        kinds = {(job.dataset, job.model): suite.model(job.model).kind for job in _jobs(suite, task.id)}
        models = {model: kind for (_, model), kind in kinds.items()}
        general = sum(kind == "general-purpose" for kind in models.values())
        rows.append(
            (
                task.title,
                f"`{task.id}`",
                task.modality,
                str(len({dataset for dataset, _ in kinds})),
                f"{len(models) - general}{f' + {general}' if general else ''}",
                ", ".join(task.quality_metrics) or NOTHING,
            )
        )
    yield _table(("Task", "Id", "Modality", "Data sets", "Models", "Quality"), rows)


def _datasets(suite: Suite) -> Iterator[str]:
    yield "## Data sets\n"
    yield (
        "Rows are read in the order of the split. *Quality*: a dash where the split has no answers, or none that these "
        "models give.\n"
    )
    rows = [
        (
            dataset.title,
            f"`{dataset.id}`",
            dataset.task,
            _repository(dataset),
            dataset.split or "",
            f"`{'`, `'.join(dataset.columns)}`",
            preparation_in_words(dataset),
            ", ".join(suite.quality_metrics(dataset.id)) or NOTHING,
            _access(dataset),
        )
        for dataset in suite.datasets
    ]
    heads = ("Data set", "Id", "Task", "On the hub", "Split", "Columns", "Preparation", "Quality", "Access")
    yield _table(heads, rows)


def _models(suite: Suite) -> Iterator[str]:
    yield "## Models\n"
    yield (
        "Parameters as the study's list reports them: some are counted without their heads or encoders, three are "
        "rounded. Licences are read by `joulemark suite pin`.\n"
    )
    for task in suite.tasks:
        used = {job.model for job in _jobs(suite, task.id)}
        rows = [
            _model_row(model) for model in suite.models if model.id in used and model.kind == "task-specific"
        ]
        yield f"### {task.title}\n"
        yield _table(("Model", "On the hub", "Parameters"), rows)
    yield "### General-purpose\n"
    yield _table(
        ("Model", "On the hub", "Parameters", "Family", "Architecture"),
        [
            (*_model_row(model), model.family or NOTHING, model.architecture or NOTHING)
            for model in suite.models
            if model.kind == "general-purpose"
        ],
    )


def _limits(suite: Suite) -> Iterator[str]:
    yield "## Prompts and limits\n"
    yield (
        "`max_length` and `min_length` count tokens: an encoder-decoder's output, or a decoder's prompt and output. "
        "Tasks that are not here give a class, a span or boxes, or are called with the picture alone.\n"
    )
    grouped: dict[tuple[str, str | None, str, str], dict[str, set[str]]] = {}
    for job in suite.jobs:
        words = limits_in_words(job)
        if words == NOTHING:
            continue
        key = (job.task, suite.model(job.model).family, job.prompt or NOTHING, words)
        used = grouped.setdefault(key, {"data": set(), "models": set()})
        used["data"].add(job.dataset)
        used["models"].add(job.model)
    rows = [
        (task, _in_order(suite.datasets, used["data"]), _in_order(suite.models, used["models"]),
         prompt if prompt == NOTHING else f"`{prompt}`", words)
        for (task, _, prompt, words), used in grouped.items()
    ]  # fmt: skip
    yield _table(("Task", "Data sets", "Models", "Prompt", "Limits"), rows)


def _choices(suite: Suite) -> Iterator[str]:
    yield "## Where article and logs differ\n"
    yield (
        "Both are in the file, with what was taken. *Unchecked*: something in it rests on what is generally known, and "
        "no source was read for it.\n"
    )
    rows = [
        (
            choice.about + ("" if choice.checked else " (unchecked)"),
            choice.paper or NOTHING,
            choice.logs or NOTHING,
            choice.taken,
            choice.why,
        )
        for choice in suite.choices
    ]
    yield _table(("About", "Article", "Logs and scripts", "Taken", "Why"), rows)


def _lean(standard: Suite, lean: Suite) -> Iterator[str]:
    """What of the standard suite is measured otherwise; the rest is word for word the same."""
    old, new = standard.protocol, lean.protocol
    yield f"## `{lean.name}`: the same jobs for an evening\n"
    yield (
        f"Tasks, data sets, models, prompts and limits are those of `{standard.name}`, word for word. A window runs a "
        f"part of the first {new.queries} rows, in an order that the ticket's seed draws, and the result is the mean "
        f"over all {new.queries} ([how](method.md#parts-of-the-queries)). Times are by `joulemark suite estimate`.\n"
    )
    rows = [
        ("Queries of a window", f"the first {old.queries}", f"a part of the first {new.queries}"),
        ("Windows", f"{old.windows_min} to {old.windows_max}", f"{new.windows_min} to {new.windows_max}"),
        ("At rest before and after", f"{old.idle_s:.0f} s each", f"{new.idle_s:.0f} s each"),
        ("Ends at the latest after", f"{old.budget_s / 60:.0f} min", f"{new.budget_s / 60:.0f} min"),
        ("GPU hours, all jobs that run", *(f"{_minutes(suite)[0] / 60:.0f}" for suite in (standard, lean))),
        ("Minutes, the median job", *(f"{_minutes(suite)[1]:.1f}" for suite in (standard, lean))),
    ]
    yield _table(("", f"`{standard.name}`", f"`{lean.name}`"), rows)


def _minutes(suite: Suite) -> tuple[float, float]:
    """GPU minutes of all jobs that run, and of the median one."""
    minutes = [
        row.gpu_minutes for row in estimate(suite) if row.obstacle is None and row.gpu_minutes is not None
    ]
    return sum(minutes), median(minutes)


def _other(suite: Suite, title: str) -> Iterator[str]:
    yield f"## `{suite.name}`: {title[0].lower()}{title[1:]}\n"
    yield f"{len(suite.jobs)} jobs. {_sampling(suite)}\n"
    rows = []
    for dataset in suite.datasets:
        models = [job.model for job in suite.jobs if job.dataset == dataset.id]
        rows.append(
            (
                dataset.task,
                f"{dataset.title} `{dataset.id}`",
                _repository(dataset),
                preparation_in_words(dataset),
                str(suite.queries_per_window(dataset.id)),
                ", ".join(models) if len(models) == 1 else f"the task's {len(models)}",
            )
        )
    yield _table(("Task", "Data set", "On the hub", "Preparation", "Queries a window", "Models"), rows)


def _sampling(suite: Suite) -> str:
    if suite.protocol.sample == "first":
        return f"As in `{STANDARD}` but for the data."
    return "The ticket's seed draws the queries of a window from the rows that are kept."


def _jobs(suite: Suite, task: str) -> list[Job]:
    return [job for job in suite.jobs if job.task == task]


def _model_row(model: Model) -> tuple[str, str, str]:
    return model.title, f"`{model.hub_id}`", f"{model.parameters:,}"


def _repository(dataset: DataSet) -> str:
    return f"`{dataset.hub_id}`" + (f", {dataset.config}" if dataset.config else "")


def _access(dataset: DataSet) -> str:
    words = [
        word
        for word, is_so in (("script", dataset.script), ("licence to be agreed to", dataset.gated))
        if is_so
    ]
    if dataset.substitute is not None:
        words.append(f"else `{dataset.substitute}`")
    return ", ".join(words) or NOTHING


def _in_order(entries: tuple[DataSet, ...] | tuple[Model, ...], names: set[str]) -> str:
    return ", ".join(entry.id for entry in entries if entry.id in names)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def main(arguments: list[str]) -> int:
    """Write the page to the file that is named."""
    from pathlib import Path

    if len(arguments) != 1:
        print("usage: python -m joulemark.suite.page FILE", file=sys.stderr)  # noqa: T201 - a program's usage line
        return 2
    Path(arguments[0]).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
