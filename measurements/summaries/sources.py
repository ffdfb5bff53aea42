"""What answers about summaries are made of."""

from measurements.answer_cache.sources import source
from measurements.summaries.models import CountedVerdicts, PowerCurve, RuleCount

POWER_CURVES = source(PowerCurve)
"""The power over the time of runs."""

RULE_COUNTS = source(CountedVerdicts, RuleCount)
"""How often rules fired."""
