"""A workload whose weights lie in an installed package: everything but the model itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import torch

from joulemark.suite import Sample
from joulemark.workloads.base import Loaded, Output, Quality, Query, Workload, WorkloadError
from joulemark.workloads.queries import query_of
from joulemark.workloads.scores import score
from joulemark.workloads.weights import verified_weights


class PackagedWorkload(Workload):
    """Checks the weights, opens the model, scores the answers. What a model does with a query is up to its class."""

    @abstractmethod
    def open_model(self, weights: Path) -> torch.nn.Module:
        """Read the model, make it ready to answer on the device, and return it."""

    def load(self) -> Loaded:
        """See Workload."""
        self._check_device()
        model = self.open_model(verified_weights(self.suite.model(self.job.model)))
        parameters = list(model.parameters())
        return Loaded(
            weights_sha256=self.suite.model(self.job.model).weights_sha256,
            parameters=sum(parameter.numel() for parameter in parameters),
            dtype=str(parameters[0].dtype).removeprefix("torch."),
            device=str(parameters[0].device),
        )

    def queries(self, sample: Sample) -> list[Query]:
        """See Workload."""
        dataset = self.suite.dataset(self.job.dataset)
        return [query_of(row, dataset) for row in self.suite.rows(dataset.id, sample.query_ids)]

    def synchronise(self) -> None:
        """See Workload; on a CPU every answer is finished when `answer` returns."""
        if self.device.startswith("cuda"):
            torch.cuda.synchronize(self.device)

    def quality(self, queries: Sequence[Query], outputs: Sequence[Output]) -> list[Quality]:
        """See Workload."""
        return score(self.job.task, queries, outputs)

    def _check_device(self) -> None:
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise WorkloadError(
                "This installation of torch sees no CUDA device. Run on the CPU, or install a CUDA build of torch and "
                "look at CUDA_VISIBLE_DEVICES."
            )
