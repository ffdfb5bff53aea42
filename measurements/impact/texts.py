"""Text of the impact room that comes as data, listed for translation: claims, units, everyday quantities, places.

A text that is not listed is shown as it stands; a test says when the data has one that is missing here.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

CLAIM_TEXTS = (
    _("Making 1,000 images with the least efficient model takes 11.49 kWh."),
    _(
        "Mean over the runs of stable-diffusion-xl-base-1.0: {found} kWh; the printed number is its worst"
        " run ({worst} kWh). The mean over all eight models is {task} kWh."
    ),
    _("Making 1,000 images with the least efficient model takes as much energy as charging 950 smartphones."),
    _(
        "Mean over the runs of the least efficient model, at {charge} kWh a charge: {found}; in its worst"
        " run {worst}. A mean model makes it {task}."
    ),
    _("Making 1,000 images with the least efficient model takes as much energy as charging 522 smartphones."),
    _(
        "Mean over the runs of the least efficient model, at {charge} kWh a charge: {found}; in its worst"
        " run {worst}. A mean model makes it {task}, which is {per_charge} images a charge."
    ),
    _("Making one image takes as much energy as charging a smartphone."),
    _(
        "A mean model takes {found} of a charge at {charge} kWh, as was counted when it was first said. "
        "It belongs to the least efficient of eight models ({least_efficient}); at today's {charge_now} "
        "kWh even that is {least_efficient_now}."
    ),
    _("1,000 images of stable-diffusion-xl-base-1.0 emit 1,594 g of CO2e."),
    _(
        "Mean over its runs, at the intensity that the article used: {found} g; the printed number is the"
        " worst run again ({worst} g). At the intensity that the article states that run would make "
        "{at_stated} g."
    ),
    _("1,000 images of the most carbon-hungry model are as much as 4.1 miles in an average petrol car."),
    _(
        "1,000 images of the least efficient model, mean over its runs, at {mile} g a mile: {found} "
        "miles; in its worst run {worst}."
    ),
    _("1,000 images of the most carbon-hungry model are as much as 6.6 km in an average petrol car."),
    _(
        "Mean over the runs of the least efficient model: {found} km, in its worst run {worst} km; "
        "{stated} km is the rounded number of miles, turned into kilometres."
    ),
    _(
        # xgettext:no-python-format  # noqa: ERA001 - a word to the tool that collects texts
        "1,000 texts from the least energy-hungry text generation model take 16 % of a smartphone charge."
    ),
    _(
        # xgettext:no-python-format  # noqa: ERA001 - a word to the tool that collects texts
        "It belongs to distilbert-base-uncased, a masked language model, which fills a gap and writes no "
        "text. The least energy-hungry text generation model, distilgpt2, takes {least_kwh} kWh, {found} "
        "% of a charge."
    ),
    _(
        "1,000 texts from the least carbon-hungry text generation model are as much as 0.0006 miles in a "
        "petrol car."
    ),
    _(
        "It belongs to distilbert-base-uncased, a masked language model ({masked_grams} g). The least of "
        "text generation, distilgpt2, makes {found} miles, and a mean model {mean} miles."
    ),
    _("The most carbon-hungry image model emits 6,833 times as much as the least carbon-hungry text model."),
    _(
        "Mean over the runs of the image model over the masked language model: {found}, in its worst run "
        "{worst}. The printed number is the quotient of the two printed distances, both rounded. Over the"
        " least energy-hungry text generation model it is {over_generation}."
    ),
    _("Writing 1,000 texts takes 0.047 kWh on average."),
    _(
        "Mean over eight models, ten new tokens a text. It is {charges_old} smartphone charges at "
        "{charge_old} kWh, or {charges} at {charge} kWh. The models lie between {least} and {most} kWh."
    ),
    _("Generating images takes more than 1,450 times the energy of classifying text."),
    _(
        "With the unrounded means of the same runs it is {found}; the printed means, {image_printed} and "
        "{text_printed} kWh, make {printed}, because the smaller one has a single digit."
    ),
    _("Generating images takes about 62 times the energy of generating text."),
    _("Mean over the eight models of either task, in queries: an image against ten tokens."),
    _("On IMDB reviews general-purpose models use 10 to 12 times the energy of task-specific ones."),
    _(
        "Flan-T5 {found}, BLOOMz {found_2}: mean over a family's four models over the mean of the eight "
        "task-specific ones. On all three data sets together: {whole}."
    ),
    _("On SciQ general-purpose models use 10 to 15 times the energy of task-specific ones."),
    _(
        "BLOOMz {found}, Flan-T5 {found_2}: mean over a family's four models over the mean of the eight "
        "task-specific ones. On all three data sets together: {whole}."
    ),
    _("On CNN/Daily Mail general-purpose models use 2 to 4 times the energy of task-specific ones."),
    _(
        "1,000 questions emit 0.70 g with a task-specific model, 2.36 g with Flan-T5-base and 2.34 g with"
        " BLOOMz-560M."
    ),
    _(
        "Recomputed: {found}, {found_2} and {found_3} g, at the intensity that the article used. The "
        "first is the larger of the task-specific kinds, bert-large; the last is cut and not rounded."
    ),
    _(
        "Classifying 1,000 texts emits 0.32 g with a task-specific model, 2.66 g with Flan-T5-XL and 4.67"
        " g with BLOOMz-7B."
    ),
    _(
        "Recomputed: {found}, {found_2} and {found_3} g, at the intensity that the article used; the "
        "first is cut and not rounded."
    ),
    _("The study gives a web search 0.3 Wh."),
    _(
        "The study measured no search: {google} Wh is Google's figure of 2009. It is for one search and "
        "must be set beside one query: text generation takes {text} Wh a query, an image {image} Wh."
    ),
    _("The study gives a web search 0.0003 miles in a petrol car."),
    _(
        "The study measured no search. Google's {search} Wh at the average intensity of the United States"
        " makes {us_grid} miles, its own {grams} g a search {google_grams} miles. The distance that "
        "stands beside it in such lists is for 1,000 queries; one of them makes {masked_one} miles."
    ),
    _("A text from a language model takes ten times the energy of a web search."),
    _(
        "In the study a generated text of ten tokens takes {found} of a search of 2009. Generating an "
        "image takes {image}. Longer answers of larger models take more; the study has none."
    ),
    _("All measurements of the study together took 754.66 kWh."),
    _(
        "{gpu} kWh is the energy of the GPUs alone. With processors and memory, which the printed "
        "emissions include, it is {found} kWh."
    ),
    _("All measurements of the study together emitted 178.97 kg of CO2e."),
    _(
        "From the logs: {found} kg, which is {intensity} g/kWh over all of the energy. Divided by the "
        "printed energy, which is the GPUs' alone, it would seem {wrong} g/kWh."
    ),
    _("The study's grams are those of a grid with 297.6 gCO2e/kWh."),
    _(
        "Emissions over energy of all runs make {found} g/kWh: the tool used {used}, Oregon's, and not "
        "the intensity that the article states. With the stated one every printed gram would be {factor} "
        "times as large."
    ),
)
"""What is said, and what the figures say of it; names in braces are numbers."""

CLAIM_SOURCES = (
    _("Retellings of the study in the press and in social networks"),
    _("The reader's own figure"),
)
"""Sources that are no titles of publications."""

UNITS = (
    _("kWh"),
    _("smartphone charges"),
    _("gCO2e"),
    _("miles by petrol car"),
    _("km by petrol car"),
    _(
        # xgettext:no-python-format  # noqa: ERA001 - a word to the tool that collects texts
        "% of a smartphone charge"
    ),
    _("times"),
    _("Wh"),
    _("searches"),
    _("kgCO2e"),
    _("gCO2e/kWh"),
)
"""Units of claims."""

EQUIVALENCES = (
    _("smartphone charges"),
    _("smartphone charges as they were counted before 2024"),
    _("minutes of an LED lamp of 9 W"),
    _("km by petrol car"),
    _("miles by petrol car"),
    _("web searches of 2009"),
    _("web searches of 2009, by their emissions"),
    _("median text prompts to an assistant of 2025"),
    _("generated images"),
)
"""Everyday quantities."""

CAVEATS = (
    _(
        "An average over a year and a whole grid: the electricity of one data centre at one hour may be "
        "far cleaner or dirtier, and what a grid imports is not in it. A value of 0 or a round one comes "
        "from a small grid with coarse statistics."
    ),
)
"""What to know of the intensities."""
