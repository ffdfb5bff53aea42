"""`joulemark export`: a result of one's own in the forms of others, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from joulemark.cli import main
from joulemark.exports.form_names import FORM_NAMES
from joulemark.published.boamps import ReportOptions, read_reports
from joulemark.published.figures import InputFile
from joulemark.published.names import NameMap
from joulemark_simulation import records


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    file = tmp_path / "result.joulemark.json"
    file.write_bytes(records.bundle().to_bytes())
    return file


def test_a_report_holds_the_energy_of_the_file(result: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    assert main(["export", "boamps", str(result), "--out", str(out)]) == 0
    report = InputFile(name="report.json", content=out.read_bytes())
    (run,) = read_reports([report], ReportOptions(), NameMap()).runs
    stated = records.bundle().statement().predicate.totals.energy_per_query_j
    assert run.energy_kwh_per_1000 * 3600 == pytest.approx(stated, rel=1e-12)
    assert run.validity == "status draft"


@pytest.mark.parametrize("form", [form for form in FORM_NAMES if form != "eval-results"])
def test_without_a_file_the_text_goes_to_stdout(
    form: str, result: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", form, str(result)]) == 0
    text = capsys.readouterr().out
    assert main(["export", form, str(result), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["form"], answer["text"], answer["path"]) == (form, text, None)


def test_a_form_that_cannot_hold_it_says_which_can(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "eval-results", str(result), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "JM-EXPORT-NO-HUB-DATASET"
    assert "Use the form model-index" in error["sentence"]


def test_a_changed_result_is_not_exported(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result.write_bytes(result.read_bytes().replace(b'"trace":"', b'"trace":"A', 1))
    assert main(["export", "boamps", str(result)]) == 3
    assert "is not verified" in capsys.readouterr().err
