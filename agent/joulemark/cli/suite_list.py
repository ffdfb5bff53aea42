"""`joulemark suite list`: the suites that are here, and those that the platform hands out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.cli.suite_words import gigabytes_in_words, revisions_in_words
from joulemark.cli.table import print_table
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import Namespace

    from joulemark.cli.output import CommandOutput
    from joulemark.config import Config
    from joulemark.record.suite_offers import OfferedSuite, SuiteOffers
    from joulemark.suite import Suite


def execute(arguments: Namespace, output: CommandOutput) -> tuple[int, dict[str, Any]]:
    """The exit code and the answer. Raises AgentError or SuiteError."""
    from joulemark import config as configs
    from joulemark.session import suite_source

    config = configs.load()
    offers = suite_source.ask_offers(config) if arguments.ask else None
    suites = [(_("installed"), suite) for suite in _installed_suites()]
    suites += [(config.origin, suite) for suite in suite_source.fetched_suites(config)]
    print_table(
        output,
        (_("suite"), _("version"), _("jobs"), _("revisions"), _("source"), _("title")),
        [
            (suite.name, suite.version, str(len(suite.jobs)), revisions_in_words(suite), source, suite.title)
            for source, suite in suites
        ],
    )
    answer: dict[str, Any] = {"suites": [_suite_as_json(suite, source) for source, suite in suites]}
    return 0, answer if offers is None else answer | _print_offers(offers, config, output)


def _installed_suites() -> list[Suite]:
    from joulemark.suite import load_suite, suite_names

    return [load_suite(name) for name in suite_names()]


def _suite_as_json(suite: Suite, source: str) -> dict[str, Any]:
    from joulemark.suite.describe import counts

    return {
        "name": suite.name,
        "version": suite.version,
        "title": suite.title,
        "digest": suite.digest,
        "pinned": suite.is_pinned,
        "from": source,
        "counts": counts(suite),
    }


def _print_offers(offers: SuiteOffers, config: Config, output: CommandOutput) -> dict[str, Any]:
    """Print what the platform hands out, and what it could; the same for JSON."""
    from joulemark.session.suite_store import stored_files
    from joulemark.suite.describe import plain

    fetched = {suite.digest for suite in offers.suites if stored_files(config.folders, suite.digest)}
    output.say("")
    output.say(_("{origin} hands out:").format(origin=config.origin))
    print_table(
        output,
        (_("suite"), _("version"), _("jobs that run"), _("weights"), _("state"), _("title")),
        [
            (
                suite.name,
                suite.version,
                _("{part} of {whole}").format(part=suite.runnable_cells, whole=suite.cells),
                gigabytes_in_words(suite.weights_bytes),
                ", ".join(_offer_state(suite, fetched)),
                suite.title,
            )
            for suite in offers.suites
        ],
    )
    for waiting in offers.unpinned:
        output.say(
            _("Not pinned there: {name}. The operator can pin it with `manage.py pin_suite {name}`.").format(
                name=waiting.name
            )
        )
    return {
        "platform": config.origin,
        "offered": [plain(suite) | {"fetched": suite.digest in fetched} for suite in offers.suites],
        "unpinned": [plain(waiting) for waiting in offers.unpinned],
    }


def _offer_state(suite: OfferedSuite, fetched: set[str]) -> list[str]:
    return [
        _("current") if suite.current else _("former"),
        *([_("fetched")] if suite.digest in fetched else []),
    ]
