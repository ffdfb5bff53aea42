"""The resource of needed work: the jobs of a suite, what is known of each, and the order in which they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404

from joulemark.release.columns import amount, count, flag, text
from joulemark.release.tables import table_named
from measurements.boards.needed import KnownCell, read_needed
from measurements.boards.sources import BOARDS, JOB_NEEDS
from measurements.catalog.sources import CATALOG
from measurements.catalog.suites import known_suite
from measurements.contributors.sources import CONTRIBUTORS
from measurements.display.choices import CELL_LABELS, CELL_TIERS, RESULT_GRADES
from measurements.downloads.resource import Filter, Order, Resource, fields_of
from measurements.downloads.resource_columns import one_of, word_of
from measurements.downloads.resource_query import read_flag
from measurements.intake.job_policy import require_pinned
from measurements.published.terms import LICENCE

if TYPE_CHECKING:
    from measurements.boards.needed import NeededJob

LABELS = tuple(word for word, _ in CELL_LABELS)
OF_CELL = (
    "hardware",
    "grade",
    "scope",
    "stratum",
    "tier",
    "relative_range",
    "spread",
    "half_width",
    "version",
)
"""Columns of the job's least certain cell."""
_CELLS = table_named("cells")
COLUMNS = (
    *(_CELLS.column(name) for name in ("suite", "suite_version", "suite_digest", "task", "dataset", "model")),
    count("place", "Place in the order of need; at 1 a further result would teach most.", "1"),
    count("n_results", "Accepted results of this suite.", "1"),
    count("n_contributors", "Different contributors of these.", "1"),
    count("n_devices", "Different devices of these.", "1"),
    count("replications_wanted", "Results that another contributor's should be set beside.", "1"),
    count("open_tickets", "Tickets issued, neither expired nor used.", "1"),
    text("label", "The best of the job's cells; null without one.", nullable=True),
    flag("established", "Every cell of the job is established: it is needed no more."),
    text(
        "hardware",
        "Of the job's least certain cell, as the fields from here to `version`; null without a cell.",
        nullable=True,
    ),
    text("grade", "measured or estimated.", nullable=True),
    text("scope", "What the energy covers.", nullable=True),
    text("stratum", "Its configuration.", nullable=True),
    text("tier", "How far its value has come: docs/trust.md.", nullable=True),
    amount(
        "relative_range",
        "1",
        "Largest minus smallest contributor over the value; null without several sources.",
        nullable=True,
    ),
    amount("spread", "1", "Standard deviation of one contributor around the value, relative.", nullable=True),
    amount(
        "half_width",
        "1",
        "Half of the 95 % interval between contributors, relative; null for a single source.",
        nullable=True,
    ),
    count("version", "Version of its board with which it last changed.", nullable=True),
    count("views", "Views of pages that show the job, over the last 30 days.", "1"),
    amount(
        "gpu_minutes",
        "min",
        "Its time on an NVIDIA A100-SXM4-80GB, by the 2024 study; null where no source tells.",
        nullable=True,
    ),
    _CELLS.column("licence"),
)


def needs_of(digest: str) -> list[dict[str, Any]]:
    """The runnable jobs of a suite. Raises Http404 for one that is not here, BadRequest for one that is not pinned."""
    suite = known_suite(digest)
    if suite is None:
        raise Http404(f"This platform has no suite with the digest {digest[:12]}.")
    require_pinned(suite)
    jobs = read_needed(suite)
    if jobs is None:
        raise Http404(f"Suite {suite.name} {suite.version} is not loaded on this platform yet.")
    of_suite = {"suite": suite.name, "suite_version": suite.version, "suite_digest": suite.digest}
    return [of_suite | _row(job, place) for place, job in enumerate(jobs, start=1)]


def _row(job: NeededJob, place: int) -> dict[str, Any]:
    return {
        "task": job.task,
        "dataset": job.dataset,
        "model": job.model,
        "place": place,
        "n_results": job.n_results,
        "n_contributors": job.n_contributors,
        "n_devices": job.n_devices,
        "replications_wanted": job.replications_wanted,
        "open_tickets": job.open_tickets,
        "label": job.label,
        "established": job.is_established,
        **_of_cell(job.cell),
        "views": job.views,
        "gpu_minutes": job.gpu_minutes,
        "licence": LICENCE,
    }


def _of_cell(cell: KnownCell | None) -> dict[str, Any]:
    return {name: None if cell is None else getattr(cell, name) for name in OF_CELL}


NEEDS = Resource(
    name="suite_needs",
    singular="needed_job",
    description="The jobs of a suite that can run, with what is known of each. In the order of `need` the first is the "
    "one of which a further result would teach most.",
    tag="needed",
    fields=fields_of(COLUMNS, {}, choices={"label": CELL_LABELS, "grade": RESULT_GRADES, "tier": CELL_TIERS}),
    rows=needs_of,
    key=tuple(Order(source=name, kind="text") for name in ("task", "dataset", "model")),
    filters=(
        word_of("task", "Task."),
        word_of("dataset", "Data set."),
        word_of("model", "Model."),
        one_of("label", "The best of the job's cells.", LABELS),
        Filter(
            name="established",
            read=read_flag,
            description="Whether it is needed no more.",
            choices=("true", "false"),
        ),
    ),
    sorts={
        "need": lambda _: Order(source="place", kind="int"),
        "gpu_minutes": lambda _: Order(source="gpu_minutes", kind="float", is_nullable=True),
        "results": lambda _: Order(source="n_results", kind="int"),
        "views": lambda _: Order(source="views", kind="int"),
    },
    sources=(BOARDS, CATALOG, CONTRIBUTORS, JOB_NEEDS),
    parameters=("digest",),
)
