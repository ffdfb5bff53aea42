"""Where the cause of a finding lies: in one job, or in conditions that all jobs of a run share.

A volunteer's evening is wasted if each of its results is quarantined for one reason that was present from the first
job. A run therefore looks up here whether the next job would get the same finding.

A cause is *lasting* if only a person can end it during a run: a slice of a GPU, a revoked key. It is *passing* if it
lies in the machine and may end before the next job: another program on the GPU, heat, a sleep. One such result says
little about the next; two in a row suffice. Everything else lies in the *job*: its model, its data, or chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Cause = Literal["job", "passing", "lasting"]

OF_RULES: Mapping[str, Cause] = {
    "JM-KEY-UNKNOWN": "lasting",
    "JM-KEY-REVOKED": "lasting",
    "JM-AUDIENCE": "lasting",
    "JM-TRACE-REUSED": "job",
    "JM-TIMES": "passing",
    "JM-RUN-LENGTH": "passing",
    "JM-CLOCK-SKEW": "lasting",
    "JM-TICKET-NONE": "lasting",
    "JM-TICKET-OTHER": "job",
    "JM-TICKET-LATE": "job",
    "JM-BEST-OF": "job",
    "JM-DEVICE-SHARED": "lasting",
    "JM-SUITE-UNKNOWN": "lasting",
    "JM-JOB-UNKNOWN": "job",
    "JM-REVISION": "job",
    "JM-CONFIG": "job",
    "JM-SAMPLE": "job",
    "JM-INPUTS": "job",
    "JM-ANSWERS": "job",
    "JM-TOKENS": "job",
    "JM-KNOWN-ANSWERS": "job",
    "JM-OUTPUTS": "job",
    "JM-WINDOWS-FEW": "job",
    "JM-WINDOWS-SHORT": "job",
    "JM-POPULATION": "job",
    "JM-PART-SIZES": "job",
    "JM-SENSOR": "lasting",
    "JM-CPU-TIME": "lasting",
    "JM-TRACE-GAPS": "job",
    "JM-SPANS": "job",
    "JM-LATENCY": "job",
    "JM-LATENCY-SUM": "job",
    "JM-WINDOWS": "passing",
    "JM-TOTALS": "passing",
    "JM-UNCERTAINTY": "passing",
    "JM-REST": "passing",
    "JM-TIMING": "passing",
    "JM-GAUGES": "passing",
    "JM-FLAGS": "passing",
    "JM-ENERGY-ZERO": "job",
    "JM-POWER-HIGH": "job",
    "JM-POWER-LOW": "job",
    "JM-IDLE-NONE": "job",
    "JM-DEVICE-UNKNOWN": "lasting",
    "JM-DEVICE": "lasting",
    "JM-IDLE-RANGE": "passing",
    "JM-MEMORY": "job",
    "JM-ROOFLINE": "job",
    "JM-NOISE": "passing",
    "JM-CONSTANT": "passing",
    "JM-COHERENT": "passing",
    "JM-COUNTER-POWER": "passing",
    "JM-ESTIMATORS": "passing",
    "JM-CONTROL-ANSWERS": "passing",
    "JM-CONTROL-ENERGY": "passing",
    "JM-CONTROL-DRIFT": "passing",
    "JM-CONTROL-NONE": "passing",
    "JM-CONTROL-BAND": "passing",
    "JM-ABSENT": "passing",
    "JM-QUALITY": "job",
    "JM-QUALITY-BAND": "job",
    "JM-TEXT": "passing",
}
"""By code. JM-DIRTY is not here: its cause is that of the flag. A total that an older agent computes differently is
`passing`, since the cause may be one job's numbers or the version of the agent."""

OF_FLAGS: Mapping[str, Cause] = {
    "foreign-process": "passing",
    "thermal-slowdown": "passing",
    "hw-slowdown": "passing",
    "power-brake": "passing",
    "power-limit-changed": "passing",
    "power-controls-changed": "passing",
    "counters-disagree": "passing",
    "foreign-cpu": "passing",
    "suspended": "passing",
    "mig": "lasting",
    "noisy-machine": "lasting",
    "counter-went-backwards": "job",
    "missing-reading": "job",
    "not-steady": "job",
    "idle-drift": "job",
    "power-capped": "job",
    "foreign-cpu-beside": "job",
    "missing-reading-beside": "job",
    "outputs-vary": "job",
    "board-limited": "job",
    "reliability-limited": "job",
    "unknown-clock-reason": "job",
}
"""By flag. The last seven do not make a run unfit."""

FLAGS_RULE = "JM-DIRTY"
MENDS: Mapping[str, str] = {
    "foreign-process": "End the other program on the GPU: `nvidia-smi` names it",
    "thermal-slowdown": "Let the GPU cool down; check its fans and the room temperature",
    "hw-slowdown": "Check `nvidia-smi -q -d PERFORMANCE`: the board is throttling itself",
    "power-brake": "Check the machine's power supply: it signalled the GPU to slow down",
    "power-limit-changed": "Stop what changes the power limit: `nvidia-smi -q -d POWER` shows it",
    "power-controls-changed": "Stop what changes the power settings of the GPU: `nvidia-smi -q -d POWER` shows them",
    "counters-disagree": "Reinstall the NVIDIA driver",
    "foreign-cpu": "End the other programs that keep the processor busy",
    "suspended": "Keep the machine awake: `systemd-inhibit joulemark run`",
    "mig": "Turn MIG off: `sudo nvidia-smi -mig 0`",
    "noisy-machine": "Fix what `joulemark doctor` reports, and run without `--force`",
}
"""The remedy for each flag whose cause lies in the machine."""


class FoundUnfit(NamedTuple):
    """A finding that prevents a result from counting. `flags` are those that it names, if it is about flags."""

    code: str
    sentence: str
    flags: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names that are compared from job to job: the code, or each flag if the code is that of all flags."""
        return frozenset(self.flags) if self.code == FLAGS_RULE else frozenset({self.code})


def cause_of(name: str) -> Cause:
    """The cause of a rule's code or of a flag; `job` for an unknown one."""
    return OF_FLAGS.get(name) or OF_RULES.get(name, "job")


def recurring(results: Sequence[Iterable[FoundUnfit] | None]) -> FoundUnfit | None:
    """The finding of the latest result that the next job would get too; None if that is not certain.

    `results` has, in the order of measuring, the findings that prevent each of the run's results from counting: none
    for one that may count, None for one that has no verdict yet, which is skipped. A lasting cause is certain at once,
    a passing one if the result before had the same finding.
    """
    judged = [list(findings) for findings in results if findings is not None]
    if not judged:
        return None
    names_before = {name for findings in judged[-2:-1] for finding in findings for name in finding.names}
    for finding in judged[-1]:
        for name in sorted(finding.names):
            cause = cause_of(name)
            if cause == "lasting" or (cause == "passing" and name in names_before):
                return finding
    return None


def mend_of(finding: FoundUnfit) -> str | None:
    """The remedy: of each flag by its name, else the rule's advice; None if there is neither."""
    from joulemark.rules.advice import what_to_do

    of_flags = [_(MENDS[name]) for name in sorted(finding.names) if name in MENDS]
    if of_flags:
        return "; ".join(of_flags)
    advice = what_to_do(finding.code)
    return None if advice is None else _(advice)
