"""The tasks, run on real models. Nothing heavy is imported until a workload is opened.

`available` says whether a job can run here, `open_workload` opens it. torch, transformers and the like are imported
by the modules that `registry` names, and by no other part of the agent.
"""

from joulemark.workloads.base import Loaded, Output, Quality, Query, Workload, WorkloadError
from joulemark.workloads.busy import busy_kernel
from joulemark.workloads.registry import available, open_workload

__all__ = [
    "Loaded",
    "Output",
    "Quality",
    "Query",
    "Workload",
    "WorkloadError",
    "available",
    "busy_kernel",
    "open_workload",
]
