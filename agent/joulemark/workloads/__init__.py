"""The tasks, run on real models. Nothing heavy is imported until a workload is opened.

`available` says whether a job can run here, `open_workload` opens it. torch, transformers and the like are imported
by the modules that `registry` names, and by no other part of the agent.
"""

from joulemark.workloads.base import (
    FetchFailed,
    Loaded,
    MissingQuality,
    OutOfMemory,
    Output,
    QualityScore,
    Query,
    TimedWork,
    Workload,
    WorkloadCrashed,
    WorkloadError,
    crashes_named,
)
from joulemark.workloads.control_kernel import ControlKernel, control_kernel
from joulemark.workloads.first_kernel import GpuIdentity, run_first_kernel
from joulemark.workloads.inputs import InputSizes, input_sizes, inputs_sha256
from joulemark.workloads.known_answers import answers_of, require_known_answers
from joulemark.workloads.load_kernel import busy_kernel
from joulemark.workloads.registry import available, open_workload

__all__ = [
    "ControlKernel",
    "FetchFailed",
    "GpuIdentity",
    "InputSizes",
    "Loaded",
    "MissingQuality",
    "OutOfMemory",
    "Output",
    "QualityScore",
    "Query",
    "TimedWork",
    "Workload",
    "WorkloadCrashed",
    "WorkloadError",
    "answers_of",
    "available",
    "busy_kernel",
    "control_kernel",
    "crashes_named",
    "input_sizes",
    "inputs_sha256",
    "open_workload",
    "require_known_answers",
    "run_first_kernel",
]
