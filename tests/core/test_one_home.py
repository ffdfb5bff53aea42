"""What one module does for all is done nowhere else: a second home would drift from the first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("agent/joulemark", "measurements", "platform/joulemark_site")

HOMES: dict[str, tuple[str, dict[str, str]]] = {
    "repeating a request that got no answer": (
        r"\.wait\([^)]*retry_after_s",
        {
            "agent/joulemark/waiting.py": "`Waiting.call`",
            "agent/joulemark/session/delivery.py": "a round over a queue: another result is tried before this one",
        },
    ),
    "reading a web address": (
        r"\burl(split|parse)\(",
        {
            "agent/joulemark/record/origin.py": "`parse_origin` and `split_address`",
            "measurements/webhooks/destinations.py": "an address of a receiver, which is taken apart and checked",
            "platform/joulemark_site/redis_settings.py": "a Redis address, which may be a socket's",
            "platform/joulemark_site/static_copy/copied_addresses.py": "path and question of a link of our own pages",
            "platform/joulemark_site/static_copy/platform_reader.py": "our own origin, as a request has it",
            "platform/joulemark_site/static_copy/relative_links.py": "links of our own pages, relative ones too",
        },
    ),
    "writing a file that is there whole or not at all": (
        r"os\.link\(|os\.fsync\(|tempfile\.(mkstemp|NamedTemporaryFile)\(",
        {"agent/joulemark/atomic_file.py": "`write_file`"},
    ),
    "holding a lock of the database": (
        r"pg_(try_)?advisory_",
        {"measurements/concurrency/advisory_locks.py": "`lock_until_commit` and `session_lock`"},
    ),
    "finding rows of the catalogue by their names": (
        r"\b(?:Task|DataSet|AiModel|Suite|HardwareClass)\.objects\.(?!named\()",
        {
            "measurements/catalog/lookup.py": "`read_catalogue`, `read_catalogue_of`, `suites_by_digest`",
            "measurements/catalog/services.py": "writes",
            "measurements/published/importing.py": "adds and removes what a published series alone knows",
            "measurements/review/hardware_names.py": "decides about the name of a row that it was given",
            "measurements/releases/subject_rows.py": "every row that there is, for a release",
            "measurements/search/entries.py": "every name that there is, for the search",
            "measurements/search/subjects.py": "which of some tasks have rows",
            "measurements/boards/series.py": "suites by the keys that cells have",
            "measurements/boards/table_choices.py": "facts of the models that have a row, in one question",
            "measurements/boards/table_rows.py": "subqueries: the rows that a filter means",
            "measurements/boards/model_comparison.py": "models by the names in an address, in one question",
            "measurements/boards/claim_values.py": "hardware by the keys that cells have",
            "measurements/boards/equal_size.py": "kinds and sizes of all models, which a factor depends on",
            "measurements/review/filters.py": "the rows that a filter's name means, before a list is asked",
            "measurements/pages/published_series.py": "hardware of one series",
            "platform/joulemark_site/management/commands/simulate_crowd.py": "whether a suite is there",
            "measurements/boards/subject_boards.py": "suites by the keys that cells have",
            "measurements/catalog/cached_rows.py": "the whole catalogue, once for its version",
            "measurements/catalog/subject_lists.py": "lists of all of them",
            "measurements/catalog/suite_contents.py": "what suites say of one of them",
            "measurements/downloads/exported_energies.py": "the one that an address names",
            "measurements/downloads/resource_catalog.py": "the API's lists of all of them",
            "measurements/downloads/resource_columns.py": "subqueries: the rows that a filter means",
            "measurements/downloads/result_filters.py": "the rows that a filter's name means, before a list is asked",
            "measurements/downloads/sitemap_parts.py": "all that there are, for search engines",
            "measurements/pages/dataset.py": "the one that an address names",
            "measurements/pages/model.py": "the one that an address names",
            "measurements/pages/suite_list.py": "all suites with their pins",
        },
    ),
    "starting a thread": (
        r"threading\.Thread\(|ThreadPoolExecutor\(",
        {
            "measurements/concurrency/nudger.py": "`Nudger`: what is sent behind a write",
            "measurements/monitoring/probe.py": "a question that may get no answer, and its limit",
            "measurements/ledger/tile_store.py": "files that wait for the disk together",
            "measurements/releases/storage.py": "the same of a release's",
            "measurements/streams/read_ahead.py": "one block of rows is read while another is encoded",
            "measurements/webhooks/delivering.py": "receivers that are told together",
            "platform/joulemark_site/embedded.py": "periodic work of a platform without Celery",
            "agent/joulemark/meters/timer.py": "the sampler of a run",
            "agent/joulemark/cli/progress.py": "the line of progress on a terminal",
        },
    ),
}
"""What is done, how it looks in code, and the modules that may do it, with the reason."""


def sources() -> dict[str, str]:
    """The text of each product module, by its path."""
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for folder in PRODUCT
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    }


@pytest.mark.parametrize("deed", HOMES)
def test_it_is_done_in_one_place(deed: str) -> None:
    pattern, homes = HOMES[deed]
    places = {name for name, text in sources().items() if re.search(pattern, text)}
    assert places == set(homes), f"{deed}: use {next(iter(homes))}"
