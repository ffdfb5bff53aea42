"""Needed work as a page shows it: the first jobs of every suite that results are taken for, each with its command."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from joulemark.suite import load_suite, suite_names
from measurements.answer_cache.sources import made_of
from measurements.boards.needed import NeededJob, read_needed_of
from measurements.boards.sources import BOARDS, JOB_NEEDS
from measurements.catalog.sources import CATALOG
from measurements.catalog.suite_contents import shown_digests
from measurements.catalog.suites import known_suites, unpinned_suites
from measurements.contributors.sources import CONTRIBUTORS

if TYPE_CHECKING:
    from joulemark.suite import Suite
    from measurements.boards.needed import KnownCell

JOBS_ON_PAGE = 30


@dataclass(frozen=True, kw_only=True)
class Line:
    """A job, and the command that measures it."""

    job: NeededJob
    command: str

    @property
    def counted(self) -> NeededJob | KnownCell:
        """What devices and contributors are counted of: the least certain cell, or the job where it has none."""
        return self.job.cell or self.job


@dataclass(frozen=True, kw_only=True)
class NeededOfSuite:
    """The first jobs of a suite; `total` counts all that can run, `established` those of them that need no more.

    `command` measures them in this order.
    """

    suite: Suite
    lines: list[Line]
    total: int
    established: int
    command: str


def needed_of_suites() -> list[NeededOfSuite]:
    """Every suite that is pinned and loaded, for no other is a result taken; of former versions none is needed."""
    current = shown_digests()
    suites = [
        suite
        for suite in known_suites().values()
        if suite.is_pinned and current.get(suite.name, suite.digest) == suite.digest
    ]
    needed_jobs = read_needed_of(suites)
    return [_of_suite(suite, jobs) for suite in suites if (jobs := needed_jobs.get(suite.digest))]


@made_of(BOARDS, CATALOG, CONTRIBUTORS, JOB_NEEDS)
@require_safe
def needed(request: HttpRequest) -> HttpResponse:
    """What to measure next, with the command to do it."""
    context = {
        "suites": needed_of_suites(),
        "origin": settings.ORIGIN,
        "waiting": unpinned_suites(shown_digests()),
    }
    return render(request, "pages/needed.html", context)


def _of_suite(suite: Suite, jobs: list[NeededJob]) -> NeededOfSuite:
    needed = [job for job in jobs if not job.is_established]
    first = needed[:JOBS_ON_PAGE]
    run = f"joulemark run --suite {shlex.quote(_called(suite))}"
    lines = [Line(job=job, command=f"{run} --only {shlex.quote(job.key)}") for job in first]
    return NeededOfSuite(
        suite=suite,
        lines=lines,
        total=len(jobs),
        established=len(jobs) - len(needed),
        command=f"{run} --needed",
    )


def _called(suite: Suite) -> str:
    """A suite that agents have or can fetch by its name; any other by the folder that volunteers were given."""
    own = {load_suite(name).digest for name in suite_names()}
    is_named = suite.digest in own or suite.digest == shown_digests().get(suite.name)
    return suite.name if is_named else f"./{suite.name}-{suite.version}"
