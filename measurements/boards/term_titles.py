"""Titles, in the reader's language, of the words that a statement or a verdict may hold by its format.

What is here is closed: a test goes through the types, the rules and the agent's flags, and fails for a word without a
title in each language. A word that is not here is a contributor's own and is quoted as such.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

METERS = {
    "nvml-counter": _("energy counter of the GPU (NVML)"),
    "rapl": _("energy counters of the processor (RAPL)"),
    "cpu-time-estimate": _("processor time and stated watts"),
}
TERMS = {
    "windows": _("spread of the windows"),
    "queries": _("choice of the queries"),
    "edge": _("times of the counter's steps"),
    "idle": _("power at rest"),
    "tail": _("energy that the counter shows after the end"),
    "phase": _("part-time counter"),
    "gain": _("scale of the sensor"),
    "offset": _("zero of the sensor"),
}
ESTIMATORS = {
    "bracket": _("between settled readings"),
    "counter": _("difference of the counter"),
    "power": _("sum of power readings"),
    "average": _("sum of average power"),
}
INTERVALS = {
    "preliminary": _("preliminary"),
    "bootstrap": _("by resampling the contributors"),
}
FLAGS = {
    "foreign-process": _("another program used the GPU"),
    "thermal-slowdown": _("slowed down by heat"),
    "hw-slowdown": _("slowed down by the hardware"),
    "power-brake": _("slowed down by the power supply"),
    "power-capped": _("the power limit was reached"),
    "power-limit-changed": _("the power limit was changed"),
    "counter-went-backwards": _("the counter fell"),
    "missing-reading": _("readings are missing"),
    "not-steady": _("the speed was not steady"),
    "idle-drift": _("power at rest differs before and after"),
    "mig": _("a slice of a GPU"),
    "counters-disagree": _("counter and power disagree"),
    "foreign-cpu": _("other programs used the processor that was measured"),
    "foreign-cpu-beside": _("other programs used the processor beside the GPU"),
    "suspended": _("the machine slept"),
    "missing-reading-beside": _("readings beside the GPU are missing"),
    "noisy-machine": _("other programs kept the processor busy"),
    "outputs-vary": _("the same query had different answers"),
}
METRICS = {
    "accuracy": _("accuracy"),
    "answer-accuracy": _("accuracy of the answers"),
    "macro-f1": _("F1, mean over classes"),
    "exact-match": _("exact match"),
    "f1": _("F1"),
    "seqeval-f1": _("F1 of entities (seqeval)"),
    "map": _("mean average precision"),
    "map-50": _("mean average precision at 50 % overlap"),
    "rouge-1": "ROUGE-1",
    "rouge-2": "ROUGE-2",
    "rouge-l": "ROUGE-L",
    "top-1": _("first guess right"),
    "top-5": _("one of five guesses right"),
}
SEVERITIES = {
    "reject": _("rejects"),
    "quarantine": _("quarantines"),
    "flag": _("flags"),
}
RULES = {
    "JM-KEY-UNKNOWN": _("The key is enrolled"),
    "JM-KEY-REVOKED": _("The key is not revoked"),
    "JM-AUDIENCE": _("Signed for this platform"),
    "JM-TRACE-REUSED": _("The trace is new"),
    "JM-TIMES": _("The times are possible"),
    "JM-CLOCK-SKEW": _("The clock is right"),
    "JM-TICKET-NONE": _("The run was announced"),
    "JM-TICKET-OTHER": _("The ticket fits the run"),
    "JM-TICKET-LATE": _("The run fits the ticket's time"),
    "JM-BEST-OF": _("Runs are reported"),
    "JM-DEVICE-SHARED": _("The device is reported by one"),
    "JM-SUITE-UNKNOWN": _("The suite is known"),
    "JM-JOB-UNKNOWN": _("The job is in the suite"),
    "JM-REVISION": _("Data and weights are the pinned ones"),
    "JM-CONFIG": _("The configuration is one of the suite's"),
    "JM-SAMPLE": _("The queries are the seeded sample"),
    "JM-POPULATION": _("Parts are parts of the suite's queries"),
    "JM-PART-SIZES": _("The queries that ran are like the others"),
    "JM-INPUTS": _("The model was given the same"),
    "JM-ANSWERS": _("Every query has its answer"),
    "JM-TOKENS": _("Answers are as long as asked"),
    "JM-KNOWN-ANSWERS": _("Known answers are right"),
    "JM-OUTPUTS": _("Answers are those of others"),
    "JM-WINDOWS-FEW": _("There are enough windows"),
    "JM-WINDOWS-SHORT": _("Windows are as long as the suite says"),
    "JM-SENSOR": _("Meter, unit and grade agree"),
    "JM-TRACE-GAPS": _("The trace covers the run"),
    "JM-SPANS": _("Nothing is counted twice"),
    "JM-LATENCY": _("Queries fit their window"),
    "JM-LATENCY-SUM": _("Latencies fill their window"),
    "JM-WINDOWS": _("Windows are those of the trace"),
    "JM-TOTALS": _("Totals are those of the trace"),
    "JM-UNCERTAINTY": _("Uncertainty is that of the trace"),
    "JM-REST": _("Rests are rests"),
    "JM-TIMING": _("Timing fits the trace"),
    "JM-GAUGES": _("The device's state was read"),
    "JM-FLAGS": _("Flags are stated"),
    "JM-ENERGY-ZERO": _("Energies are finite and positive"),
    "JM-POWER-HIGH": _("Power is below the limit"),
    "JM-POWER-LOW": _("Power is above idle"),
    "JM-IDLE-NONE": _("Rest was measured too"),
    "JM-DEVICE-UNKNOWN": _("The GPU's model is known"),
    "JM-DEVICE": _("The GPU is what it says"),
    "JM-IDLE-RANGE": _("It rests as its kind does"),
    "JM-MEMORY": _("The model was in memory"),
    "JM-ROOFLINE": _("No faster than the hardware"),
    "JM-NOISE": _("Numbers have noise"),
    "JM-CONSTANT": _("Sensors sense"),
    "JM-COHERENT": _("States fit the load"),
    "JM-COUNTER-POWER": _("Counter and power agree"),
    "JM-ABSENT": _("What is null says why"),
    "JM-QUALITY": _("Quality is stated"),
    "JM-QUALITY-BAND": _("Quality is that of others"),
    "JM-TEXT": _("Words are what they seem"),
    "JM-DIRTY": _("The run is clean"),
    "JM-RUN-LENGTH": _("The run's clock went on"),
    "JM-JUDGE-FAILED": _("The rules could be applied"),
}
"""What each rule asks for; a finding under its code says that it is not so."""
