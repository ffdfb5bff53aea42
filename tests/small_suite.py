"""A suite of one model and one or two data sets on a hub: the file that its author writes."""

from __future__ import annotations

HEAD = """
name = "{name}"
version = "1"
title = "{title}"

[protocol]
queries = 3
windows_min = 3
windows_max = 4
warmup_queries = 1
idle_s = 0.0
half_width_target = 0.5
budget_s = 10.0
{protocol}
[[tasks]]
id = "text_generation"
title = "Text generation"
modality = "text-to-text"
quality_metrics = [{metrics}]
"""
DATASET = """
[[datasets]]
id = "{id}"
task = "text_generation"
title = "{title}"
hub_id = "{owner}/{id}"
{facts}
"""
TAIL = """
[[models]]
id = "writer"
title = "Writer"
kind = "task-specific"
parameters = 1000
parameters_are = "reported"
hub_id = "{owner}/writer"

[[cells]]
task = "text_generation"
datasets = [{datasets}]
models = ["writer"]
prompt = "{{text}}"
max_new_tokens = 10
"""
PROSE = 'split = "test"\ncolumns = ["text"]\nkeep = 5'
VERSE = 'split = "train"\ncolumns = ["text"]\nkeep = 4'


def manifest(
    *,
    name: str = "tiny",
    owner: str = "joulemark-tiny",
    protocol: str = "",
    metrics: str = "",
    datasets: dict[str, str] | None = None,
) -> str:
    """A ``suite.toml``. `protocol` and the values of `datasets` are lines of it, `metrics` those of the task."""
    facts = {"prose": PROSE, "verse": VERSE} if datasets is None else datasets
    return "".join(
        (
            HEAD.format(
                name=name, title=name.title(), protocol=f"{protocol}\n" if protocol else "", metrics=metrics
            ),
            *(
                DATASET.format(id=id_, title=id_.title(), owner=owner, facts=lines)
                for id_, lines in facts.items()
            ),
            TAIL.format(owner=owner, datasets=", ".join(f'"{id_}"' for id_ in facts)),
        )
    )


MANIFEST = manifest(
    name="small",
    owner="someone",
    protocol='sample = "first"',
    datasets={
        "prose": 'config = "en"\nsplit = "train"\ncolumns = ["text"]\nkeep = 5\nsubstitute = "other-suite/open-prose"'
    },
)
"""A suite of one data set, whose first queries are taken."""
