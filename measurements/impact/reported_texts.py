"""Text of reported claims, which come as data, listed for translation; a test says when one is missing here."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

REPORTED_STATEMENTS = (
    _("A median text prompt to Gemini takes 0.24 Wh."),
    _("Of the same prompt the active accelerator alone takes 0.10 Wh."),
    _("Within a year a median prompt to Gemini came to take 33 times less energy and to emit 44 times less."),
    _("An average query to ChatGPT takes 0.34 Wh."),
    _("A typical query to GPT-4o takes 0.3 Wh."),
    _("A query to ChatGPT takes 3 Wh, ten times as much as a web search."),
    _("A short query to GPT-4o takes 0.42 Wh."),
    _("With 10,000 tokens of input a query to GPT-4o takes 2.5 Wh, with 100,000 tokens 40 Wh."),
    _("The models that take the most energy need more than 29 Wh for a long prompt."),
    _("Between language models the energy of one query differs by a factor of 65."),
    _("An answer of 400 tokens from Mistral Large 2 emits 1.14 g of CO2e."),
    _("An answer of 400 tokens from Mistral Large 2 takes 45 mL of water."),
    _("EcoLogits gave 1.43 Wh to an answer of 400 tokens."),
    _("EcoLogits gives 0.022 Wh to the same answer since it changed its method."),
    _("With reasoning switched on a model takes 30 times the energy, on average."),
    _("With reasoning switched on a model takes 100 times the energy, on average."),
    _("1,000 queries to a distilled DeepSeek-R1 take 49.53 Wh without reasoning and 308,186 Wh with it."),
    _("Models that reason emit up to 50 times as much as models that answer concisely."),
    _("The most accurate of 14 models, which reasons, answers 84.9 % of the questions correctly."),
    _("Between tasks of language models the energy of an answer differs by a factor of 25."),
    _("How well the GPU is utilized changes the energy by a factor of 3 to 5."),
    _("With one request at a time 64 GPUs take 25 times the energy for a token that they take with 1,024."),
    _(
        "Of one run the joules per output token are 9 times the joules per token of input and "
        "output together."
    ),
    _("A B200 takes 26.5 % less energy for a token than an H100."),
    _("Quantized with AWQ a model takes 145 % more energy for a token."),
    _("Quantized with AWQ a model takes 47 % less energy for a token."),
    _("In INT8, as its library does it by default, a model takes 17 to 33 % more energy than in FP16."),
    _("In INT8, as its library does it by default, a model takes 80 to 162 % more energy than in FP16."),
    _("In NF4 a model of less than 3 billion parameters takes 25 to 56 % more energy than in FP16."),
    _("Choosing the model by the task would save 27.8 % of the energy of AI."),
    _("One generated video takes more than 100 Wh."),
    _("Between models that generate video the energy differs by a factor of 800."),
    _("CodeCarbon is off by up to 40 % beside a wall meter."),
    _("Generating an image takes more than 1,450 times the energy of classifying a text."),
    _("Generating an image takes about 62 times the energy of generating a text."),
    _(
        "To classify IMDB reviews general-purpose models take 10 to 12 times the energy of task-"
        "specific ones."
    ),
)
"""What is claimed, in our own words."""

REPORTED_LABELS = (
    _("energy"),
    _("emissions"),
    _("10,000 tokens"),
    _("100,000 tokens"),
    _("without reasoning"),
    _("with reasoning"),
)
"""What of, where a claim has several numbers."""

REPORTED_SOURCES = (
    _("Mistral AI, life cycle assessment of Mistral Large 2"),
    _("EcoLogits, before its change of method"),
    _("EcoLogits, after its change of method"),
    _("AI Energy Score, in the press"),
    _("Serial Alice, Alice Benchmark, as its authors announced it"),
    _("Serial Alice, Alice Benchmark, another page"),
    _("EcoCompute, energy of quantized models (doi 10.5281/zenodo.18900289)"),
    _("EcoCompute, its author on more configurations of the same data set"),
)
"""Sources that are not titles of publications."""

REPORTED_UNITS = (
    _("Wh per query"),
    _("Wh per 1,000 queries"),
    _("gCO2e per query"),
    _("mL of water per query"),
    _("times"),
    _("% more energy"),
    _("% less energy"),
    _("% error"),
    _("% right answers"),
)
"""Units of the numbers."""
