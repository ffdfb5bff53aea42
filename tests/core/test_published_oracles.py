"""Each importer beside an oracle of its own: exact fractions for units, its source's words for flags, nothing guessed.

A missing number is either named as not published or refuses the row; another decimal mark never changes a number.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.published.ai_energy_score import ScoreOptions, read_scores
from joulemark.published.boamps import ReportOptions, read_reports
from joulemark.published.errors import BadRows
from joulemark.published.figures import InputFile
from joulemark.published.mlenergy import EnergyOptions, read_energies
from joulemark.published.names import NameMap
from joulemark.published.puma import SubmissionOptions, read_submissions
from joulemark.published.table import TableForm
from joulemark.published.tokenarena import EndpointOptions, read_endpoints
from tests.core.test_published_leaderboards import LLM
from tests.core.test_published_reports import BOAMPS, PUMA, changed
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.published.figures import PublishedRuns, Run

pytestmark = pytest.mark.laws
AMOUNTS = st.decimals(Decimal("0.01"), Decimal(5000), places=4, allow_nan=False)
COUNTS = st.integers(1, 10**6)
MARKS = st.sampled_from(["point", "comma"])
Mark = Literal["point", "comma"]
JOULES = Fraction(3_600_000)


def cell(number: Decimal | None, mark: Mark) -> str:
    """A number in a table with a decimal mark, in quotes; an empty cell of none."""
    if number is None:
        return ""
    return f'"{number:f}"' if mark == "point" else f'"{number:f}"'.replace(".", ",")


def one(reading: PublishedRuns) -> Run:
    (run,) = reading.runs
    return run


def same(found: float | None, exact: Fraction) -> bool:
    """Whether a float is the exact number within a few roundings."""
    return found is not None and abs(Fraction(found) - exact) <= exact * Fraction(1, 10**13)


SCORES: dict[str, Callable[[Fraction, int], Fraction]] = {
    "total_gpu_energy": lambda amount, _prompts: amount,
    "GPU Energy (Wh) per 1k tasks": lambda amount, _prompts: amount / 1000,
    "gpu_energy_wh": lambda amount, prompts: amount / prompts,
}


@law()
@given(
    st.sampled_from(sorted(SCORES)),
    st.none() | AMOUNTS,
    COUNTS,
    MARKS,
    st.sampled_from(["", "PARTIAL FAILURE: 2"]),
)
def test_a_score(column: str, amount: Decimal | None, prompts: int, mark: Mark, message: str) -> None:
    of_run = column == "gpu_energy_wh"
    more = (",successful_prompts,error_message", f",{prompts},{message}") if of_run else ("", "")
    content = f"model,{column}{more[0]}\norg/a,{cell(amount, mark)}{more[1]}\n"
    files = [InputFile(name="summarization.csv", content=content.encode())]
    options = ScoreOptions(form=TableForm(decimal=mark))
    if amount is None:
        with pytest.raises(BadRows, match="no "):
            read_scores(files, options, NameMap())
        return
    run = one(read_scores(files, options, NameMap()))
    exact = SCORES[column](Fraction(amount), prompts)
    assert same(run.energy_kwh_per_1000, exact)
    assert run.gpu_kwh_per_1000 == run.energy_kwh_per_1000
    assert run.validity == ((message or "no error") if of_run else "")
    assert (run.cpu_kwh_per_1000, run.ram_kwh_per_1000, run.duration_s) == (None, None, None)
    assert {"cpu_kwh_per_1000", "ram_kwh_per_1000", "duration_s"} == set(run.not_known)


SECOND = {"joules_per_correct_answer": "accuracy", "joules_per_output_token": "output_tokens_per_answer"}


@law()
@given(
    st.sampled_from([*SECOND, "joules_per_answer"]), AMOUNTS,
    st.none() | st.decimals(Decimal("0.01"), Decimal(1), places=3), MARKS, st.sampled_from(["", "first party"]),
)  # fmt: skip
def test_a_modelled_endpoint(
    column: str, amount: Decimal, factor: Decimal | None, mark: Mark, flag: str
) -> None:
    second = SECOND.get(column)
    heading = ",".join(["model", "workload", column, "validity", *([second] if second else [])])
    row = ",".join(["org/a", "chat", cell(amount, mark), flag, *([cell(factor, mark)] if second else [])])
    files = [InputFile(name="endpoints.csv", content=f"{heading}\n{row}\n".encode())]
    options = EndpointOptions(form=TableForm(decimal=mark))
    if second and factor is None:
        with pytest.raises(BadRows, match=f"no {second}"):
            read_endpoints(files, options, NameMap())
        return
    run = one(read_endpoints(files, options, NameMap()))
    times = Fraction(factor) if second and factor is not None else 1
    assert same(run.energy_kwh_per_1000, Fraction(amount) * times * 1000 / JOULES)
    assert (run.subject.scope, run.validity) == ("modelled", flag)
    assert len(run.not_known) == 4


@law()
@given(
    st.sampled_from(["energy_per_request_joules", "energy_per_image_joules", "energy_per_video_joules"]),
    st.none() | AMOUNTS, st.none() | AMOUNTS, st.sampled_from(["not said", "stable", "unstable"]),
    st.sampled_from(["number", "text"]),
)  # fmt: skip
def test_a_configuration(
    field: str, joules: Decimal | None, billions: Decimal | None, said: str, form: str
) -> None:
    configuration = {key: value for key, value in LLM.items() if "energy" not in key and "params" not in key}
    configuration |= {
        "total_params_billions": None if billions is None else float(billions),
        "is_stable": {"stable": True, "unstable": False}.get(said),
    }
    configuration[field] = joules if joules is None else float(joules) if form == "number" else str(joules)
    content = json.dumps({"task": "gpqa", "configurations": [configuration]}).encode()
    files = [InputFile(name="gpqa.json", content=content)]
    if said == "unstable":
        reading = read_energies(files, EnergyOptions(), NameMap())
        assert (len(reading.runs), len(reading.left_out)) == (0, 1)
        return
    if joules is None or form == "text":
        with pytest.raises(BadRows):
            read_energies(files, EnergyOptions(), NameMap())
        return
    run = one(read_energies(files, EnergyOptions(), NameMap()))
    assert same(run.energy_kwh_per_1000, Fraction(joules) * 1000 / JOULES)
    assert run.parameters == (None if billions is None else round(Fraction(billions) * 10**9))
    assert run.validity == ("stable" if said == "stable" else "")


@law()
@given(
    AMOUNTS, COUNTS, st.none() | AMOUNTS, st.none() | AMOUNTS,
    st.sampled_from([None, "high", "medium", "low"]), st.sampled_from(["final", "draft"]),
    st.sampled_from(["number", "0,5", "0.5"]),
)  # fmt: skip
def test_a_report(
    kwh: Decimal, requests: int, seconds: Decimal | None, billions: Decimal | None, quality: str | None, status: str,
    written: str,
) -> None:  # fmt: skip
    report: dict[str, Any] = changed(BOAMPS, "task.nbRequest", requests)
    report["header"]["reportStatus"] = status
    optional = (
        (report, "quality", quality),
        (report["measures"][0], "measurementDuration", None if seconds is None else float(seconds)),
        (report["task"]["algorithms"][0], "parametersNumber", None if billions is None else float(billions)),
    )
    for part, name, value in optional:
        part.pop(name, None)
        if value is not None:
            part[name] = value
    report["measures"][0]["powerConsumption"] = float(kwh) if written == "number" else written
    files = [InputFile(name="r.json", content=json.dumps(report).encode())]
    if written != "number":
        with pytest.raises(BadRows, match="Expected `float`, got `str`"):
            read_reports(files, ReportOptions(), NameMap())
        return
    exact = Fraction(kwh) * 1000 / requests
    if exact > 10**6:
        return
    run = one(read_reports(files, ReportOptions(), NameMap()))
    assert same(run.energy_kwh_per_1000, exact)
    assert (run.duration_s is None) == (seconds is None) == ("duration_s" in run.not_known)
    if seconds is not None:
        assert same(run.duration_s, Fraction(seconds) * 1000 / requests)
    assert run.parameters == (None if billions is None else round(Fraction(billions) * 10**9))
    assert run.validity == f"status {status}" + (f", quality {quality}" if quality else "")


@law()
@given(
    AMOUNTS, st.integers(1, 100_000), st.integers(0, 10**6),
    st.sampled_from(["unverified", "self-attested", "community-verified"]), st.sampled_from(["number", "0,5", "0.5"]),
)  # fmt: skip
def test_a_submission(kwh: Decimal, instances: int, seconds: int, status: str, written: str) -> None:
    began = datetime(2026, 5, 1, 10, tzinfo=UTC)
    submission = changed(PUMA, "run_metadata.n_instances", instances)
    submission["run_metadata"] |= {
        "started_at": began.isoformat(),
        "completed_at": (began + timedelta(seconds=seconds)).isoformat(),
    }
    submission["sustainability"]["energy_kwh_total"] = float(kwh) if written == "number" else written
    submission["integrity"]["verification_status"] = status
    files = [InputFile(name="s.json", content=json.dumps(submission).encode())]
    if written != "number":
        with pytest.raises(BadRows, match="breaks the schema of PUMA"):
            read_submissions(files, SubmissionOptions(), NameMap())
        return
    exact = Fraction(kwh) * 1000 / instances
    if exact > 10**6:
        return
    run = one(read_submissions(files, SubmissionOptions(), NameMap()))
    assert same(run.energy_kwh_per_1000, exact)
    assert (run.duration_s is None) == (seconds == 0) == ("duration_s" in run.not_known)
    if seconds:
        assert same(run.duration_s, Fraction(seconds) * 1000 / instances)
    assert run.validity == status
