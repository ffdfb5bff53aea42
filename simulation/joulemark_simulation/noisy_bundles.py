"""Signed bundles of a chosen size for benchmarks/intake.py, each with a trace of its own."""

from __future__ import annotations

import random
from functools import lru_cache
from itertools import accumulate

from msgspec.structs import replace

from joulemark.record import trace
from joulemark.record.statement import Predicate, offline_seed
from joulemark.suite import load_suite
from joulemark_simulation import records
from joulemark_simulation.statements import Packed, digest, signed

TICK_US = 1_000
"""Ticks of the noisy counter lie this far apart, in microseconds, give or take a fifth."""


def signed_bundle(number: int, *, ticks: int, clients: int) -> bytes:
    """Bundle `number` with about `ticks` readings in its windows, signed by the clients' keys in turn."""
    client = number % clients
    packed = Packed.of(noisy(base_trace(ticks), seed=number))
    base, nonce = base_predicate(client, ticks), digest("bench", number)[:32]
    suite = load_suite("demo")
    dataset = suite.job(f"{base.workload.task}/{base.workload.dataset}/{base.workload.model}").dataset
    count = suite.queries_per_window(dataset)
    sample = suite.sample(dataset, seed=offline_seed(nonce), count=count)
    predicate = replace(
        base, nonce=nonce, trace=packed.info, workload=replace(base.workload, sample_sha256=sample.sha256)
    )
    key = records.signing_key(client)
    return signed(predicate, packed, outputs_sha256=trace.sha256(b"outputs"), key=key).to_bytes()


@lru_cache
def base_trace(ticks: int) -> trace.Trace:
    """A run with room for `ticks` readings in its windows."""
    suite = load_suite("demo")
    queries = suite.queries_per_window(records.first_job(suite).dataset)
    window_us = queries * (records.QUERY_US + records.GAP_US)
    return records.trace(queries=queries, windows=max(3, round(ticks * TICK_US / window_us)))


@lru_cache
def base_predicate(client: int, ticks: int) -> Predicate:
    """What a client says about `base_trace`; readings inside its windows change none of the sums."""
    suite = load_suite("demo")
    job = records.first_job(suite)
    return records.predicate(key=records.signing_key(client), of=base_trace(ticks), suite=suite, job=job)


def noisy(of: trace.Trace, *, seed: int) -> trace.Trace:
    """`of` with uneven readings between the edges of each window, as a real counter gives them."""
    chance = random.Random(seed)  # noqa: S311 - noise, not a secret
    (stream,) = of.streams
    edges = list(zip(trace.from_deltas(stream.t_us), trace.from_deltas(stream.value), strict=True))
    readings = edges[:1]
    for (start, low), (end, high) in zip(edges[1::2], edges[2::2], strict=True):
        count = (end - start) // TICK_US
        clocks = accumulate(chance.choices(range(TICK_US * 4 // 5, TICK_US * 6 // 5), k=count), initial=start)
        mean = (high - low) // count
        levels = accumulate(chance.choices(range(mean * 9 // 10, mean * 11 // 10), k=count), initial=low)
        between = [
            (clock, min(level, high)) for clock, level in zip(clocks, levels, strict=True) if clock < end
        ]
        readings += [*between, (end, high)]
    times, values = zip(*readings, strict=True)
    return replace(of, streams=(replace(stream, t_us=trace.to_deltas(times), value=trace.to_deltas(values)),))
