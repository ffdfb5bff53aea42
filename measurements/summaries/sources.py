"""What answers about summaries are made of."""

from measurements.answer_cache.sources import source
from measurements.summaries.models import CountedVerdicts, PowerCurve, RuleCount

POWER_CURVES = source(referenced=[PowerCurve])
"""The power over the time of runs. A new row shows what the page that stores it shows; one that waited is updated."""

RULE_COUNTS = source(CountedVerdicts, RuleCount)
"""How often rules fired."""
