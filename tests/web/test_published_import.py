"""Importing what others have published: a series of its own, all or nothing, and everything accounted for."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from joulemark_simulation.result_rows import GENERAL, SPECIFIC, TOPICS, Run, demo_catalog, make_result
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Task
from measurements.display.choices import ModelKind
from measurements.published.models import PublishedFigure, PublishedSeries
from tests.core.test_published_reports import BOAMPS, PUMA
from tests.page_reading import DATA_BLOCK

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

pytestmark = pytest.mark.django_db
PARTS = "cpu_energy,gpu_energy,ram_energy,energy_consumed"
HEADING = f"project_name,run_id,duration,{PARTS},gpu_count,gpu_model,tracking_mode"
NODE = "8,8 x NVIDIA A100-SXM4-80GB,machine"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three runs of a model that the catalogue knows, one of another that it does not, on a node."""
    rows = [(SPECIFIC, 0.010), (SPECIFIC, 0.012), (SPECIFIC, 0.011), ("org/new", 0.05)]
    lines = [f"{m},run-{i},9,0.001,{t - 0.003:.4f},0.002,{t},{NODE}" for i, (m, t) in enumerate(rows)]
    path = tmp_path / "emissions.csv"
    path.write_text("\n".join([HEADING, *lines]))
    return path


def codecarbon(*args: object, series: str = "lab-logs", **options: object) -> str:
    out = StringIO()
    told = {
        "series": series, "source": "A laboratory", "licence": "CC0-1.0", "queries": 1000,
        "task": "text_classification", "dataset": TOPICS, "stdout": out,
    }  # fmt: skip
    call_command("import_codecarbon", *map(str, args), **{**told, **options})
    return out.getvalue()


def everything() -> list[object]:
    kinds = (PublishedSeries, PublishedFigure, Task, DataSet, AiModel, HardwareClass)
    return [list(kind.objects.order_by("pk").values()) for kind in kinds]


def test_a_log_becomes_a_series_of_its_own(log: Path, client: Client) -> None:
    demo_catalog()
    report = codecarbon(log, url="https://example.org/logs", hardware_note="Seven GPUs idle.")
    series = PublishedSeries.objects.get(slug="lab-logs")
    assert (series.title, series.scope, series.licence, series.revision) == ("lab-logs", "node", "CC0-1.0", 1)
    figure = series.figures.get(model__slug=SPECIFIC)
    assert (figure.n_runs, figure.low_kwh_per_1000, figure.high_kwh_per_1000) == (3, 0.010, 0.012)
    assert figure.energy_kwh_per_1000 == pytest.approx(0.011, rel=1e-14)
    assert figure.std_kwh_per_1000 == pytest.approx(0.001, rel=1e-9)
    assert figure.dataset is not None
    assert (figure.dataset.slug, figure.hardware_class.slug) == (TOPICS, "node-8x-nvidia-a100-sxm4-80gb")
    new = AiModel.objects.get(slug="org/new")
    assert (new.kind, new.known_from, new.parameters) == (ModelKind.UNKNOWN, "lab-logs", None)
    assert new.published_figures.get().not_known == dict.fromkeys(
        ("low_kwh_per_1000", "high_kwh_per_1000", "std_kwh_per_1000"), "one-run"
    )
    assert not AiModel.objects.get(slug=SPECIFIC).known_from
    assert "model org/new" in report
    assert "lab-logs: 2 figures of 4 runs, scope node (boundary: machine), new" in report
    page = client.get("/boards/lab-logs/text_classification/").content.decode()
    for shown in (
        "A laboratory",
        "CC0-1.0",
        "whole node",
        "whole run, loading included",
        "/published/lab-logs/",
    ):
        assert shown in page
    about = client.get("/published/lab-logs/").content.decode()
    for shown in (
        "https://example.org/logs",
        "Seven GPUs idle.",
        f"<code>sha256:{series.digest}</code>",
        "Found only in this series",
    ):
        assert shown in about
    board = client.get("/api/v1/boards/lab-logs/text_classification.json").json()
    assert (board["grade"], board["licence"]) == ("published", "CC0-1.0")
    assert board["citation"] == "A laboratory. https://example.org/logs"
    assert {row["kind"] for row in board["rows"]} == {"task-specific", "unknown"}


def test_a_series_is_merged_with_nothing(log: Path, client: Client) -> None:
    demo_catalog()
    make_result(Run())
    refresh_stale_cells()
    call_command("load_published", verbosity=0)
    before = client.get("/api/v1/boards/demo-1-estimated/text_classification.json").json()
    study = client.get("/api/v1/boards/study-2024/text_classification.json").json()
    codecarbon(log)
    codecarbon(log, series="lab-logs-gpu", energy="gpu")
    assert client.get("/api/v1/boards/demo-1-estimated/text_classification.json").json() == before
    assert client.get("/api/v1/boards/study-2024/text_classification.json").json() == study
    listed = [(one["series"], one["grade"]) for one in client.get("/api/v1/boards/").json()["boards"]]
    names = list(dict.fromkeys(listed))
    assert names == [
        ("demo-1-estimated", "estimated"),
        ("study-2024", "published"),
        ("lab-logs", "published"),
        ("lab-logs-gpu", "published"),
    ]
    assert PublishedSeries.objects.get(slug="lab-logs-gpu").scope == "gpu"
    assert len(client.get("/api/v1/boards/lab-logs/text_classification.json").json()["rows"]) == 2


def test_the_same_again_changes_nothing_and_something_else_is_refused_or_replaces(log: Path) -> None:
    codecarbon(log)
    first = everything()
    assert codecarbon(log) == "lab-logs: nothing has changed\n"
    assert everything() == first
    with pytest.raises(CommandError, match="another title: add --replace"):
        codecarbon(log, title="Logs of a laboratory")
    log.write_text(log.read_text().replace("org/new", "org/newer"))
    with pytest.raises(CommandError, match="imported from other input"):
        codecarbon(log)
    assert everything() == first
    assert "replaced (a dry run: nothing was changed)" in codecarbon(log, replace=True, dry_run=True)
    assert everything() == first
    assert codecarbon(log, replace=True).endswith("replaced\n")
    assert PublishedSeries.objects.get().revision == 2
    assert set(AiModel.objects.filter(known_from="lab-logs").values_list("slug", flat=True)) == {
        SPECIFIC,
        "org/newer",
    }
    assert codecarbon(log, replace=True) == "lab-logs: nothing has changed\n"


def test_a_bad_row_imports_nothing_at_all(log: Path, tmp_path: Path) -> None:
    demo_catalog()
    before = everything()
    bad = tmp_path / "bad.csv"
    bad.write_text(f"{HEADING}\norg/a,a,9,0.001,0,0.002,0,{NODE}\norg/b,b,9,x,0.1,0.002,0.1,{NODE}\n")
    with pytest.raises(CommandError) as refused:
        codecarbon(log, bad)
    assert "bad.csv:2: energy_consumed is 0: nothing was read" in str(refused.value)
    assert "bad.csv:3: cpu_energy is 'x', not a number" in str(refused.value)
    assert everything() == before


def test_a_failure_on_the_way_imports_nothing_at_all(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo_catalog()
    before = everything()

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(PublishedFigure.objects, "bulk_create", fail)
    with pytest.raises(OSError, match="disk is full"):
        codecarbon(log)
    monkeypatch.undo()
    assert everything() == before


def test_two_scopes_are_not_one_series(log: Path, tmp_path: Path) -> None:
    one_gpu = tmp_path / "one.csv"
    one_gpu.write_text(f"{HEADING}\norg/a,z,9,0.001,0.007,0.002,0.01,1,1 x NVIDIA T4,machine\n")
    with pytest.raises(CommandError, match=r"gpu\+cpu\+dram \(one.csv\), node \(emissions.csv\)"):
        codecarbon(log, one_gpu)
    assert everything() == [[], [], [], [], [], []]


def test_what_the_catalogue_does_not_know_can_be_left_out_and_is_told(log: Path, client: Client) -> None:
    demo_catalog()
    report = codecarbon(log, only_known=True)
    assert "1: the catalogue does not know the model" in report
    assert not AiModel.objects.filter(slug="org/new").exists()
    assert PublishedSeries.objects.get().left_out == [
        {
            "reason": "the catalogue does not know the model",
            "count": 1,
            "examples": ["org/new (emissions.csv)"],
        }
    ]
    assert "the catalogue does not know the model" in client.get("/published/lab-logs/").content.decode()
    with pytest.raises(CommandError, match="Nothing was left to import"):
        codecarbon(log, series="other", only_known=True, task="juggling")


def test_only_known_does_not_count_what_the_series_itself_has_brought(log: Path) -> None:
    demo_catalog()
    codecarbon(log)
    codecarbon(log, only_known=True, replace=True)
    assert list(PublishedFigure.objects.values_list("model__slug", flat=True)) == [SPECIFIC]
    assert not AiModel.objects.filter(slug="org/new").exists()


def test_what_a_suite_brings_later_is_no_longer_known_from_the_series_alone(log: Path) -> None:
    codecarbon(log)
    call_command("load_published", verbosity=0)
    assert AiModel.objects.get(slug=SPECIFIC).known_from == "lab-logs"
    assert Task.objects.get(slug="text_classification").known_from == ""
    call_command("load_catalog", verbosity=0)
    model = AiModel.objects.get(slug=SPECIFIC)
    assert (model.known_from, model.kind) == ("", ModelKind.TASK_SPECIFIC)
    assert DataSet.objects.get(slug=TOPICS).known_from == ""
    assert AiModel.objects.get(slug="org/new").known_from == "lab-logs"


def test_a_model_of_unknown_kind_takes_no_part_in_comparisons(
    log: Path, tmp_path: Path, client: Client
) -> None:
    demo_catalog()
    log.write_text(log.read_text().replace("org/new", GENERAL) + f"\norg/x,x,9,0.001,0.897,0.002,0.9,{NODE}")
    codecarbon(log)
    (row,) = client.get("/api/v1/comparisons/text_classification.json").json()["rows"]
    assert (row["series"], row["scope"], row["n_pairs"]) == ("lab-logs", "node", 1)
    assert row["ratio"] == pytest.approx(0.05 / 0.011, rel=1e-12)
    names = tmp_path / "map.toml"
    names.write_text('[kinds]\n"org/x" = "general-purpose"\n')
    codecarbon(log, map=str(names), replace=True)
    (row,) = client.get("/api/v1/comparisons/text_classification.json").json()["rows"]
    assert row["n_pairs"] == 2
    assert "Other published series" in client.get("/compare/text_classification/").content.decode()


def test_the_front_page_speaks_of_the_study_alone(log: Path, client: Client) -> None:
    demo_catalog()
    log.write_text(log.read_text().replace("org/new", GENERAL))
    codecarbon(log, dataset=None)
    assert "For the same job" not in client.get("/").content.decode()


@pytest.mark.parametrize("name", ["study-2024", "demo-1-measured", "Upper", "a/b", "", ".a", "a" * 101])
def test_a_name_that_is_no_series_of_its_own_is_refused(log: Path, name: str) -> None:
    with pytest.raises(CommandError, match="name"):
        codecarbon(log, series=name)
    assert not PublishedSeries.objects.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "javascript:alert(1)"}, "must begin with https://"),
        ({"source": " "}, "--source is empty"),
        ({"title": "x" * 201}, "--title is longer than 200"),
        ({"map": "/nowhere/map.toml"}, "cannot be read"),
        ({"queries": 0}, r"each run in emissions\.csv answered, from 1"),
        ({"licence": "MIT\0"}, r"--licence is 'MIT\\x00', with characters that cannot be shown"),
        ({"dataset": "a\0"}, r"--dataset is 'a\\x00', with"),
        ({"title": "a\u202eb"}, r"--title is 'a\\u202eb', with"),
    ],
)
def test_an_import_says_whose_figures_they_are(log: Path, options: dict[str, str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        codecarbon(log, **options)
    assert not PublishedSeries.objects.exists()


def test_files_of_one_name_are_told_apart_by_their_folders(log: Path, tmp_path: Path) -> None:
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "emissions.csv").write_text(log.read_text().replace("run-", f"{run}-"))
    codecarbon(tmp_path / "one" / "emissions.csv", tmp_path / "two" / "emissions.csv")
    figure = PublishedFigure.objects.get(model__slug=SPECIFIC)
    assert (figure.n_runs, figure.source) == (6, "one/emissions.csv, two/emissions.csv")


def test_what_a_file_says_is_text_on_pages(log: Path, client: Client) -> None:
    log.write_text(log.read_text().replace("org/new", EVIL).replace(SPECIFIC, f"{EVIL}2"))
    codecarbon(log, title=EVIL, source=EVIL, licence=EVIL, task=EVIL, dataset=EVIL, hardware_note=EVIL)
    slug = Task.objects.get().slug
    for path in ("/", "/boards/", f"/boards/lab-logs/{slug}/", "/published/lab-logs/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "<script" not in DATA_BLOCK.sub("", answer.content.decode())
        assert "&lt;script&gt;" in answer.content.decode()


def test_the_other_leaderboards_are_imported_too(tmp_path: Path, client: Client) -> None:
    table = tmp_path / "summarization.csv"
    table.write_text("model,total_gpu_energy\norg/a,0.0123\norg/b,0.045\n")
    about = {"source": "AI Energy Score", "licence": "CC-BY-4.0", "stdout": StringIO()}
    call_command("import_ai_energy_score", str(table), series="ai-energy-score-2025", **about)
    configuration = {
        "model_id": "org/a", "gpu_model": "H100", "num_gpus": 1, "max_num_seqs": 8, "weight_precision": "fp8",
        "energy_per_request_joules": 36.0, "total_params_billions": 7.5,
    }  # fmt: skip
    file = tmp_path / "gpqa.json"
    file.write_text(json.dumps({"task": "gpqa", "configurations": [configuration]}))
    call_command("import_mlenergy", str(file), series="ml-energy", **about)
    rows = client.get("/api/v1/boards/ai-energy-score-2025/summarization.json").json()["rows"]
    found = [(row["model"], row["energy_wh_per_1000"], row["scope"], row["dataset"]) for row in rows]
    assert found == [("org/a", pytest.approx(12.3), "gpu", ""), ("org/b", pytest.approx(45.0), "gpu", "")]
    (row,) = client.get("/api/v1/boards/ml-energy/gpqa.json").json()["rows"]
    assert (row["energy_per_query_j"], row["dataset"]) == (pytest.approx(36.0), "gpqa")
    assert (row["hardware"], row["stratum"]) == ("gpu-h100", "fp8, at most 8 at once")
    assert AiModel.objects.get(slug="org/a").known_from == "ai-energy-score-2025"
    assert DataSet.objects.get(slug="gpqa").known_from == "ml-energy"


def test_reports_keep_their_flags_and_modelled_energies_their_own_boards(
    tmp_path: Path, client: Client
) -> None:
    demo_catalog()
    make_result(Run())
    refresh_stale_cells()
    about = {"source": "Others", "licence": "CC-BY-4.0"}
    report, submission, snapshot = (tmp_path / name for name in ("r.json", "s.json", "endpoints.csv"))
    report.write_text(json.dumps(BOAMPS))
    submission.write_text(json.dumps(PUMA))
    snapshot.write_text(
        f"model,provider,workload,joules_per_answer,validity\n{SPECIFIC},Acme,text_classification,0.72,own\n"
    )
    out = StringIO()
    call_command("import_boamps", str(report), series="boamps", stdout=out, **about)
    assert "boamps: 1 figures of 1 runs, scope gpu (boundary: gpu), new" in out.getvalue()
    call_command("import_puma", str(submission), series="puma", stdout=out, **about)
    call_command("import_tokenarena", str(snapshot), series="arena", stdout=out, **about)
    report.write_text(json.dumps({**BOAMPS, "quality": "excellent"}))
    with pytest.raises(CommandError, match="breaks the schema of BoAmps"):
        call_command("import_boamps", str(report), series="boamps-2", stdout=out, **about)
    assert not PublishedSeries.objects.filter(slug="boamps-2").exists()
    shown = {
        "boamps": ("GPU alone", "status final, quality medium", "published"),
        "puma": ("the machine: GPU, processor and memory", "community-verified", "published"),
        "arena": ("modelled: nothing was measured", "own", "modelled"),
    }
    for series, words in shown.items():
        page = client.get(f"/en/published/{series}/").content.decode()
        assert all(word in page for word in words), series
    board = client.get("/api/v1/boards/arena/text_classification.json").json()
    assert (board["grade"], board["rows"][0]["validity"]) == ("modelled", "own")
    assert (
        "appear on no board with measured ones"
        in client.get("/en/boards/arena/text_classification/").content.decode()
    )
    table = client.get("/api/v1/tasks/text_classification.json").json()
    assert "arena" not in {row["series"] for row in table["rows"]}
    assert "arena" not in client.get("/en/tasks/text_classification/").content.decode()


@pytest.mark.parametrize("name", ["energy_kwh_per_1000", "gpu_kwh_per_1000", "duration_s"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), 1e12, -1.0])
def test_no_figure_has_a_number_that_cannot_be(log: Path, name: str, value: float) -> None:
    codecarbon(log)
    with pytest.raises(IntegrityError), transaction.atomic():
        PublishedFigure.objects.update(**{name: value})


def test_shortened_addresses_of_series_lead_on(log: Path, client: Client) -> None:
    demo_catalog()
    codecarbon(log)
    make_result(Run())
    refresh_stale_cells()
    for address, leads_to in (
        ("/en/published/", "/en/boards/"),
        ("/en/boards/lab-logs/", "/en/published/lab-logs/"),
        ("/en/boards/demo-1-estimated/", "/en/boards/"),
    ):
        assert client.get(address).headers["Location"] == leads_to
    assert client.get("/boards/nothing/").status_code == 404


def test_a_series_that_is_not_there_is_not_found(client: Client) -> None:
    assert client.get("/published/nothing/").status_code == 404


def test_untrusted_rows_are_left_out_by_an_option_and_shown(log: Path) -> None:
    demo_catalog()
    lines = log.read_text(encoding="utf-8").splitlines()
    heading = lines[0].split(",")
    broken = dict(zip(heading, lines[1].split(","), strict=True)) | {
        "run_id": "broken",
        "energy_consumed": "99",
    }
    log.write_text("\n".join([*lines, ",".join(broken[name] for name in heading)]) + "\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"--leave-out-rows with a place \(.*\), with a rule \(parts\)"):
        codecarbon(log)
    report = codecarbon(log, leave_out_rows=["parts"])
    assert "cannot be trusted (parts)" in report
    series = PublishedSeries.objects.get(slug="lab-logs")
    assert any("parts" in line["reason"] and line["count"] == 1 for line in series.left_out)
    assert "nothing has changed" in codecarbon(log, leave_out_rows=["parts"])
    with pytest.raises(CommandError, match="--replace"):
        codecarbon(log, leave_out_rows=["untrusted"])
