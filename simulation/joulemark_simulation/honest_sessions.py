"""Whole honest sessions on simulated machines, from warm-up to the signed bundle, and the case that a platform judges.

Everything is drawn from the session's number, so that session 17 is the same on every machine.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import msgspec

from joulemark.identity import Identity
from joulemark.meters.device import DeviceFacts
from joulemark.record import keys
from joulemark.record import trace as traces
from joulemark.record.bundle import verified
from joulemark.record.messages import Ticket
from joulemark.record.statement import offline_seed
from joulemark.rules.case import AnnouncedRuns, Case, Context, TicketFacts
from joulemark.rules.hardware import BYTES, Gpu, gpus
from joulemark.session import measure as measuring
from joulemark.session.facts import describe
from joulemark.session.progress import Silent
from joulemark.session.statement import Circumstances, Story, new_nonce, signed_bundle
from joulemark.workloads.base import Loaded, Output, QualityScore, Query
from joulemark_simulation import records
from joulemark_simulation.card_sessions import at_work, read_rests_rarely
from joulemark_simulation.honest_controls import controls_of_others, honest_control
from joulemark_simulation.honest_machines import (
    MODES,
    UNKNOWN,
    JitterTimer,
    SimulatedEstimate,
    SimulatedRapl,
    gpu_scenario,
    host,
    timing_of,
)
from joulemark_simulation.honest_suite import KINDS, PROTOCOL, Kind, suite
from joulemark_simulation.statements import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.meters.meter import Meter
    from joulemark.record.trace import Timing
    from joulemark.suite import Job, Model, Protocol, Suite

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LONGEST_QUERY_S, SHORT_QUERY_S = 4.0, 0.05
MOST_QUERIES = 30_000
"""The simulation's clock has room for 65,536 marks, two a query: of the warm-up and all windows together."""
MOST_WRONG = 0.1
"""Share of the queries that a machine answers otherwise than most: low bits differ between kinds of hardware."""
KEY = records.signing_key()


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a job is measured with. `watts` are drawn under load; `gpu` is None on a processor."""

    kind: str
    meter: Meter
    timer: JitterTimer
    timings: tuple[Timing | None, ...]
    device: DeviceFacts
    watts: float
    gpu: Gpu | None
    idle_w: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One session: on what, which job, and the case that a platform judges."""

    kind: str
    job: str
    case: Case


def answer_to(query: str, salt: float, share: float) -> str:
    """Machines answer alike but for a `share` of the queries, each machine (`salt`) for its own."""
    otherwise = Random(f"{query} {salt}").random() < share  # noqa: S311 - chances, no secrets
    return f"answer to {query}{f', as {salt} has it' if otherwise else ''}"


class Work:
    """Queries whose time and power follow from the model and the hardware, and differ from query to query."""

    def __init__(
        self, machine: Machine, model: Model, kind: Kind, dtype: str, protocol: Protocol, rng: Random
    ) -> None:
        self._machine, self._rng, self._kind = machine, rng, kind
        self._pass_s = _pass_s(machine.gpu, model.parameters * BYTES[dtype], rng)
        passes = rng.uniform(0.3, 0.95) * (kind.most_tokens or 0) or kind.steps or 1
        if not kind.steps and self._pass_s * passes > LONGEST_QUERY_S:
            passes = max(LONGEST_QUERY_S / self._pass_s, 1.0)
        self._passes = passes
        window_s = max(10.0, 100 * machine.meter.period_s)
        least_s = (protocol.warmup_s + 20.0 + protocol.windows_max * window_s) / MOST_QUERIES
        self._pass_s = max(self._pass_s, least_s / passes)
        longer = max(passes * self._pass_s / SHORT_QUERY_S, 1.0)
        self._ripple = rng.uniform(0.005, 0.15) / longer**0.5  # a long query is a mean of many short pieces
        self._spread = 10 ** rng.uniform(-2.5, -0.7)
        self._salt, self._wrong = rng.random(), rng.uniform(0.0, MOST_WRONG)

    def answer(self, query: Query) -> Output:
        """Draw power for as long as the answer takes."""
        tokens, passes = None, self._passes
        if self._kind.most_tokens:
            tokens = max(1, min(round(self._rng.gauss(passes, passes / 4)), self._kind.most_tokens))
            passes = tokens
        seconds = passes * self._pass_s * self._rng.lognormvariate(0, self._spread)
        watts = self._machine.watts * self._rng.uniform(1 - self._ripple, 1 + self._ripple)
        self._machine.timer.work(watts, seconds)
        value = answer_to(query.id, self._salt, self._wrong)
        return Output(query.id, value, tokens, 40 if self._kind.most_tokens else None)

    def synchronise(self) -> None:
        """The work is over when `answer` returns."""


class Busy(Silent):
    """The agent's own work between two queries."""

    def __init__(self, timer: JitterTimer, rng: Random) -> None:
        self._timer, self._rng = timer, rng

    def answered(self) -> None:
        """Some ten microseconds."""
        self._timer.wait(self._rng.uniform(5e-6, 2e-4))


BURSTS_EVERY = 20
"""So many sessions, one is of bursts."""


def session(number: int) -> Drawn:
    """Session `number`: four of five on a GPU, the others on a processor. Raises MeterFailed or EnergyError."""
    rng = Random(f"honest session {number}")  # noqa: S311 - chances, no secrets
    read_rests_rarely()
    protocol = _protocol(rng)
    if number % 5 == 4:
        protocol = msgspec.structs.replace(protocol, mode="throughput", idle_s=3.0, warmup_s=0.0)
        return _measured(_processor(number, rng), protocol, rng)
    models = (*gpus(), UNKNOWN)
    gpu, mode = models[number % len(models)], rng.choice(MODES)
    if number % BURSTS_EVERY == 3:
        protocol = bursts(protocol)
    with _on_gpu(gpu, mode, rng) as machine:
        return _measured(machine, protocol, rng)


def bursts(protocol: Protocol) -> Protocol:
    """Windows of one query each, as short as it is: some tens of milliseconds of work between rests."""
    return msgspec.structs.replace(
        protocol, queries=1, windows_min=24, windows_max=24, fill_windows=False, mode="throughput"
    )


def chosen(gpu_id: str, mode: str, job: str, *, dtype: str = "float16", windows: int = 5) -> Drawn:
    """A session in throughput of this job on a GPU of this model, with a counter of this mode."""
    rng = Random(f"{gpu_id} {mode} {job} {dtype}")  # noqa: S311 - chances, no secrets
    read_rests_rarely()
    protocol = msgspec.structs.replace(PROTOCOL, windows_min=windows, windows_max=windows)
    gpu = next(model for model in gpus() if model.id == gpu_id)
    with _on_gpu(gpu, mode, rng) as machine:
        return _measured(machine, protocol, rng, job=(job, dtype))


def chosen_by_rapl(job: str, *, windows: int = 5) -> Drawn:
    """A session of this job on a processor with RAPL, under the protocol of `chosen`."""
    rng = Random(f"rapl {job}")  # noqa: S311 - chances, no secrets
    protocol = msgspec.structs.replace(PROTOCOL, windows_min=windows, windows_max=windows)
    return _measured(_processor(4, rng), protocol, rng, job=(job, "float32"))


def _protocol(rng: Random) -> Protocol:
    latency = rng.random() < 0.1
    return msgspec.structs.replace(
        PROTOCOL,
        queries=rng.choice((10, 24, 50)),
        warmup_s=rng.choice((300.0, 300.0, 120.0)),
        windows_min=(least := 8 if latency else rng.choice((3, 5))),
        windows_max=least + rng.choice((0, 3)),
        mode="latency" if latency else "throughput",
    )


@contextmanager
def _on_gpu(gpu: Gpu, mode: str, rng: Random) -> Iterator[Machine]:
    timing = timing_of(gpu, mode)
    scenario = gpu_scenario(gpu, mode, rng)
    with at_work(scenario, lambda simulation: JitterTimer(simulation, rng)) as (meter, timer, _):
        yield Machine(
            kind=f"{gpu.id} {mode}",
            meter=meter,
            timer=timer,
            timings=(timing,),
            device=meter.device(),
            watts=_load_w(scenario.idle.watts, scenario.card.limit_w, rng),
            gpu=gpu,
            idle_w=scenario.idle.watts,
        )


def _load_w(idle_w: float, limit_w: float, rng: Random) -> float:
    """Light work adds a tenth of what is left above rest, heavy work nine tenths."""
    return idle_w + rng.uniform(0.1, 0.9) * (limit_w - idle_w)


def _processor(number: int, rng: Random) -> Machine:
    clock, timer = host(rng)
    by_rapl = number % 10 == 4
    meter = SimulatedRapl(clock) if by_rapl else SimulatedEstimate(clock, cores=rng.choice((1, 1.9)))
    none = dict.fromkeys(
        ("memory_bytes", "power_limit_w", "power_limit_default_w", "driver", "vbios", "ecc", "mig")
    )
    device = DeviceFacts(
        identity="x", kind="cpu", name="Testor 9000", absent=dict.fromkeys(none, "no-gpu"), **none
    )
    return Machine(
        kind="processor, RAPL" if by_rapl else "processor, estimate",
        meter=meter,
        timer=timer,
        timings=(None,),
        device=device,
        watts=rng.uniform(5.0, 80.0),
        gpu=None,
    )


def _pass_s(gpu: Gpu | None, weights_bytes: float, rng: Random) -> float:
    """A pass reads the weights at most at the memory's speed, and costs the host some time to launch."""
    speed = 20e9 if gpu is None else 1e9 * (gpu.bandwidth_gbs or 300.0)
    return weights_bytes / (speed * rng.uniform(0.3, 0.95)) + 10 ** rng.uniform(-3.0, -2.0)


def _job(machine: Machine, rng: Random, of: Suite) -> tuple[Job, Model, Kind, str]:
    """A model that fits into the memory; on a processor a small one."""
    memory = machine.device.memory_bytes or 4e9
    while True:
        job, dtype = rng.choice(of.jobs), rng.choice(("float32", "float16"))
        model = of.model(job.model)
        if model.parameters * BYTES[dtype] < 0.8 * memory and (machine.gpu or model.parameters < 3e8):
            return job, model, _kind(job), dtype


def _kind(job: Job) -> Kind:
    return next(kind for kind in KINDS if kind.task == job.task)


def _measured(
    machine: Machine, protocol: Protocol, rng: Random, *, job: tuple[str, str] | None = None
) -> Drawn:
    of = suite(protocol)
    if job is None:
        ran, model, kind, dtype = _job(machine, rng, of)
    else:
        ran, dtype = of.job(job[0]), job[1]
        model, kind = of.model(ran.model), _kind(ran)
    nonce, announced = new_nonce(), rng.random() < 0.8
    seed = rng.randrange(2**48) if announced else offline_seed(nonce)
    sample = of.sample(ran.dataset, seed=seed, count=of.queries_per_window(ran.dataset))
    measured = measuring.measure(
        Work(machine, model, kind, dtype, protocol, rng),
        [Query(query, {}, None) for query in sample.query_ids],
        machine.meter,
        protocol,
        Busy(machine.timer, rng),
        timings=machine.timings,
        timer=machine.timer,
        control=honest_control(
            machine.gpu, machine.device, machine.timer.work, idle_w=machine.idle_w, seed=seed
        ),
    )
    lasted = timedelta(seconds=measured.trace.spans[-1].end_us / 1e6 + 5)
    right = rng.uniform(0.3, 0.95)
    story = Story(
        job=ran,
        nonce=nonce,
        ticket=_ticket(seed, lasted, rng) if announced else None,
        sample=sample,
        loaded=Loaded(str(model.weights_sha256), model.parameters, dtype, "cuda" if machine.gpu else "cpu"),
        measured=measured,
        quality=(_quality(kind, right, len(sample.query_ids), rng),),
        not_scored=(),
        inputs_sha256=digest("inputs", sample.sha256),
        peak_memory_bytes=_peak(machine, model.parameters * BYTES[dtype], rng),
    )
    around = _around(machine, of)
    statement, raw = verified(signed_bundle(around, story))
    predicate = msgspec.structs.replace(
        statement.predicate, started_at=NOW - lasted, ended_at=NOW - timedelta(seconds=1), issued_at=NOW
    )
    idle_w = predicate.idle.before_w if predicate.idle else 0.0
    context = _context(story, of, kind, right, around.facts.device.tag, rng)
    return Drawn(
        kind=f"{machine.kind}, {protocol.mode}",
        job=ran.key,
        case=Case(
            msgspec.structs.replace(statement, predicate=predicate),
            traces.parse(raw),
            replace(context, **controls_of_others(machine.gpu, machine.device, idle_w=idle_w, seed=seed)),
        ),
    )


def _around(machine: Machine, of: Suite) -> Circumstances:
    public = keys.public_hex(KEY)
    return Circumstances(
        origin=records.ORIGIN,
        session=new_nonce(),
        identity=Identity(key=KEY, public_key=public, key_id=keys.key_id(public)),
        suite=of,
        meter=machine.meter,
        facts=describe(machine.device, tag=digest("device", machine.kind)),
        not_read={} if machine.gpu is None else {"cpu": "no-rapl", "dram": "no-rapl"},
    )


def _quality(kind: Kind, right: float, count: int, rng: Random) -> QualityScore:
    """As many answers right as chance has it."""
    value = _hits(right, count, rng) / count
    return QualityScore(metric=kind.metric, value=value, n=count, higher_is_better=True)


def _hits(right: float, count: int, rng: Random) -> int:
    return sum(rng.random() < right for _ in range(count))


def _peak(machine: Machine, weights_bytes: float, rng: Random) -> int | None:
    return None if machine.gpu is None else round(weights_bytes * rng.uniform(1.0, 1.2) + 1e6)


def _ticket(seed: int, lasted: timedelta, rng: Random) -> Ticket:
    """Given some time before the run started."""
    return Ticket(
        id=digest("ticket", rng.random())[:32],
        nonce=digest("nonce", rng.random())[:32],
        sample_seed=seed,
        issued_at=NOW - lasted - timedelta(seconds=rng.uniform(1.0, 300.0)),
        expires_at=NOW + timedelta(hours=4),
    )


def _honest_runs(story: Story, *, most_devices: int) -> AnnouncedRuns:
    """What honest people announce for a job on so many devices at most: one run in five is given up on each."""
    ticket = story.ticket
    rng = Random(f"runs {most_devices} {ticket.sample_seed if ticket else 0}")  # noqa: S311 - a simulation
    announced = rng.randint(1, most_devices)
    return AnnouncedRuns(sum(rng.random() < 0.2 for _ in range(announced - 1)), announced)


def _context(story: Story, of: Suite, kind: Kind, right: float, device_tag: str, rng: Random) -> Context:
    """What a platform knows: in half of the cases what others stated of the same job."""
    ticket, job, count = story.ticket, story.job, len(story.sample.query_ids)
    others = rng.choice((0, 0, 1, 3, 5, 12))
    wrong = [(rng.random(), rng.uniform(0.0, MOST_WRONG)) for _ in range(others)]
    answers: dict[str, Counter[str]] = {query: Counter() for query in story.sample.query_ids}
    for query, given in answers.items():
        given.update(
            traces.answer_digest(query, answer_to(query, salt, share)).hex() for salt, share in wrong
        )
    return Context(
        received_at=NOW + timedelta(seconds=rng.uniform(-60.0, 600.0)),
        audience=records.ORIGIN,
        public_key=keys.public_hex(KEY),
        key_revoked=False,
        ticket=None
        if ticket is None
        else TicketFacts(
            id=ticket.id,
            nonce=ticket.nonce,
            sample_seed=ticket.sample_seed,
            task=job.task,
            dataset=job.dataset,
            model=job.model,
            device_tag=device_tag,
            issued_at=ticket.issued_at,
            expires_at=ticket.expires_at,
        ),
        suite=of,
        same_trace_as=None,
        inputs_by_others={story.inputs_sha256: others} if others else {},
        answers_by_others=answers if others else {},
        quality_by_others={kind.metric: [_hits(right, count, rng) / count for _ in range(others)]},
        tickets_unreported=min(int(rng.expovariate(1.5)), 9),
        runs_of_contributor=_honest_runs(story, most_devices=40),
        runs_of_network=_honest_runs(story, most_devices=400),
    )
