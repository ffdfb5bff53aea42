"""What the session's loop adds to a query: `measure` beside a bare loop over the same model and the same queries.

Run by `make bench-workloads`. A BERT of random weights is made so deep that a query takes about 20 ms on one thread.
Each round runs a bare loop, ours and a bare loop again, in turning order; two bare loops tell how fine the machine
can be read at all.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "agent")]

import torch
from transformers import BertConfig, BertForSequenceClassification

from benchmarks.report import publish, row
from joulemark.meters.estimate import EstimateMeter
from joulemark.session.measure import measure
from joulemark.session.watch import Silent
from joulemark.suite import Sample
from joulemark.suite.schema import Protocol
from joulemark.workloads import Loaded, Output, Quality, Query, Workload

QUERY_S, QUERIES, ROUNDS, TOKENS = 0.020, 100, 15, 64


class Classifier(Workload):
    """A sentence of random tokens gets one of two labels."""

    device = "cpu"

    def __init__(self, layers: int) -> None:
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=1000,
            hidden_size=256,
            intermediate_size=1024,
            num_attention_heads=4,
            num_hidden_layers=layers,
        )
        self._model = BertForSequenceClassification(config).eval()

    def load(self) -> Loaded:
        """It was made with its weights, which nothing pins."""
        parameters = sum(parameter.numel() for parameter in self._model.parameters())
        return Loaded("0" * 64, parameters, "float32", self.device)

    def queries(self, sample: Sample) -> list[Query]:
        """Random tokens, the same for the same id."""
        return [
            Query(name, {"ids": torch.randint(1000, (1, TOKENS), generator=_seeded(int(name)))}, None)
            for name in sample.query_ids
        ]

    def answer(self, query: Query) -> Output:
        """The likelier label."""
        with torch.inference_mode():
            label = int(self._model(input_ids=query.inputs["ids"]).logits.argmax())
        return Output(query.id, str(label), None, TOKENS)

    def synchronise(self) -> None:
        """A CPU has finished when a call returns."""

    def quality(self, queries: Sequence[Query], outputs: Sequence[Output]) -> list[Quality]:
        """Random labels have none."""
        return []


def _seeded(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


def bare_s(workload: Workload, queries: Sequence[Query]) -> float:
    """Seconds a query in a loop that does nothing else."""
    begin = time.perf_counter()
    for query in queries:
        workload.answer(query)
    return (time.perf_counter() - begin) / len(queries)


def ours_s(workload: Workload, queries: Sequence[Query]) -> float:
    """Seconds a query in a window of a session, its sampler running."""
    protocol = Protocol(
        queries=len(queries),
        windows_min=1,
        windows_max=1,
        warmup_queries=1,
        idle_s=0.0,
        half_width_target=0.5,
        budget_s=600.0,
        fill_windows=False,
    )
    measured = measure(workload, queries, EstimateMeter(), protocol, Silent())
    (window,) = measured.trace.windows()
    return window.seconds / len(queries)


def fitting() -> Classifier:
    """A classifier whose queries take about QUERY_S: the time of two layers says how many there must be."""
    sample = Sample(query_ids=tuple(map(str, range(20))), sha256="0" * 64)
    times = {}
    for layers in (2, 6):
        trial = Classifier(layers)
        asked = trial.queries(sample)
        bare_s(trial, asked)
        times[layers] = bare_s(trial, asked)
    each_s = max((times[6] - times[2]) / 4, 1e-5)
    return Classifier(max(1, round((QUERY_S - times[2]) / each_s) + 2))


def main() -> None:
    """Interleaved rounds; the overhead is the ratio within a round, less 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    workload = fitting()
    queries = workload.queries(Sample(query_ids=tuple(map(str, range(QUERIES))), sha256="0" * 64))
    bare_s(workload, queries)
    bare, ours, again = [], [], []
    for number in range(rounds):
        steps = [(bare, bare_s), (ours, ours_s), (again, bare_s)]
        for times, loop in steps if number % 2 else reversed(steps):
            times.append(loop(workload, queries))
    overhead = [100 * (o / ((b + a) / 2) - 1) for b, o, a in zip(bare, ours, again, strict=True)]
    noise = [100 * (a / b - 1) for b, a in zip(bare, again, strict=True)]
    case = f"{QUERIES} queries a window"
    rows = [
        row(case, "bare loop", "time of a query", "ms", [1e3 * t for t in bare + again]),
        row(case, "joulemark", "time of a query", "ms", [1e3 * t for t in ours]),
        row(case, "joulemark / bare loop", "overhead", "%", overhead),
        row(case, "bare loop / bare loop", "overhead", "%", noise),
    ]
    publish("workloads", rows, packages=["torch", "transformers"])
    if rounds > 1:
        half = 2 * statistics.stdev(overhead) / len(overhead) ** 0.5
        print(
            f"mean overhead {statistics.fmean(overhead):.3f} +- {half:.3f} % (two standard errors); goal: <= 1 %"
        )


if __name__ == "__main__":
    main()
