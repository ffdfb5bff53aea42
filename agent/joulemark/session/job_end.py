"""What a volunteer is told when a job has ended: what the rules say, the verdict, and how the result compares.

And whether the plan should go on: where the next job would be found the same, going on burns an evening.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from msgspec import structs

from joulemark.errors import Refused, Unreachable
from joulemark.platform_words import finding_in_words
from joulemark.record import bundle as bundles
from joulemark.record.errors import RecordError
from joulemark.record.messages import UNJUDGED
from joulemark.record.trace import parse
from joulemark.rules.advice import what_to_do
from joulemark.rules.causes import FLAGS_RULE, FoundUnfit, mend_of, recurring
from joulemark.rules.completeness import DIRTY
from joulemark.rules.finding import Severity
from joulemark.session import verdicts
from joulemark.session.comparison import comparison_sentence
from joulemark.session.home_rules import TRIPS, judge_at_home, unfit
from joulemark.session.report import NextJob, Stopped
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from joulemark.outbox import Outbox
    from joulemark.record.messages import NeededJob, ResultStanding
    from joulemark.session.progress import Watch
    from joulemark.session.report import Done, RunReport
    from joulemark.session.verdicts import Verdicts
    from joulemark.suite import Suite

NOT_OFFERED = 404
MOST_CAUGHT_UP = 3
"""Earlier results without a verdict that are asked about again when a job ends, the latest first."""
MOST_AT_THE_END = 20
"""The same when the run ends."""

STATES = {
    "received": marked("No verdict yet"),
    "checking": marked("No verdict yet"),
    "accepted": marked("Accepted"),
    "quarantined": marked("Quarantined until a moderator decides"),
    "rejected": marked("Rejected"),
    "withdrawn": marked("Withdrawn"),
}


@dataclass(kw_only=True)
class JobEnd:
    """The ends of the jobs of one run. `verdicts` is None when no platform is to be asked."""

    suite: Suite
    outbox: Outbox
    watch: Watch
    report: RunReport
    verdicts: Verdicts | None
    goes_on: bool
    """Whether the user wants to go on whatever is found (`--force`)."""
    _pending: list[int] = field(default_factory=list)
    _is_slow: bool = False

    def ask_rules(self, done: Done) -> Done:
        """The result with what the rules say at home; a finding that keeps it from counting is told."""
        bundle = done.result.bundle
        try:
            statement, raw = bundles.verified(bundle)
            judgement = judge_at_home(statement, parse(raw), self.suite)
        except (*TRIPS, RecordError) as error:
            self.watch.note(
                _("The rules cannot be applied locally ({name}); a platform still can.").format(
                    name=type(error).__name__
                )
            )
            return done
        for finding in judgement.findings:
            if finding.severity != Severity.FLAG:
                self._tell_finding(finding.code, finding.severity, finding.sentence)
        return replace(done, unfit=unfit(judgement, statement.predicate.flags))

    def ask_platform(self, place: int) -> None:
        """Wait shortly for the verdict on the result at `place` of the report, and tell it; look at earlier ones."""
        self._catch_up(MOST_CAUGHT_UP)
        done = self.report.done[place]
        if self.verdicts is not None and done.result.state == "sent":
            self.watch.stage("waiting for the verdict", total=None)
            standing = self._standing_of(done, within_s=0.0 if self._is_slow else verdicts.WAIT_S)
            if standing is not None:
                self._record_standing(place, standing)
            if standing is None or standing.state in UNJUDGED:
                self._pending.append(place)
                self._is_slow = True
            else:
                self._is_slow = False

    def stop(self) -> Stopped | None:
        """Why no further job should begin; None where the next one may count, or the user goes on all the same."""
        measured = [self._unfit_so_far(done) for done in self.report.done if not done.resumed]
        finding = None if self.goes_on else recurring(measured)
        if finding is None:
            return None
        return Stopped(code=finding.code, sentence=finding.sentence, what_to_do=mend_of(finding))

    def _unfit_so_far(self, done: Done) -> tuple[FoundUnfit, ...] | None:
        """What keeps a result from counting; None while nothing was found at home and a verdict may still come."""
        waits = self.verdicts is not None and (done.standing is None or done.standing.state in UNJUDGED)
        return None if waits and not done.unfit else done.unfit

    def finish(self, runnable: frozenset[str]) -> None:
        """Ask once more about results without a verdict, and what is most useful next. `runnable`: keys of jobs."""
        self._catch_up(MOST_AT_THE_END)
        if self.verdicts is None or all(done.resumed for done in self.report.done):
            return
        try:
            needed = self.verdicts.needed(self.suite.digest)
        except (Refused, Unreachable):
            return  # advice; whoever wants it asks again
        self.report.next_job = _next_job(needed, runnable, {done.key for done in self.report.done})

    def _catch_up(self, most: int) -> None:
        for place in self._pending[-most:]:
            standing = self._standing_of(self.report.done[place], within_s=0.0)
            if standing is not None and standing.state not in UNJUDGED:
                self._pending.remove(place)
                self._is_slow = False
                self.watch.note(f"{self.report.done[place].key}:")
                self._record_standing(place, standing)

    def _standing_of(self, done: Done, *, within_s: float) -> ResultStanding | None:
        if self.verdicts is None:
            return None
        try:
            return self.verdicts.wait_for(done.result.digest, within_s=within_s)
        except Refused as refused:
            if refused.status == NOT_OFFERED:
                self.verdicts = None
                self.watch.note(
                    _(
                        "This platform does not report how results compare; `joulemark status` shows the "
                        "verdict."
                    )
                )
            return None
        except Unreachable:
            return None

    def _record_standing(self, place: int, standing: ResultStanding) -> None:
        """Note a standing beside its result, and tell it."""
        done = self.report.done[place]
        result = self.outbox.annotate(done.result, structs.replace(done.result.note, verdict=standing.state))
        predicate = result.bundle.statement().predicate
        codes_at_home = {finding.code for finding in done.unfit}
        done = replace(done, result=result, standing=standing, unfit=_unfit(done, standing, predicate.flags))
        self.report.done[place] = done
        self.watch.note(f"{_(STATES[standing.state])}: {standing.short_url}")
        for finding in standing.findings:
            if finding.severity != "flag" and finding.code not in codes_at_home:
                self._tell_finding(finding.code, finding.severity, finding.sentence)
        sentence = comparison_sentence(standing, predicate.device.kind)
        if sentence is not None:
            self.watch.note(sentence)

    def _tell_finding(self, code: str, severity: str, sentence: str) -> None:
        parts = [f"{code} ({_(severity)}) {finding_in_words(code, sentence)}"]
        if advice := what_to_do(code):
            parts.append(_("What to do: {advice}.").format(advice=_(advice)))
        self.watch.note(" ".join(parts))


def _unfit(done: Done, standing: ResultStanding, flags: tuple[str, ...]) -> tuple[FoundUnfit, ...]:
    """What keeps a result from counting: the platform's verdict where there is one, else what was found at home."""
    if standing.state in UNJUDGED:
        return done.unfit
    if standing.state == "accepted":
        return ()
    dirty = tuple(flag for flag in flags if flag in DIRTY)
    findings = tuple(
        FoundUnfit(finding.code, finding.sentence, dirty if finding.code == FLAGS_RULE else ())
        for finding in standing.findings
        if finding.severity != "flag"
    )
    return findings or done.unfit


def _next_job(needed: tuple[NeededJob, ...], runnable: frozenset[str], done: set[str]) -> NextJob | None:
    """The most needed job that is not done yet: of those that can run here, else of all."""
    left = [job for job in needed if job.key not in done]
    here = [job for job in left if job.key in runnable]
    best = next(iter(here or left), None)
    return (
        None if best is None else NextJob(key=best.key, contributors=best.contributors, runs_here=bool(here))
    )
