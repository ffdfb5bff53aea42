"""Logs of CodeCarbon of several versions: what is taken, what is left out and why, what is refused and where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.published.codecarbon import LogOptions, read_logs
from joulemark.published.errors import BadRows, UnreadableInput
from joulemark.published.figures import Figure, Hardware, InputFile, PublishedRuns, combine, digest_of
from joulemark.published.names import NameMap, Place, read_map
from joulemark.published.table import TableForm

V1 = "timestamp,experiment_id,project_name,duration,emissions,energy_consumed,country_name,on_cloud"
V23 = (
    "timestamp,project_name,run_id,duration,emissions,cpu_energy,gpu_energy,ram_energy,energy_consumed,"
    "codecarbon_version,cpu_model,gpu_count,gpu_model,tracking_mode,on_cloud,pue"
)
V33 = (
    "timestamp,project_name,run_id,experiment_id,duration,emissions,cpu_energy,gpu_energy,ram_energy,"
    "energy_consumed,water_consumed,codecarbon_version,cpu_model,gpu_count,gpu_model,tracking_mode,"
    "cpu_utilization_percent,on_cloud,pue,wue"
)
PHASES = (
    "task_name,timestamp,project_name,run_id,duration,cpu_energy,gpu_energy,ram_energy,energy_consumed,"
    "cpu_model,gpu_count,gpu_model,tracking_mode"
)
IMDB = NameMap(files={"log.csv": Place(task="text_classification", dataset="imdb")})
OPTIONS = LogOptions(queries=1000, task="text_classification")


def log(heading: str, *rows: Mapping[str, object], name: str = "log.csv") -> InputFile:
    """A log with these columns; what a row does not say is a plausible value."""
    usual: dict[str, object] = {
        "task_name": "query model", "project_name": "model-a", "duration": 10, "cpu_energy": 0.001,
        "gpu_energy": 0.002, "ram_energy": 0.003, "energy_consumed": 0.006, "cpu_model": "Xeon", "gpu_count": 8,
        "gpu_model": "8 x NVIDIA A100", "tracking_mode": "machine", "pue": 1,
    }  # fmt: skip
    lines = [heading]
    for place, row in enumerate(rows):
        filled = {"run_id": f"run-{place}"} | usual | dict(row)
        lines.append(",".join(str(filled.get(column, "")) for column in heading.split(",")))
    return InputFile(name=name, content="\n".join(lines).encode())


def read(*files: InputFile, options: LogOptions = OPTIONS, names: NameMap = IMDB) -> PublishedRuns:
    return read_logs(files, options, names)


def one_figure(reading: PublishedRuns) -> Figure:
    (figure,) = combine(reading.runs)
    return figure


def refusals(*files: InputFile, options: LogOptions = OPTIONS, names: NameMap = IMDB) -> tuple[str, ...]:
    with pytest.raises(BadRows) as refused:
        read(*files, options=options, names=names)
    return refused.value.rows


@pytest.mark.parametrize("heading", [V23, V33])
def test_runs_of_one_model_are_combined(heading: str) -> None:
    totals = [0.006, 0.0063, 0.00591]
    figure = one_figure(
        read(log(heading, *({"energy_consumed": t, "gpu_energy": t - 0.004} for t in totals)))
    )
    assert figure.energy_kwh_per_1000 == pytest.approx(mean(totals), rel=1e-15)
    assert figure.std_kwh_per_1000 == pytest.approx(stdev(totals), rel=1e-12)
    assert (figure.low_kwh_per_1000, figure.high_kwh_per_1000, figure.n_runs) == (0.00591, 0.0063, 3)
    assert figure.gpu_kwh_per_1000 == pytest.approx(mean(totals) - 0.004, rel=1e-12)
    assert (figure.cpu_kwh_per_1000, figure.ram_kwh_per_1000, figure.duration_s) == (0.001, 0.003, 10)
    assert figure.not_known == {}
    subject = figure.subject
    assert (subject.task, subject.dataset, subject.model) == ("text_classification", "imdb", "model-a")
    assert subject.stratum == "whole run, loading included"
    assert figure.files == ("log.csv",)


def test_energies_are_for_a_thousand_queries() -> None:
    figure = one_figure(read(log(V23, {}), options=LogOptions(queries=250)))
    assert (figure.energy_kwh_per_1000, figure.duration_s) == (0.024, 40)


@pytest.mark.parametrize(
    ("row", "scope", "hardware"),
    [
        ({}, "node", Hardware(slug="node-8x-nvidia-a100", title="8 \u00d7 NVIDIA A100", kind="node")),
        (
            {"tracking_mode": "process"},
            "gpu+cpu+dram",
            Hardware(slug="gpu-8x-nvidia-a100", title="8 \u00d7 NVIDIA A100", kind="gpu"),
        ),
        (
            {"gpu_count": 1, "gpu_model": "1 x NVIDIA A100-SXM4-80GB"},
            "gpu+cpu+dram",
            Hardware(slug="gpu-nvidia-a100-sxm4-80gb", title="NVIDIA A100-SXM4-80GB", kind="gpu"),
        ),
        (
            {"gpu_count": "", "gpu_model": "", "gpu_energy": 0, "energy_consumed": 0.004},
            "cpu+dram",
            Hardware(slug="cpu-xeon", title="Xeon", kind="cpu"),
        ),
    ],
)
def test_the_scope_is_what_the_columns_say(row: dict[str, object], scope: str, hardware: Hardware) -> None:
    subject = one_figure(read(log(V23, row))).subject
    assert (subject.scope, subject.hardware) == (scope, hardware)


def test_the_gpus_alone_can_be_taken() -> None:
    figure = one_figure(read(log(V23, {}), options=LogOptions(queries=1000, energy="gpu")))
    assert (figure.energy_kwh_per_1000, figure.subject.scope) == (0.002, "gpu")
    assert figure.subject.hardware.slug == "gpu-8x-nvidia-a100"
    without = log(V23, {"gpu_count": "", "gpu_model": "", "gpu_energy": "", "energy_consumed": 0.004})
    assert refusals(without, options=LogOptions(queries=1000, energy="gpu")) == (
        "log.csv:2: no energy of GPUs (empty)",
    )


def test_what_is_missing_is_not_known_and_never_zero() -> None:
    figure = one_figure(
        read(
            log(V1, {"duration": ""}),
            options=LogOptions(queries=1000, scope="gpu+cpu+dram", hardware="NVIDIA T4"),
        )
    )
    assert (figure.gpu_kwh_per_1000, figure.cpu_kwh_per_1000, figure.ram_kwh_per_1000) == (None, None, None)
    assert (figure.duration_s, figure.std_kwh_per_1000, figure.low_kwh_per_1000) == (None, None, None)
    parts = dict.fromkeys(("gpu_kwh_per_1000", "cpu_kwh_per_1000", "ram_kwh_per_1000"), "no-such-column")
    spread = dict.fromkeys(("low_kwh_per_1000", "high_kwh_per_1000", "std_kwh_per_1000"), "one-run")
    assert figure.not_known == parts | spread | {"duration_s": "empty"}
    assert figure.subject.hardware.slug == "gpu-nvidia-t4"


def test_a_part_that_only_some_runs_have_is_not_known() -> None:
    some = {"ram_energy": 0, "energy_consumed": 0.003, "tracking_mode": "process", "gpu_count": 1}
    (without, with_ram) = combine(read(log(V23, some, {})).runs)
    assert without.not_known["ram_kwh_per_1000"] == "reads-zero"
    assert without.subject.scope == "gpu+cpu"
    assert with_ram.ram_kwh_per_1000 == 0.003


def test_a_log_that_does_not_say_its_scope_or_hardware_is_refused() -> None:
    assert refusals(log(V1, {})) == ("log.csv:2: no column says what its energy covers: say so with --scope",)
    told = LogOptions(queries=1000, scope="node")
    assert refusals(log(V1, {}), options=told) == (
        "log.csv:2: no column names the hardware: say so with --hardware",
    )
    against = LogOptions(queries=1000, scope="gpu")
    assert refusals(log(V23, {}), options=against) == (
        "log.csv:2: its columns say that the energy covers node, and --scope says gpu",
    )


def test_of_phases_the_queries_are_taken_and_the_whole_run_is_not_counted_too() -> None:
    phases = log(PHASES, {"task_name": "load model"}, {"run_id": "run-0"}, name="emissions_base_run-0.csv")
    whole = log(V23, {"energy_consumed": 0.006}, {})
    names = NameMap(files={"emissions_base_run-0.csv": Place(task="text_classification", dataset="imdb")})
    reading = read(whole, phases, names=names)
    assert [(run.where, run.subject.stratum) for run in reading.runs] == [("emissions_base_run-0.csv:3", "")]
    assert {(one.where, one.reason) for one in reading.left_out} == {
        ("log.csv:2", "the whole run; its phase 'query model' is taken"),
        ("log.csv:3", "the whole run with loading; its phase 'query model' was not logged"),
        ("emissions_base_run-0.csv:2", "another phase than 'query model': load model"),
    }
    loading = read(phases, options=LogOptions(queries=1000, phase="load model"), names=names)
    assert [run.subject.stratum for run in loading.runs] == ["phase load model"]
    wholes = read(whole, phases, options=LogOptions(queries=1000, phase="whole run", task="x"))
    assert [run.where for run in wholes.runs] == ["log.csv:2", "log.csv:3"]


def test_energies_with_a_pue_are_left_out_with_the_phases_of_their_run() -> None:
    phases = log(PHASES, {"run_id": "run-0"}, {"run_id": "run-9"}, name="phases.csv")
    reading = read(log(V23, {"pue": 1.4}), phases)
    assert [run.where for run in reading.runs] == ["phases.csv:3"]
    assert {(one.where, one.reason) for one in reading.left_out} == {
        (where, "its energies contain a PUE other than 1") for where in ("log.csv:2", "phases.csv:2")
    }


def test_of_a_run_that_was_logged_as_it_went_on_the_last_state_is_taken() -> None:
    later = {"run_id": "run-0", "duration": 20, "gpu_energy": 0.0021, "energy_consumed": 0.0061}
    reading = read(log(V23, {}, later))
    assert [run.energy_kwh_per_1000 for run in reading.runs] == [0.0061]
    assert [(one.where, one.reason) for one in reading.left_out] == [
        ("log.csv:2", "an earlier state of a run that goes on")
    ]


def test_one_run_given_twice_is_refused() -> None:
    twice = log(V23, {}, name="copy.csv")
    assert refusals(log(V23, {}), twice) == ("copy.csv:2: the same run as log.csv:2",)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"energy_consumed": 0}, "energy_consumed is 0: nothing was read"),
        ({"energy_consumed": ""}, "no energy_consumed"),
        ({"energy_consumed": "nan"}, "no energy_consumed"),
        ({"energy_consumed": "inf"}, "energy_consumed is 'inf', not a number"),
        ({"energy_consumed": -1}, "energy_consumed is -1, not a finite number of zero or more"),
        ({"energy_consumed": "1;5"}, "energy_consumed is '1;5', not a number"),
        ({"energy_consumed": "1_0"}, "energy_consumed is '1_0', not a number"),
        ({"cpu_energy": "-0.001"}, "cpu_energy is -0.001, not a finite number of zero or more"),
        ({"energy_consumed": 0.007}, "energy_consumed is 0.007 kWh, but its parts add up to 0.006"),
        ({"project_name": ""}, "no project_name"),
        ({"gpu_energy": 0, "energy_consumed": 0.004}, "names 8 x NVIDIA A100, but has no energy of it"),
        (
            {"timestamp": "a,b"},
            "17 cells under a heading of 16: put quotation marks around a value that holds what stands between cells",
        ),
    ],
)
def test_a_row_that_cannot_be_trusted_is_named(row: dict[str, object], reason: str) -> None:
    assert refusals(log(V23, {}, row)) == (f"log.csv:3: {reason}",)


def test_every_bad_row_is_named_at_once() -> None:
    bad: list[dict[str, object]] = [{"energy_consumed": 0}, {"project_name": ""}]
    assert len(refusals(log(V23, *bad), log(V23, *bad, name="b.csv"))) == 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfea,b", "not in UTF-8"),
        (b"", "no heading"),
        (b"a,a\n1,2", "two columns of one name"),
        (b'a,b\n"1,2', "not CSV"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableInput, match=words):
        read(InputFile(name="log.csv", content=content))


def test_the_map_says_what_things_are_called() -> None:
    names = read_map(
        InputFile(
            name="map.toml",
            content=b"""
            phase = "query model"
            [columns]
            project_name = "network"
            energy_consumed = "kwh"
            [models]
            "model-a" = "Model A"
            [datasets]
            tomatoes = "rotten_tomatoes"
            [leave_out]
            "model-b" = "not in the article"
            """,
        )
    )
    file = InputFile(
        name="runs.csv",
        content=b"network,task,dataset,kwh\nmodel-a,text_classification,tomatoes,0.5\nmodel-b,qa,squad,1\n",
    )
    options = LogOptions(queries=1000, scope="node", hardware="8 x NVIDIA A100-SXM4-80GB")
    reading = read(file, options=options, names=names)
    subject = reading.runs[0].subject
    assert (subject.model, subject.dataset, subject.stratum) == ("Model A", "rotten_tomatoes", "")
    assert subject.hardware.slug == "node-8x-nvidia-a100-sxm4-80gb"
    assert [(one.what, one.reason) for one in reading.left_out] == [("model-b", "not in the article")]
    with pytest.raises(UnreadableInput, match="no column kwh"):
        read(log(V23, {}), names=names)
    with pytest.raises(UnreadableInput, match="has the unknown field `model`"):
        read_map(InputFile(name="map.toml", content=b"[model]\na = 1"))


def test_a_file_must_say_what_it_is_about() -> None:
    refused = refusals(log(V23, {}), options=LogOptions(queries=1000), names=NameMap())
    assert refused == (
        "log.csv:2: nothing says which task it is about: say so with --task, or in the map's [files]",
    )


@given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_runs_changes_no_digit(totals: list[float], random: Random) -> None:
    rows = [
        {"energy_consumed": repr(t), "gpu_energy": repr(t), "cpu_energy": 0, "ram_energy": 0} for t in totals
    ]
    options = replace(OPTIONS, form=TableForm(decimal="point"))
    in_order = one_figure(read(log(V23, *rows), options=options))
    random.shuffle(rows)
    assert one_figure(read(log(V23, *rows), options=options)) == in_order
    assert min(totals) <= in_order.energy_kwh_per_1000 <= max(totals)


def test_the_digest_is_of_content_and_settings_and_not_of_the_order() -> None:
    a, b = log(V23, {}), log(V23, {}, name="b.csv")
    digest = digest_of("codecarbon", [a, b], {"queries": "1000"})
    assert digest == digest_of("codecarbon", [b, a], {"queries": "1000"})
    others = [
        digest_of("codecarbon", [a], {"queries": "1000"}),
        digest_of("codecarbon", [a, b], {"queries": "100"}),
        digest_of("mlenergy", [a, b], {"queries": "1000"}),
        digest_of("codecarbon", [a, log(V23, {"duration": 11}, name="b.csv")], {"queries": "1000"}),
    ]
    assert len({digest, *others}) == 5


def test_the_map_in_the_documents_is_one() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    documented = re.search(r"<!-- example: import map -->\n```toml\n(.*?)```\n", text, re.DOTALL)
    assert documented is not None
    names = read_map(InputFile(name="map.toml", content=documented[1].encode()))
    empty = NameMap()
    assert all(getattr(names, field) != getattr(empty, field) for field in NameMap.__struct_fields__)


@pytest.mark.parametrize("queries", [0, -5, 10**400])
def test_a_number_of_queries_that_no_run_has_is_refused(queries: int) -> None:
    with pytest.raises(UnreadableInput, match=r"each run in log\.csv answered, from 1 to 1,000,000,000,000"):
        read(log(V23, {}), options=LogOptions(queries=queries, task="t"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"energy_consumed": "1e308", "gpu_energy": "1e308"}, "its energy comes to 1e+308 kWh"),
        (
            {"energy_consumed": 1e-320, "gpu_energy": 1e-320, "cpu_energy": 0, "ram_energy": 0},
            "its energy comes",
        ),
        ({"duration": 1e300}, "its duration comes to 1e+300 s for 1,000 queries"),
        ({"gpu_count": "1e300"}, "gpu_count is 1e300, not a whole number of up to 9,999"),
        ({"gpu_count": 2.7}, "gpu_count is 2.7, not a whole number"),
        ({"project_name": "m\x1b[31m"}, r"project_name is 'm\x1b[31m', with characters that cannot be shown"),
        (
            {"gpu_model": "1 x " + "G" * 201},
            f"the name of its hardware, 8 \u00d7 {'G' * 36}…, is longer than 200",
        ),
    ],
)
def test_a_row_that_cannot_be_is_named(row: dict[str, object], reason: str) -> None:
    (refused,) = refusals(log(V23, row))
    assert refused.startswith(f"log.csv:2: {reason}")


def test_a_duration_of_zero_was_not_read() -> None:
    figure = one_figure(read(log(V23, {"duration": 0})))
    assert (figure.duration_s, figure.not_known["duration_s"]) == (None, "reads-zero")


def test_a_map_with_characters_that_cannot_be_shown_is_refused() -> None:
    with pytest.raises(UnreadableInput, match=r"The map m\.toml says 'a\\u202eb'"):
        read_map(InputFile(name="m.toml", content='[models]\n"x" = "a\u202eb"\n'.encode()))
