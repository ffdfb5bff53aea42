"""A platform with something at every address, and the values under which the addresses show it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from django.conf import settings
from django.core.management import call_command

from joulemark.suite import load_suite
from joulemark.suite.archive import encode_archive
from joulemark.suite.loader import files_of, folder_of
from joulemark_simulation.result_rows import GENERAL, SPECIFIC, TOPICS, Run, demo_catalog, make_result
from measurements.boards.latest_results import refresh_latest_results
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from measurements.intake.models import State, Submission
from measurements.intake.suite_services import hand_out_suite
from measurements.ledger.sequencer import sequence
from tests.web.listed_release import list_a_release

Values = dict[str, Sequence[str]]
FORMS = ["svg"]
"""Of plots as files; the pictures are drawn out of these, which takes longer: `test_plot_files.py` asks for them."""


def populate(*, with_release: bool = True) -> Values:
    """Results in every state by several contributors, the published study, a listed release, and a signed log."""
    demo_catalog()
    call_command("load_published", verbosity=0)
    made = [
        make_result(
            Run(by=by, display_name=f"Person {by}", device=by, model=model, energy_per_query_j=energy)
        )
        for by in ("ada", "grace")
        for model, energy in ((SPECIFIC, 0.5), (GENERAL, 6.0))
    ]
    for state in (State.REJECTED, State.QUARANTINED, State.RECEIVED):
        make_result(Run(by="mallory", device="m", state=state))
    refresh_stale_cells()
    refresh_latest_results()
    demo, _ = hand_out_suite(archive=encode_archive(files_of(folder_of("demo"))))
    release_path = list_a_release() if with_release else ""
    checkpoint = sequence()
    assert checkpoint is not None
    return {
        "cell_id": ["~".join(map(str, Cell.objects.order_by("pk")[0].key.values))],
        "code": ["JM-ABSENT"],
        "leaf_index": ["1"],
        "release_path": [release_path],
        "result_id": [made[0].pk, Submission.objects.get(state=State.REJECTED).pk],
        "group": ["log"],
        "schema_group": ["log"],
        "short_id": [made[0].pk[:16]],
        "series": ["demo-1-estimated", "study-2024"],
        "task": ["text_classification"],
        "path": [f"0/000.p/{checkpoint.size}"],
        "digest": [demo.suite.digest],
        "export_form": ["boamps", "model-index"],
        "form": FORMS,
        "number": ["1"],
        "part": [
            *("pages", "boards", "models", "hardware", "datasets", "suites"),
            *("cells.demo-1-estimated.text_classification", "results."),
        ],
        "pseudonym": [made[0].key.contributor.pseudonym],
        "tag": [made[0].result.device.tag[:16]],
        "model": [SPECIFIC, "facebook/bart-large-cnn"],
        "hardware": ["amd-ryzen-7-5800x"],
        "dataset": [TOPICS],
        "suite": ["demo-1"],
    }


def questions() -> dict[str, str]:
    """What an address needs to be asked beside its path, by the address."""
    digest = load_suite("demo").digest
    cell = f"dataset={TOPICS}&model={SPECIFIC}&hardware=amd-ryzen-7-5800x&scope=cpu&stratum=float32.b1.power-default"
    compared = f"model={SPECIFIC}&model={GENERAL}"
    plots = {f"/en/boards/demo-1-estimated/text_classification/cell/plot.{form}": cell for form in FORMS}
    plots |= {f"/en/compare/models/plot.{form}": compared for form in FORMS}
    exports = {
        f"/api/v1/exports/{form}/values/demo-1-estimated/text_classification": cell
        for form in ("boamps", "model-index")
    }
    return (
        plots
        | exports
        | {
            "/api/v1/needed/": f"suite={digest}",
            "/api/v1/log/rows/": "start=0&end=5",
            "/api/v1/impact/": "query=text_classification&queries_per_day=3&users=7&place=DEU",
            "/en/boards/demo-1-estimated/text_classification/cell/": cell,
            "/en/embed/boards/demo-1-estimated/text_classification/cell/": cell,
            "/en/badges/demo-1-estimated/text_classification.svg": cell,
            "/oembed/": f"url={quote(f'{settings.ORIGIN}/en/boards/demo-1-estimated/text_classification/')}",
            "/en/compare/models/": compared,
        }
    )
