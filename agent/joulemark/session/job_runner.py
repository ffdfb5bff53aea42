"""The jobs of one run, one after the other: loaded, measured, signed, kept and sent, or written down as failed."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import structs

from joulemark import workloads
from joulemark.errors import HubAway, MeterFailed, ReadingMissing, ReadingsUnusable
from joulemark.meters.timer import RealTimer
from joulemark.platform_words import refusal_in_words
from joulemark.record.codec import encode
from joulemark.record.envelope import Envelope, seal
from joulemark.record.messages import TICKET_REQUEST_TYPE, PlatformKey, TicketRequest
from joulemark.record.statement import offline_seed
from joulemark.session import plan, state, unusable
from joulemark.session.comparison import own_energy_words
from joulemark.session.control_runs import open_control
from joulemark.session.controls import changed_flags, read_controls
from joulemark.session.device_check import require_device
from joulemark.session.fetch import fetch_job, fetches
from joulemark.session.measure import measure
from joulemark.session.plan import Missing
from joulemark.session.platform_link import is_waiting, with_delivery
from joulemark.session.population import population_of
from joulemark.session.report import RETRY, Done, Failed
from joulemark.session.statement import Circumstances, Story, new_nonce, signed_bundle, suite_ref
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.config import Config
    from joulemark.outbox import Outbox, OutboxResult
    from joulemark.record.trace import Timing
    from joulemark.session.budget import Budget, Pace
    from joulemark.session.forecast import Forecast
    from joulemark.session.job_end import JobEnd
    from joulemark.session.journal import Journal
    from joulemark.session.options import Options
    from joulemark.session.platform_link import PlatformLink
    from joulemark.session.progress import Watch
    from joulemark.session.report import RunReport, Stopped
    from joulemark.suite import Job, Protocol
    from joulemark.waiting import Waiting
    from joulemark.workloads import Workload

STOPPED = marked("The run was stopped: the same finding would apply to every further job.")


@dataclass(frozen=True, kw_only=True)
class JobRunner:
    """The jobs of one run, under its circumstances. `link` is None offline, `key` when nothing is to be sent.

    The control kernel runs for `control_s` seconds first and last in each.
    """

    around: Circumstances
    device: str
    timings: tuple[Timing | None, ...]
    outbox: Outbox
    link: PlatformLink | None
    hub: Waiting
    key: PlatformKey | None
    config: Config
    watch: Watch
    report: RunReport
    options: Options
    journal: Journal
    pace: Pace
    budget: Budget
    ending: JobEnd
    control_s: float

    def run_jobs(self, forecast: Forecast, session: state.Session) -> None:
        """Send the session's stored results, then measure the cells of the plan; space for a result is reserved."""
        selection = forecast.selection
        before = state.finished(session, self.outbox)
        todo = [cell.job for cell in forecast.cells if cell.job.key not in before]
        self.report.failed_before.extend(forecast.failed_before)
        self.report.put_off.extend(forecast.put_off)
        for job in selection.jobs:
            result = before.get(job.key)
            if result is not None:
                if result.note_fault is not None:
                    self.watch.note(result.note_fault)
                self.report.done.append(Done(key=job.key, result=result, resumed=True))
        if self.report.done:
            self.watch.note(
                _("Resuming: {done} of {jobs} jobs are finished.").format(
                    done=len(self.report.done), jobs=len(selection.jobs)
                )
            )
        self._send(list(self.report.done), waits=False)
        try:
            self._measure_all(todo)
            self._send_rest()
        finally:
            self.journal.stopped()
            self.outbox.give_up_space()
        for sentence, keys in plan.by_sentence(tuple(self.report.put_off)).items():
            if sentence != _(STOPPED):
                self.watch.note(
                    _("Postponed: {keys}. {sentence}").format(keys=plan.in_words(keys), sentence=sentence)
                )
        self.ending.finish(frozenset(job.key for job in selection.jobs))

    def _measure_all(self, jobs: list[Job]) -> None:
        """Each in turn, those for which the hub was away once more at the end; until a cause is found that lasts."""
        without_hub: list[tuple[int, Job]] = []
        for number, job in enumerate(jobs, start=1):
            if not self._begin(job, number, jobs):
                without_hub.append((number, job))
            left = [*(later for _number, later in without_hub), *jobs[number:]]
            if left and (stopped := self.ending.stop()) is not None:
                self._stop(stopped, left)
                return
        # All else is measured: the hub may be there by now.
        for place, (number, job) in enumerate(without_hub):
            self._begin(job, number, jobs, is_last_try=True)
            left = [later for _number, later in without_hub[place + 1 :]]
            if left and (stopped := self.ending.stop()) is not None:
                self._stop(stopped, left)
                return

    def _stop(self, stopped: Stopped, left: list[Job]) -> None:
        """Begin none of the jobs that are left; the report says why."""
        self.report.stopped = stopped
        for job in left:
            self._put_off(job.key, _(STOPPED))

    def _plan_left_s(self, jobs: list[Job]) -> float:
        """About how long these jobs take, in seconds: no longer than the time that the run was given."""
        expected_s, left_s = sum(self.pace.seconds(job.key) for job in jobs), self.budget.left_s()
        return expected_s if left_s is None else min(expected_s, left_s)

    def _put_off(self, key: str, sentence: str) -> None:
        self.report.put_off.append(Missing(key=key, sentence=sentence))

    def _begin(self, job: Job, number: int, todo: list[Job], *, is_last_try: bool = False) -> bool:
        """Measure job `number` of `todo` if it ends in time; False where it waits for the hub and may be tried again.

        Raises as `_attempt` does.
        """
        if not self.budget.has(self.pace.seconds(job.key)):
            self._put_off(
                job.key,
                _("It takes about {seconds:.0f} s, more than the time that is left.").format(
                    seconds=self.pace.seconds(job.key)
                ),
            )
            return True
        self.outbox.hold_space()
        self.watch.job(
            number,
            len(todo),
            job.key,
            estimated=self.around.meter.grade == "estimated",
            plan_left_s=self._plan_left_s(todo[number - 1 :]),
        )
        try:
            self._attempt(job)
        except HubAway as error:
            self.journal.stopped()
            if is_last_try:
                self.report.is_hub_away = True
                self._put_off(job.key, str(error))
            return False
        return True

    def _attempt(self, job: Job) -> None:
        """Measure one job and send it; what makes only this job fail is written down, and the plan goes on.

        Raises HubAway where the job is to be put off, MeterFailed or DeviceUnusable when the sensor or the device is
        gone, and what else ends a run.
        """
        self.journal.begin(job.key)
        try:
            if fetches(self.options):
                fetch_job(self.around.suite, job, self.watch, self.hub, folders=self.config.folders)
            began_s = time.monotonic()  # the way from the hub says nothing about the next job's pace
            result = self._measure_in_workload(job)
        except workloads.WorkloadError as error:
            self._failed(job, error.code, str(error))
            if not isinstance(error, (workloads.FetchFailed, workloads.OutOfMemory)):
                self._require_device()
            return
        except ReadingsUnusable as error:
            self._failed(job, error.code, " ".join([str(error), *self._kept_readings(error)]))
            return
        except MeterFailed as error:
            self._failed(job, error.code, " ".join([str(error), *self._kept_readings(error)]))
            self._require_meter()
            return
        took_s = time.monotonic() - began_s
        self.pace.took(job.key, took_s)
        self.journal.done(job.key, took_s=took_s)
        done = Done(key=job.key, result=result, resumed=False)
        self.report.done.append(done)
        place = len(self.report.done) - 1
        self.report.done[place] = done = self.ending.ask_rules(done)
        done = self._sent(done)
        self.watch.job_done(_done_in_words(done))
        if done.delivery is not None and done.delivery.how == "sent":
            self._send([earlier for earlier in self.report.done if is_waiting(earlier)], waits=False)
        self.ending.ask_platform(place)

    def _failed(self, job: Job, code: str, sentence: str) -> None:
        self.journal.failed(job.key, code=code, sentence=sentence)
        failed = Failed(key=job.key, code=code, sentence=f"{sentence} {_(RETRY)}")
        self.report.failed.append(failed)
        self.watch.note(_("Failed: {key}. {sentence}").format(key=job.key, sentence=failed.sentence))

    def _kept_readings(self, error: ReadingsUnusable | MeterFailed) -> list[str]:
        """A sentence of where the readings that gave no result lie, where there are any: they are not lost."""
        if error.trace is None:
            return []
        path = unusable.keep(self.config.folders, error.trace)
        return [_("The readings are stored in {path}.").format(path=path)]

    def _require_device(self) -> None:
        """Raises DeviceUnusable when the job left a GPU on which nothing runs any more: each further job would fail."""
        if self.around.meter.gpu is not None:
            require_device(self.around.meter.gpu)

    def _require_meter(self) -> None:
        """Raises MeterFailed when the sensor is gone for good: no other job would fare better, and none is begun."""
        with suppress(ReadingMissing):
            self.around.meter.read(RealTimer().now)

    def _measure_in_workload(self, job: Job) -> OutboxResult:
        """Open the workload, measure the job in it, and release what it loaded in any case."""
        self.watch.stage("loading", total=None)
        workload = workloads.open_workload(
            self.around.suite, job, device=self.device, cache_dir=self.config.folders.cache
        )
        try:
            return self._measure_job(workload, job)
        finally:
            workload.finish()

    def _measure_job(self, workload: Workload, job: Job) -> OutboxResult:
        """Load, ticket, measure, score, sign, keep. The ticket comes last: its time runs."""
        suite = self.around.suite
        with workloads.crashes_named(job.key):
            loaded = workload.load()
        pinned = suite.weights_sha256(job.model)
        if loaded.weights_sha256 != pinned:
            raise workloads.WorkloadError(
                _(
                    "The weights of {model} are not those of the suite ({weights_sha256}, expected "
                    "{pinned}). Install the version that the suite pins."
                ).format(model=job.model, weights_sha256=loaded.weights_sha256[:16], pinned=pinned[:16])
            )
        with workloads.crashes_named(job.key):
            workloads.require_known_answers(workload, suite.known_answers(job.key), what=job.key)
        nonce = new_nonce()
        ticket = None if self.link is None else self.link.ticket(self._ticket_request(job))
        seed = offline_seed(nonce) if ticket is None else ticket.sample_seed
        sample = suite.sample(job.dataset, seed, suite.queries_per_window(job.dataset))
        with workloads.crashes_named(job.key):
            queries = workload.queries(sample)
        controls = read_controls(self.around.meter)
        drawn_from = population_of(suite, job, queries, seed=seed)
        control = open_control(
            self.around.meter,
            self.timings,
            device=self.device,
            memory_bytes=self.around.facts.device.memory_bytes,
            seed=seed,
            seconds=self.control_s,
        )
        measured = measure(
            workload,
            queries,
            self.around.meter,
            self._protocol(),
            self.watch,
            timings=self.timings,
            timer=RealTimer(),
            population=None if drawn_from is None else drawn_from.population,
            control=control,
        )
        changed = changed_flags(controls, read_controls(self.around.meter))
        if drawn_from is not None:  # the sample is what ran
            sample = suite.sample(job.dataset, seed, len(measured.outputs))
            queries = queries[: len(measured.outputs)]
        self.watch.stage("scoring", total=None)
        with workloads.crashes_named(job.key):
            quality = tuple(workload.quality(queries, measured.outputs))
            not_scored = tuple(workload.missing_quality(queries, measured.outputs))
        peak_bytes = workload.peak_memory_bytes()
        story = Story(
            job=job,
            nonce=nonce,
            ticket=ticket,
            sample=sample,
            loaded=loaded,
            measured=measured,
            quality=quality,
            not_scored=not_scored,
            inputs_sha256=(
                workloads.inputs_sha256(queries) if drawn_from is None else drawn_from.content_sha256
            ),
            peak_memory_bytes=peak_bytes if control is None else control.peak_beside(peak_bytes),
            controls=controls,
            flags=changed,
        )
        return self.outbox.keep(signed_bundle(self.around, story))

    def _protocol(self) -> Protocol:
        """The suite's protocol; where less time is left than it gives a job, that much."""
        protocol, left_s = self.around.suite.protocol, self.budget.left_s()
        return (
            protocol if left_s is None else structs.replace(protocol, budget_s=min(protocol.budget_s, left_s))
        )

    def _sent(self, done: Done) -> Done:
        """The finished job of the report, sent unless it was before or nothing is to be sent."""
        self._send([done], waits=False)
        return self.report.of(done.key)

    def _send_rest(self) -> None:
        """Nothing is left to measure: what could not be sent on the way is, as soon as the platform takes it."""
        rest = [done for done in self.report.done if is_waiting(done)]
        if rest and self.link is not None and self.key is not None:
            self.watch.stage("sending", total=None)
            self._send(rest, waits=True)

    def _send(self, finished: list[Done], *, waits: bool) -> None:
        """Send what waits of these jobs, and put into the report what became of it."""
        waiting = {done.result.digest: done for done in finished if done.result.state == "waiting"}
        if self.link is None or self.key is None or not waiting:
            return
        results = [done.result for done in waiting.values()]
        for delivery in self.link.send(self.outbox, results, self.key, waits=waits):
            self.report.replace(with_delivery(waiting[delivery.result.digest], delivery))

    def _ticket_request(self, job: Job) -> Callable[[], Envelope]:
        def make() -> Envelope:
            request = TicketRequest(
                audience=self.around.origin,
                issued_at=datetime.now(UTC),
                nonce=new_nonce(),
                suite=suite_ref(self.around.suite),
                task=job.task,
                dataset=job.dataset,
                model=job.model,
                device_tag=self.around.facts.device.tag,
            )
            return seal(encode(request), payload_type=TICKET_REQUEST_TYPE, key=self.around.identity.key)

        return make


def _done_in_words(done: Done) -> str:
    facts = _("{key}: {energy}.").format(
        key=done.key, energy=own_energy_words(done.result.bundle.statement().predicate)
    )
    if done.delivery is None:
        return " ".join([facts, _("Stored as {digest}, not sent.").format(digest=done.result.digest[:16])])
    if done.delivery.how == "sent":
        place_sentence = _("Stored as {digest}, received by the platform.").format(
            digest=done.result.digest[:16]
        )
        return " ".join([facts, place_sentence])
    place_sentence = _("Stored as {digest}, {state}: {sentence}").format(
        digest=done.result.digest[:16],
        state=_(done.delivery.how),
        sentence=refusal_in_words(done.delivery.code or "", done.delivery.sentence or ""),
    )
    return " ".join([facts, place_sentence])
