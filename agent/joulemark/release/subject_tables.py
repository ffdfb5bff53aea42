"""Tables of whom and what the numbers are about, whole in each release: keys, devices, models, rules, series."""

from __future__ import annotations

from joulemark.release.columns import (
    BY_ROW,
    HARDWARE_CODE,
    LICENCE,
    SUITE,
    Column,
    Table,
    amount,
    count,
    moment,
    structured,
    text,
)

KEYS = Table(
    name="keys",
    description="Every public key, whose it is, and how it ended.",
    partition="snapshot",
    key=("key_id",),
    columns=(
        text("key_id", "SHA-256 of the raw public key, in hex."),
        text("public_key", "Ed25519 public key, in hex."),
        text("contributor", "Pseudonym of whom it belongs to."),
        text("state", "active, rotated or revoked."),
        moment("enrolled_at", "When it was enrolled."),
        moment("ended_at", "When it was rotated or revoked.", nullable=True),
        moment(
            "untrusted_since", "Of a revoked key: nothing received since then is believed.", nullable=True
        ),
        text("replaced_by", "The key that took over.", nullable=True),
        LICENCE,
    ),
)

CONTRIBUTORS = Table(
    name="contributors",
    description="Who sends, by pseudonym. Display names are never in a release: their owner may take them back.",
    partition="snapshot",
    key=("contributor",),
    columns=(
        text("contributor", "Pseudonym."),
        moment("enrolled_at", "When the first key was enrolled."),
        count("in_a_row", "Agreements since the last disagreement; ten and more are trusted.", "1"),
        count("agreed", "Results that agree with independent others.", "1"),
        count("disagreed", "Results that do not.", "1"),
        LICENCE,
    ),
)

DEVICES = Table(
    name="devices",
    description="Devices by the tag that their agent derives, under whom they were reported and as what.",
    partition="snapshot",
    key=("contributor", "device", "hardware_code"),
    columns=(
        text("contributor", "Pseudonym of who reports it."),
        text("device", "Tag of the device."),
        HARDWARE_CODE,
        moment("first_seen_at", "When it was reported first."),
        LICENCE,
    ),
)

HARDWARE = Table(
    name="hardware",
    description="Hardware classes. A name that nobody has confirmed is not in a release; its code stands for it.",
    partition="snapshot",
    key=("hardware_code",),
    columns=(
        HARDWARE_CODE,
        text("hardware", "Name in addresses once it is confirmed, else the code."),
        text("title", "Name in words once it is confirmed, else the code."),
        text("kind", "gpu, cpu or node."),
        text("name_state", "reported, confirmed or refused."),
        text("reported_by", "Pseudonym whose words the name is; empty where a suite or a publisher has it."),
        count("memory_bytes", "Memory of the device.", "B", nullable=True),
        amount("power_w", "W", "Default power limit.", nullable=True),
        text("architecture", "Architecture; empty where not known."),
        count("year", "Year of its announcement.", nullable=True),
        text("facts_source", "Where these facts come from."),
        structured("not_known", "Why a fact is missing, by its name."),
        LICENCE,
    ),
)

MODELS = Table(
    name="models",
    description="Models, with the facts that the hub states of them.",
    partition="snapshot",
    key=("model",),
    columns=(
        text("model", "Name in addresses."),
        text("title", "Name in words."),
        text("kind", "task-specific, general-purpose or unknown."),
        count("parameters", "Weights.", "1", nullable=True),
        text("model_licence", "Licence of the weights; empty where not known."),
        text("owner", "Account that publishes it on the hub; empty where not known."),
        text("family", "Architecture by its configuration; empty where not known."),
        Column("released_on", "date", "Day since when the hub has it.", "", nullable=True),
        text("link", "Page of the model; empty where there is none."),
        text("source", "Where these facts come from."),
        structured("not_known", "Why a fact is missing, by its name."),
        text("known_from", "Published series that first brought it; empty for a suite's or the study's."),
        LICENCE,
    ),
)

TASKS = Table(
    name="tasks",
    description="Kinds of job.",
    partition="snapshot",
    key=("task",),
    columns=(
        text("task", "Name in addresses."),
        text("title", "Name in words."),
        text("modality", "What goes in and comes out."),
        count("position", "Order on the boards."),
        text("known_from", "Published series that first brought it; empty for a suite's or the study's."),
        LICENCE,
    ),
)

DATASETS = Table(
    name="datasets",
    description="Data sets, each as one task uses it.",
    partition="snapshot",
    key=("task", "dataset"),
    columns=(
        text("task", "Task that uses it."),
        text("dataset", "Name in addresses."),
        text("title", "Name in words."),
        text("dataset_licence", "Licence of the data set; empty where not known."),
        text("source", "Where it comes from."),
        text("known_from", "Published series that first brought it; empty for a suite's or the study's."),
        LICENCE,
    ),
)

SUITES = Table(
    name="suites",
    description="Suite versions. Those that the platform hands out are in the release as files.",
    partition="snapshot",
    key=("suite_digest",),
    columns=(
        *SUITE,
        text("title", "Name in words."),
        text("archive", "Path of its files in the release; null where the platform does not hand it out.",
             nullable=True),
        text("archive_sha256", "SHA-256 of that file, in hex.", nullable=True),
        moment("pinned_at", "When it was handed out first.", nullable=True),
        LICENCE,
    ),
)  # fmt: skip

RULES = Table(
    name="rules",
    description="The rules that judge results, as of the version that the release names.",
    partition="snapshot",
    key=("code",),
    columns=(
        text("code", "Code of the rule."),
        text("severity", "reject, quarantine or flag."),
        text("title", "What it is about."),
        text("condition", "When it is satisfied."),
        text("mend", "What to do if it is violated; null where nothing helps.", nullable=True),
        text("since_version", "Version of the rules in which it last changed."),
        text("where", "anywhere, or platform for a rule that needs what only a platform or a release has."),
        LICENCE,
    ),
)

PUBLISHED_SERIES = Table(
    name="published_series",
    description="What others have published, as it was imported; each under its own terms.",
    partition="snapshot",
    key=("series",),
    licence=BY_ROW,
    columns=(
        text("series", "Name in addresses."),
        text("title", "Name in words."),
        text("scope", "What all of its energies cover."),
        text("source", "Who published it."),
        text("url", "Where; empty where nobody says."),
        text("hardware_note", "What it says of its hardware."),
        text("input_digest", "Digest of what was imported."),
        count("version", "How often it was replaced."),
        moment("imported_at", "When it was imported."),
        structured("left_out", "What was not taken: a list of {reason, count, examples}."),
        LICENCE,
    ),
)

PUBLISHED_FIGURES = Table(
    name="published_figures",
    description="Figures of published series: kWh per 1,000 queries. They are never combined with results.",
    partition="snapshot",
    key=("series", "task", "dataset", "model", "hardware_code", "stratum"),
    licence=BY_ROW,
    columns=(
        text("series", "Series that it is of."),
        text("grade", "published."),
        text("scope", "What the energy covers."),
        text("task", "Task."),
        text("dataset", "Data set; empty over all data sets of the task."),
        text("model", "Model."),
        HARDWARE_CODE,
        text("stratum", "Configuration, in words."),
        amount("energy_kwh_per_1000", "kWh", "Energy of 1,000 queries."),
        amount("low_kwh_per_1000", "kWh", "Least of its runs.", nullable=True),
        amount("high_kwh_per_1000", "kWh", "Most of its runs.", nullable=True),
        amount("std_kwh_per_1000", "kWh", "Standard deviation over its runs.", nullable=True),
        amount("gpu_kwh_per_1000", "kWh", "The GPU's part.", nullable=True),
        amount("cpu_kwh_per_1000", "kWh", "The processor's part.", nullable=True),
        amount("ram_kwh_per_1000", "kWh", "The memory's part.", nullable=True),
        amount("duration_s", "s", "Time of 1,000 queries.", nullable=True),
        structured("not_known", "Why a number is null, by its name."),
        count("n_runs", "Runs of the publisher.", "1"),
        structured("quality", "Scores that are published with it."),
        text("source", "Where exactly it stands."),
        count("version", "Revision of its series."),
        LICENCE,
    ),
)

PUBLISHED_CLAIMS = Table(
    name="published_claims",
    description="Common claims about the energy of AI, recomputed from the published study, with a verdict.",
    partition="snapshot",
    key=("claim",),
    columns=(
        text("claim", "Name in addresses."),
        text("statement", "What is claimed."),
        text("source", "Where it was said."),
        count("year", "When it was said.", nullable=True),
        text("url", "Where it can be read; null where nobody says.", nullable=True),
        text("unit", "Unit of the stated number."),
        text("verdict", "holds, holds-approximately, belongs-elsewhere or does-not-hold."),
        structured("values", "Each stated number with the recomputed one and its verdict."),
        text("grade", "published: all numbers follow from published figures."),
        LICENCE,
    ),
)

INTENSITIES = Table(
    name="intensities",
    description="Yearly average carbon intensity of electricity, with which pages turn energy into emissions.",
    partition="snapshot",
    key=("code", "year"),
    licence=BY_ROW,
    columns=(
        text("code", "ISO 3166-1 alpha-3 code of a country, or a word for a region."),
        text("name", "Name of the place."),
        text("kind", "country or region."),
        count("year", "Year that it describes."),
        amount("gco2e_per_kwh", "gCO2e/kWh", "Lifecycle emissions of electricity that was generated there."),
        text("source", "Whose numbers they are."),
        LICENCE,
    ),
)

SUBJECT_TABLES = (
    KEYS,
    CONTRIBUTORS,
    DEVICES,
    HARDWARE,
    MODELS,
    TASKS,
    DATASETS,
    SUITES,
    RULES,
    PUBLISHED_SERIES,
    PUBLISHED_FIGURES,
    PUBLISHED_CLAIMS,
    INTENSITIES,
)
