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
    "queries": _("sampling of the queries"),
    "edge": _("timing of the counter's steps"),
    "idle": _("power at rest"),
    "tail": _("energy counted after the end"),
    "phase": _("part-time counter"),
    "gain": _("gain of the sensor"),
    "offset": _("offset of the sensor"),
}
ESTIMATORS = {
    "bracket": _("between settled readings"),
    "counter": _("difference of the counter"),
    "derivative": _("slope of the counter"),
    "power": _("sum of power readings"),
    "average": _("sum of average power"),
}
PHASES = {
    "idle-before": _("idle before the windows"),
    "warm-up": _("warm-up"),
    "control": _("control kernel"),
    "window": _("windows"),
    "rest": _("rests"),
    "idle-after": _("idle after the windows"),
}
FLAGS = {
    "foreign-process": _("another program used the GPU"),
    "thermal-slowdown": _("thermal slowdown"),
    "hw-slowdown": _("hardware slowdown"),
    "power-brake": _("power brake slowdown"),
    "power-capped": _("the power limit was reached"),
    "power-limit-changed": _("the power limit was changed"),
    "power-controls-changed": _("power profile, smoothing or clocks were changed"),
    "board-limited": _("clocks limited by the board"),
    "reliability-limited": _("clocks limited for reliability"),
    "unknown-clock-reason": _("clocks limited for an unknown reason"),
    "counter-went-backwards": _("the counter decreased"),
    "missing-reading": _("readings are missing"),
    "not-steady": _("the throughput was not steady"),
    "idle-drift": _("power at rest differs before and after"),
    "mig": _("a slice of a GPU"),
    "counters-disagree": _("estimators of the energy disagree"),
    "foreign-cpu": _("other programs used the processor that was measured"),
    "foreign-cpu-beside": _("other programs used the processor beside the GPU"),
    "suspended": _("the machine was suspended"),
    "missing-reading-beside": _("readings beside the GPU are missing"),
    "noisy-machine": _("other programs kept the processor busy"),
    "outputs-vary": _("answers to the same query differ"),
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
    "word-error-rate": _("word error rate"),
    "chrf": "chrF",
    "bleu": "BLEU",
    "ndcg-10": _("nDCG over the first ten"),
    "top-1": _("first guess correct"),
    "top-5": _("one of five guesses correct"),
}
SCOPES = {
    "gpu": _("GPU board"),
    "gpu+cpu": _("GPU and CPU"),
    "gpu+cpu+dram": _("GPU, CPU and memory"),
    "cpu": _("CPU"),
    "cpu+dram": _("CPU and memory"),
    "node": _("whole node"),
    "wall": _("whole machine at its plug"),
    "modelled": _("modelled, nothing measured"),
    "node-gpus": _("all GPUs of a node"),
    "node-cpus": _("processors of a node"),
    "node-dram": _("memory of a node"),
    "node over node-gpus": _("whole node over its GPUs"),
    "not-stated": _("scope not stated"),
}
NOT_SCORED = {
    "no-references": _("the data set has no reference answers"),
    "labels-unknown": _("what the labels of one side mean is not known"),
    "labels-do-not-meet": _("the model cannot name most of the classes of the data set"),
    "needs-a-corpus": _("needs the references of a whole corpus"),
    "needs-another-model": _("needs a second model"),
    "open-ended": _("an open question has no one right answer"),
    "not-a-number": _("its library gave no number"),
}
NOT_A_RULE = {
    "JM-JUDGE-FAILED": _("The rules could be applied"),
}
"""Codes of findings that no rule makes. The title of a rule is written beside its function, in `joulemark.rules`."""
