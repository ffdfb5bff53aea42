"""Files of other leaderboards, in their own columns and fields: units, configurations, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from joulemark.published.ai_energy_score import ScoreOptions, read_scores
from joulemark.published.errors import BadRows, UnreadableInput
from joulemark.published.figures import InputFile, PublishedRuns, combine
from joulemark.published.mlenergy import EnergyOptions, read_energies
from joulemark.published.names import NameMap, Place

LLM: dict[str, Any] = {
    "activated_params_billions": 3.0, "architecture": "MoE", "avg_output_len": 600.0, "data_parallel": 1,
    "energy_per_request_joules": 72.0, "expert_parallel": 1, "gpu_model": "H100",
    "max_num_batched_tokens": None, "max_num_seqs": 128, "model_id": "Org/Model-30B", "num_gpus": 1,
    "tensor_parallel": 1, "total_params_billions": 30.0, "weight_precision": "bfloat16",
}  # fmt: skip


def table(name: str, text: str) -> InputFile:
    return InputFile(name=name, content=text.encode())


def scores(
    file: InputFile, options: ScoreOptions | None = None, names: NameMap | None = None
) -> PublishedRuns:
    return read_scores([file], options or ScoreOptions(), names or NameMap())


def energies(
    *content: object, options: EnergyOptions | None = None, names: NameMap | None = None
) -> PublishedRuns:
    files = [
        InputFile(
            name=f"file-{place}.json", content=one if isinstance(one, bytes) else json.dumps(one).encode()
        )
        for place, one in enumerate(content)
    ]
    return read_energies(files, options or EnergyOptions(), names or NameMap())


def test_a_file_of_the_score_is_kwh_for_a_thousand_and_named_after_its_task() -> None:
    (run,) = scores(table("text_classification.csv", "model,total_gpu_energy\norg/a,0.00123\n")).runs
    assert (run.energy_kwh_per_1000, run.gpu_kwh_per_1000) == (0.00123, 0.00123)
    subject = run.subject
    assert (subject.task, subject.dataset, subject.model) == ("text_classification", None, "org/a")
    assert (subject.scope, subject.hardware.slug) == ("gpu", "gpu-nvidia-h100-80gb")
    assert dict(run.not_known) == {
        "cpu_kwh_per_1000": "not-published",
        "ram_kwh_per_1000": "not-published",
        "duration_s": "no-such-column",
    }


def test_a_download_of_the_score_is_watt_hours_with_commas() -> None:
    text = 'Model,Task,GPU Energy (Wh) per 1k tasks\nhttps://huggingface.co/org/a,Summarization,"1,234.5"\n'
    (run,) = scores(table("download.csv", text), names=NameMap(tasks={"Summarization": "summarization"})).runs
    assert run.energy_kwh_per_1000 == pytest.approx(1.2345, rel=1e-15)
    assert (run.subject.task, run.subject.model) == ("summarization", "org/a")


RUNNER = (
    "model_name,task,reasoning_state,successful_prompts,total_duration_seconds,gpu_energy_wh,error_message\n"
)


def test_runs_of_the_scores_runner_are_divided_by_their_prompts() -> None:
    rows = "org/a,text_gen,On (High),10,30,25,\norg/a,text_gen,On (High),20,60,54,\norg/a,text_gen,Off,10,30,5,\n"
    reading = scores(
        table("master_results.csv", RUNNER + rows + "org/b,text_gen,Off,0,5,0,Model not found\n")
    )
    high, off = combine(reading.runs)
    assert high.energy_kwh_per_1000 == pytest.approx((2.5 + 2.7) / 2, rel=1e-15)
    assert (high.n_runs, high.duration_s, high.subject.stratum) == (2, 3000, "reasoning on (high)")
    assert (off.n_runs, off.subject.stratum) == (1, "reasoning off")
    assert [(one.where, one.reason) for one in reading.left_out] == [
        ("master_results.csv:5", "the run failed: Model not found")
    ]


RUNNER_TODAY = (
    "model_name,model_class,task,reasoning_state,total_prompts,successful_prompts,failed_prompts,"
    "total_duration_seconds,gpu_energy_wh,wh_per_1000_queries,error_message\n"
)


def test_the_runners_message_is_its_flag_and_its_quotient_must_agree() -> None:
    partial = "PARTIAL FAILURE: 2/10 prompts failed (20.0%)"
    rows = f"org/a,A,text_gen,Off,10,10,0,30,25,2500,\norg/a,A,text_gen,Off,10,8,2,30,24,3000,{partial}\n"
    reading = scores(table("master_results.csv", RUNNER_TODAY + rows))
    assert [run.validity for run in reading.runs] == ["no error", partial]
    assert [run.energy_kwh_per_1000 for run in reading.runs] == [2.5, 3.0]
    with pytest.raises(BadRows, match="wh_per_1000_queries is 2500, but 25 Wh of 20 prompts come to 1250"):
        scores(table("x.csv", RUNNER_TODAY + "org/a,A,text_gen,Off,20,20,0,30,25,2500,\n"))
    assert scores(table("a.csv", "model,total_gpu_energy\norg/a,1\n")).runs[0].validity == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model,stars\na,5\n", "no column of energy"),
        ("model,total_gpu_energy,gpu_energy_wh\na,1,1\n", "2 columns of energy"),
        ("model,total_gpu_energy\n", "a heading and no row"),
    ],
)
def test_a_table_without_one_energy_is_refused(text: str, words: str) -> None:
    with pytest.raises(UnreadableInput, match=words):
        scores(table("x.csv", text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("model,total_gpu_energy\na,0\n", "x.csv:2: total_gpu_energy is 0: nothing was read"),
        ("model,total_gpu_energy\na,\n", "x.csv:2: no total_gpu_energy"),
        (
            'model,total_gpu_energy\na,"1,500"\n',
            "x.csv:2: total_gpu_energy is '1,500', which is 1.5 or 1500: say which with --decimal point or --decimal comma",  # noqa: E501 - one sentence
        ),
        ('model,total_gpu_energy\na,"1,5,0"\n', "x.csv:2: total_gpu_energy is '1,5,0', not a number"),
        (
            "name,total_gpu_energy\na,1\n",
            (
                "x.csv:2: the table has no column of models; one of model, Model, model_name is read. "
                "Name yours in the map's [columns]"
            ),
        ),
        (RUNNER + "a,t,Off,,3,5,\n", "x.csv:2: no successful_prompts"),
    ],
)
def test_a_row_of_the_score_that_cannot_be_trusted_is_named(text: str, reason: str) -> None:
    with pytest.raises(BadRows) as refused:
        scores(table("x.csv", text))
    assert refused.value.rows == (reason,)


def test_joules_of_a_request_become_kwh_for_a_thousand() -> None:
    (run,) = energies({"task": "lm-arena-chat", "configurations": [LLM]}).runs
    assert run.energy_kwh_per_1000 == pytest.approx(0.02, rel=1e-15)
    subject = run.subject
    assert (subject.task, subject.dataset, subject.model) == (
        "lm-arena-chat",
        "lm-arena-chat",
        "Org/Model-30B",
    )
    assert (subject.scope, subject.hardware.slug) == ("gpu", "gpu-h100")
    assert subject.stratum == "bfloat16, at most 128 at once, tensor 1, expert 1, data 1"
    assert run.parameters == 30_000_000_000
    assert run.not_known["duration_s"] == "not-published"


def test_a_request_costs_what_its_tokens_cost() -> None:
    tokens = {"energy_per_token_joules": 0.12, "avg_output_len": 600.0}
    assert energies({"task": "gpqa", "configurations": [LLM | tokens]}).runs
    with pytest.raises(BadRows, match="is 72, but 600 tokens of 0.2 J come to 120"):
        energies({"task": "gpqa", "configurations": [LLM | tokens | {"energy_per_token_joules": 0.2}]})


def test_an_unstable_run_is_left_out_and_a_stable_one_keeps_its_flag() -> None:
    unstable = LLM | {"is_stable": False, "unstable_reason": "steady state too short", "num_gpus": 2}
    reading = energies({"task": "gpqa", "configurations": [LLM | {"is_stable": True}, unstable, LLM]})
    assert [run.validity for run in reading.runs] == ["stable"]
    assert [left.reason for left in reading.left_out] == [
        "its publisher calls it unstable: steady state too short",
        "the same number as another place of the input, such as file-0.json:configurations[0]",
    ]
    with pytest.raises(BadRows, match="is_stable is 'yes', neither true nor false"):
        energies({"task": "gpqa", "configurations": [LLM | {"is_stable": "yes"}]})


def test_configurations_are_never_combined() -> None:
    other = LLM | {"max_num_seqs": 8, "energy_per_request_joules": 400.0}
    larger = LLM | {"num_gpus": 8, "expert_parallel": 8}
    reading = energies({"task": "gpqa", "configurations": [LLM, other, larger]})
    assert [figure.n_runs for figure in combine(reading.runs)] == [1, 1, 1]
    assert reading.runs[2].subject.hardware.title == "8 \u00d7 H100"


def test_a_configuration_that_was_measured_again_has_runs_a_mean_and_a_range() -> None:
    again = [LLM | {"energy_per_request_joules": joules} for joules in (70.0, 73.0, 79.0)]
    (figure,) = combine(energies({"task": "gpqa", "configurations": again}).runs)
    kwh = [joules * 1000 / 3.6e6 for joules in (70.0, 73.0, 79.0)]
    assert figure.n_runs == 3
    assert (figure.low_kwh_per_1000, figure.high_kwh_per_1000) == pytest.approx((kwh[0], kwh[2]))
    assert figure.energy_kwh_per_1000 == pytest.approx(sum(kwh) / 3)


def test_the_same_number_in_two_files_is_one_run() -> None:
    reading = energies({"task": "gpqa", "configurations": [LLM]}, {"task": "gpqa", "configurations": [LLM]})
    assert len(reading.runs) == 1
    assert [(one.where, one.what) for one in reading.left_out] == [
        ("file-1.json:configurations[0]", "Org/Model-30B")
    ]
    assert "the same number" in reading.left_out[0].reason


def test_a_models_file_has_its_name_outside() -> None:
    inner = {
        name: value for name, value in LLM.items() if not name.endswith("_parallel") and name != "model_id"
    }
    inner["parallelization"] = {"data_parallel": 1, "expert_parallel": 1, "tensor_parallel": 2, "notes": ""}
    (run,) = energies({"task": "gpqa", "model_id": "Org/M", "configurations": [inner]}).runs
    assert run.subject.model == "Org/M"
    assert "tensor 2" in run.subject.stratum


def test_pictures_and_videos_of_both_forms() -> None:
    image = {
        "model_id": "a", "gpu_model": "H100", "num_gpus": 2, "batch_size": 16, "energy_per_image_joules": 36.0,
        "inference_steps": 20, "image_width": 1024, "image_height": 1024, "ring_degree": 2, "ulysses_degree": 1,
        "weight_precision": "bfloat16",
    }  # fmt: skip
    video = {k: v for k, v in image.items() if "image" not in k} | {
        "energy_per_video_joules": 36000.0,
        "fps": 15,
    }
    old = {
        "Model": "b", "GPU model": "NVIDIA A100-SXM4-40GB", "Batch size": 1, "Number of inference steps": 30,
        "Batch energy (J)": 72.0, "Energy per image (J)": 72.0,
    }  # fmt: skip
    reading = energies(
        {"task": "text-to-image", "configurations": [image]},
        {"task": "text-to-video", "configurations": [video]},
        old,
        names=NameMap(
            tasks={"text-to-image": "image_generation"},
            files={"file-2.json": Place(task="image_generation", dataset="partiprompts")},
        ),
    )
    assert [(run.subject.task, run.subject.dataset) for run in reading.runs] == [
        ("image_generation", "text-to-image"),
        ("text-to-video", "text-to-video"),
        ("image_generation", "partiprompts"),
    ]
    values = [run.energy_kwh_per_1000 for run in reading.runs]
    assert values == pytest.approx([0.01, 10.0, 0.02], rel=1e-15)
    assert reading.runs[2].subject.stratum == "batch 1, 30 steps"
    assert reading.runs[2].subject.hardware.slug == "gpu-nvidia-a100-sxm4-40gb"


def test_only_the_asked_configurations_are_taken_and_the_rest_is_told() -> None:
    configurations = [LLM, LLM | {"gpu_model": "B200"}, LLM | {"max_num_seqs": 8}]
    reading = energies(
        {"task": "gpqa", "configurations": configurations}, options=EnergyOptions(gpu="H100", batch=128)
    )
    assert [run.where for run in reading.runs] == ["file-0.json:configurations[0]"]
    assert [one.reason for one in reading.left_out] == ["another GPU than H100", "another batch than 128"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"energy_per_request_joules": 0}, "energy_per_request_joules is 0: nothing was read"),
        ({"energy_per_request_joules": None}, "has 0 energies of one answer"),
        ({"energy_per_image_joules": 5.0}, "has 2 energies of one answer"),
        ({"energy_per_request_joules": True}, "energy_per_request_joules is True, not a finite number"),
        ({"energy_per_request_joules": "72"}, "energy_per_request_joules is '72', not a finite number"),
        ({"model_id": None}, "names no model"),
        ({"gpu_model": None}, "names no GPU"),
        ({"max_num_seqs": [8]}, "max_num_seqs is"),
    ],
)
def test_a_configuration_that_cannot_be_trusted_is_named(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRows) as refused:
        energies({"task": "gpqa", "configurations": [LLM, LLM | {"max_num_seqs": 8} | change]})
    (row,) = refused.value.rows
    assert row.startswith(f"file-0.json:configurations[1]: {reason}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{\n"a": }', "file-0.json:2: not JSON"),
        (b'{"configurations": [{"energy_per_request_joules": NaN}]}', "NaN is no number"),
        (b'{"tasks": []}', "neither `configurations` nor an energy"),
        (b'{"configurations": 5}', "no list of objects"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff", "not JSON"),
    ],
)
def test_what_is_no_file_of_the_leaderboard_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableInput, match=words):
        energies(content)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (RUNNER + "a,t,Off,1,3,1e308,\n", "x.csv:2: its energy comes to 1e+308 kWh for 1,000 queries"),
        (RUNNER + "a,t,Off,0.0001,3,1e308,\n", "x.csv:2: successful_prompts is 0.0001, not a whole number"),
        ("model,total_gpu_energy\na,1e-320\n", "its energy comes to 9.99989e-321 kWh"),
        ("model,total_gpu_energy\na,1_0\n", "total_gpu_energy is '1_0', not a number"),
        ("model,total_gpu_energy\na,\u0661\n", "not a number"),
        ("model,total_gpu_energy\na\x00b,1\n", r"model is 'a\x00b', with characters that cannot be shown"),
        ('model,total_gpu_energy\n"a\nb",1\n', r"model is 'a\nb', with characters"),
        ("model,total_gpu_energy\n\u202ea,1\n", r"model is '\u202ea', with characters"),
        ("model,total_gpu_energy\nhttps://huggingface.co/,1\n", "its model has no name"),
    ],
)
def test_a_row_of_the_score_that_cannot_be_is_named(text: str, words: str) -> None:
    with pytest.raises(BadRows) as refused:
        scores(table("x.csv", text))
    (row,) = refused.value.rows
    assert row.startswith("x.csv:")
    assert words in row


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"energy_per_request_joules": 10**400}, "energy_per_request_joules is 1000000"),
        ({"energy_per_request_joules": 1e300}, "its energy comes to 2.77778e+296 kWh"),
        ({"energy_per_request_joules": 1e-320}, "its energy comes to "),
        ({"num_gpus": 10**400}, "num_gpus is 1000000"),
        ({"num_gpus": 1e300}, "num_gpus is 1e+300, not a whole number from 1 to 9,999"),
        ({"num_gpus": 2.7}, "num_gpus is 2.7, not a whole number"),
        ({"num_gpus": 0}, "num_gpus is 0, not a whole number"),
        ({"total_params_billions": 1e300}, "total_params_billions is 1e+300, and can only be up to 1e+06"),
        ({"model_id": "m\ud800"}, r"model_id is 'm\ud800', with characters that cannot be shown"),
        ({"model_id": "m\x00"}, r"model_id is 'm\x00', with characters"),
        ({"weight_precision": "fp8\x1b[31m"}, "weight_precision is 'fp8\\x1b[31m', with characters"),
        ({"gpu_model": "G" * 201}, f"the name of its hardware, {'G' * 40}…, is longer than 200"),
    ],
)
def test_a_configuration_that_cannot_be_is_named(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRows) as refused:
        energies({"task": "gpqa", "configurations": [LLM | change]})
    (row,) = refused.value.rows
    assert row.startswith(f"file-0.json:configurations[0]: {reason}")


def test_an_object_that_says_a_thing_twice_is_refused() -> None:
    twice = b'{"task": "t", "configurations": [{"model_id": "m", "num_gpus": 1, "num_gpus": 2}]}'
    with pytest.raises(UnreadableInput, match=r"file-0\.json: not JSON \('num_gpus' stands twice"):
        energies(twice)


def test_long_names_of_hardware_keep_classes_of_their_own() -> None:
    first, second = ("G" * 120 + last for last in "AB")
    reading = energies(
        {"task": "gpqa", "configurations": [LLM | {"gpu_model": first}, LLM | {"gpu_model": second}]}
    )
    slugs = {run.subject.hardware.slug for run in reading.runs}
    assert len(slugs) == 2
    assert max(map(len, slugs)) <= 150
