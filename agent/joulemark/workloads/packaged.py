"""A workload whose weights lie in an installed package: everything but the model itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import torch

from joulemark.suite import Job, Sample, Suite
from joulemark.workloads import devices
from joulemark.workloads.base import Loaded, Output, QualityScore, Query, Workload
from joulemark.workloads.queries import query_of
from joulemark.workloads.scores import score
from joulemark.workloads.weights import verified_weights


class PackagedWorkload(Workload):
    """Checks the weights, opens the model, scores the answers. What a model does with a query is up to its class.

    `cache_dir` keeps converted weights.
    """

    def __init__(self, suite: Suite, job: Job, *, device: str, cache_dir: Path) -> None:
        self.suite = suite
        self.job = job
        self.device = device
        self.cache_dir = cache_dir

    @abstractmethod
    def open_model(self, weights: Path) -> torch.nn.Module:
        """Read the model, make it ready to answer on the device, and return it."""

    def load(self) -> Loaded:
        """See Workload."""
        devices.require(self.device)
        devices.make_repeatable()
        devices.forget_peak(self.device)
        model = self.open_model(verified_weights(self.suite.model(self.job.model)))
        parameters = list(model.parameters())
        return Loaded(
            weights_sha256=self.suite.weights_sha256(self.job.model),
            parameters=sum(parameter.numel() for parameter in parameters),
            dtype=str(parameters[0].dtype).removeprefix("torch."),
            device=str(parameters[0].device),
        )

    def queries(self, sample: Sample) -> list[Query]:
        """See Workload."""
        dataset = self.suite.dataset(self.job.dataset)
        return [query_of(row, dataset) for row in self.suite.rows(dataset.id, sample.query_ids)]

    def synchronise(self) -> None:
        """See Workload."""
        devices.synchronise(self.device)

    def quality(self, queries: Sequence[Query], outputs: Sequence[Output]) -> list[QualityScore]:
        """See Workload."""
        return score(self.job.task, queries, outputs)

    def peak_memory_bytes(self) -> int | None:
        """See Workload."""
        return devices.peak_memory_bytes(self.device)
