"""Text that comes as data (titles, and what the study says of its figures), listed for translation.

A text that is not listed is shown as it stands; a test says when the data has one that is missing here.
"""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

TITLES = (
    _("Published study, 2024"),
    _("Text classification (sentiment)"),
    _("Extractive question answering"),
    _("Masked language modeling"),
    _("Token classification"),
    _("Image classification"),
    _("Object detection"),
    _("Text generation"),
    _("Summarization"),
    _("Image captioning"),
    _("Image generation"),
    _("Speech recognition"),
    _("Translation"),
    _("Text embedding (retrieval)"),
    _("Text classification"),
    _("Hundred sentences by topic"),
    _("Hundred sentences by sentiment"),
    _("Six photographs, each in four views"),
    _("Twenty-four questions with a known answer"),
    _("Sixteen short reports with a summary"),
    _("IMDB reviews"),
    _("Stable Diffusion Prompts"),
    _("FineWeb (for OSCAR)"),
    _("Imagenette (for ImageNet-1k)"),
    _("TinyStories (for BookCorpus)"),
    _("CNN/Daily Mail, whole articles"),
    _("COCO captions 2017"),
    _("WMT24++ English to German"),
    _("8 × NVIDIA A100-SXM4-80GB"),  # noqa: RUF001 - the sign of multiplication is meant
    _("Demo: real small models, no GPU and no network needed"),
    _("The protocol of the 2024 study: 10 tasks, 30 data sets, 88 models"),
    _("a100-2024 from parts of its queries, for an evening"),
    _("Open data sets in place of the gated and script ones of a100-2024"),
    _("One small model and one data set for each task of a100-2024"),
    _("Today's models: task-specific and general-purpose on the same inputs"),
    _("tasks-2026 asked of models that reason before they answer"),
    _("The smallest models of tasks-2026 on each of its tasks"),
)
"""Titles of tasks, data sets, hardware, suites and the published study."""

STUDY_TEXTS = (
    _("The authors' CodeCarbon logs, run by run"),
    _("Means over the same logs"),
    _("tasks.csv, columns without paper_"),
    _("Tables 2, 3, 5 and 6 of the article, version 3"),
    _("The authors' measurement scripts and parameter list"),
    _("The authors' eval/performance.csv"),
    _(
        "The 'query model' row of each completed run was read. Mean, sample standard deviation (n"
        " - 1), smallest and largest are over those rows; components, emissions and duration are "
        "means. Models that were logged but are in none of the article's tables were left out."
    ),
    _(
        "Mean of the completed runs' 'query model' rows per model and per model and data set, "
        "kept to a millionth of a kWh. The spread between runs was not kept. For one data set "
        "only the total energy was kept; its number of runs is the protocol's ten, a third of the"
        " model's thirty. CPU, RAM and duration were not kept for the general-purpose models."
    ),
    _(
        "Mean, standard deviation and median over the 240 runs (8 models, 3 data sets, 10 runs) "
        "of a task; the logs again. Components, emissions and duration are means over the same "
        "runs."
    ),
    _(
        "Columns named paper_ are as printed: task means from table 2, general-purpose models "
        "from table 3. The training list is table 5; in_paper says whether table 6 names the "
        "model."
    ),
    _(
        "datasets.csv names the script that reads the data set. Parameter counts are those of "
        "data/model_parameters.csv; three BLOOMz counts are rounded there (parameters_exact is "
        "false)."
    ),
    _(
        "Fractions of 1, copied for the models in models.csv and rounded to six decimals; table 7"
        " of the article rounds them further."
    ),
    _(
        "A figure is the energy of a whole eight-GPU node while one GPU worked: the idle draw of "
        "the other seven is in it. It cannot be compared with the energy of one board."
    ),
    _(
        # xgettext:no-python-format  # noqa: ERA001 - a word to the tool that collects texts
        "Only the GPUs were metered. The CPU is a constant 42.5 W and the memory a model of 430.8"
        " W (0.375 W a gigabyte); the GPUs are 52 to 60 % of a task's mean."
    ),
    _(
        "The article states 297.6 gCO2e/kWh, but its grams follow from 138.75 gCO2e/kWh (Oregon) "
        "in nearly every logged row. Recompute emissions from the energy."
    ),
    _(
        "The printed total of 754.66 kWh is GPU energy alone; the printed 178.97 kg belongs to "
        "1,290 kWh of GPU, CPU and memory."
    ),
    _(
        "Three of the eight token-classification models in table 6 are not those behind the "
        "task's mean in table 2. The tables here follow the mean; the other three are listed "
        "under paper_only_models, with runs whose data set was not recorded."
    ),
    _(
        "Inputs of the general-purpose runs were cut to 50 words, as their recorded lengths show;"
        " those of the task-specific sentiment and summarization runs very probably too, as their"
        " durations do not grow with the text. The published scripts show no cut, so this is an "
        "inference."
    ),
    _(
        "Printed values have few digits, and some are cut rather than rounded: extractive QA "
        "deviates by 0.001 in print and 0.00155 recomputed, object detection by 0.02 and 0.027, "
        "and Flan-T5-base has 0.026 and 0.0265."
    ),
    _(
        "The article's ratio of more than 1,450 between image generation and text classification "
        "divides the printed means (2.907 and 0.002). With the unrounded means of the same runs "
        "it is 1,268."
    ),
    _(
        "The article's example of a frugal text model, distilbert-base-uncased (0.25 g per 1,000 "
        "queries), is a masked language model and does not stand for text generation."
    ),
)
"""Where the study's figures come from, and what to know before using one."""


def translated(text: str) -> str:
    """`text` in the reader's language, or as it stands when nobody has translated it."""
    return gettext(text) if text else ""
