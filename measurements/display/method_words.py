"""What the closed words of results mean, a sentence each: estimators, terms of the budget, tiers, flags.

Their titles are in `term_titles` and `choices`; a test says when one of them has no sentence here.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ESTIMATOR_MEANINGS = {
    "bracket": _(
        "The headline. The difference between settled readings of the counter in the rests around a window, less the "
        "energy that the device drew at rest between those readings and the window."
    ),
    "counter": _("The difference of the counter at the edges of the window, as most programs compute it."),
    "derivative": _("The counter's changes as power, integrated over the window; needs no power at rest."),
    "power": _("Instantaneous power readings, each taken to last since the one before it."),
    "average": _("The mean of averaged power readings times the duration, for windows of 10 s or more."),
}
TERM_MEANINGS = {
    "windows": _("How far the energies of the windows lie apart."),
    "queries": _("Which queries were drawn, where a suite runs only parts of them."),
    "edge": _("When exactly the counter stepped, between two readings."),
    "idle": _("How well the power at rest is known that is subtracted around a window."),
    "tail": _("Power above rest after a window, which a slow counter and a slow device show alike."),
    "phase": _("What a counter that sees only a part of the time may have missed."),
    "gain": _("By how many per cent the sensor may read too high or too low."),
    "offset": _("By how many watts the sensor may read too high or too low."),
}
TIER_MEANINGS = {
    "single source": _("One contributor or one device. The value has no interval and no rank."),
    "several sources": _(
        "Two contributors or more on different devices, of whom no two announced runs agree."
    ),
    "replicated": _("Two contributors on two devices agree, with runs that were announced beforehand."),
    "established": _(
        "Three contributors on three devices agree, and the interval between them is within 10 %."
    ),
}
FLAG_MEANINGS = {
    "foreign-process": _("Its energy cannot be told from the model's."),
    "thermal-slowdown": _("The clocks were reduced because the card was too hot."),
    "hw-slowdown": _("The card's hardware reduced the clocks, as for heat or power."),
    "power-brake": _("The power supply asked the card to reduce its power."),
    "power-capped": _("The card worked at its power limit, as many do at full load."),
    "power-limit-changed": _("The limit was another at the end than at the start, by more than 1 W."),
    "power-controls-changed": _("Such settings change the energy of a query, and the run has two of them."),
    "board-limited": _("The card's firmware reduced the clocks for the board's sake."),
    "reliability-limited": _("The card's firmware reduced the clocks for the sake of its reliability."),
    "unknown-clock-reason": _("The driver names a reason that this version does not know."),
    "counter-went-backwards": _("Differences of such a counter mean nothing."),
    "missing-reading": _("A reading failed, or the counter was not read for a second."),
    "not-steady": _("The warm-up did not become steady within the time that the suite allows."),
    "idle-drift": _("The power at rest before and after the windows differs by more than 5 %."),
    "mig": _("The counter counts the whole card, and the model had a part of it."),
    "counters-disagree": _("They differ by more than the interval that they leave open together."),
    "foreign-cpu": _("More than a tenth of the processor time in the windows was theirs."),
    "foreign-cpu-beside": _("The energy of the processor, which stands beside the GPU's, includes theirs."),
    "suspended": _("The machine slept in a window, in a rest or while idle."),
    "missing-reading-beside": _("The energies beside the GPU's are incomplete; the GPU's is not."),
    "noisy-machine": _("The check before the run failed, and its owner measured anyway."),
    "outputs-vary": _("The model gave another answer when the same query ran again."),
}
SCOPE_MEANINGS = {
    "gpu": _("The whole board of the GPU, by its own counter: chip, memory, fans and converters on it."),
    "cpu": _("The package of the processor, by its counters or as an estimate from processor time."),
    "dram": _("The memory modules, where the processor counts them."),
    "node": _("A whole computer with all of its GPUs, as the published study counts it."),
    "wall": _("A whole computer at its plug, with the loss of its power supply; in series of others alone."),
    "modelled": _("Nothing: the number was computed. In series of others alone."),
}
