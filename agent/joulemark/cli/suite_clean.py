"""`joulemark suite clean`: free what this agent has fetched and no open job needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Namespace

    from joulemark.cli.output import Output
    from joulemark.session.cleaning import Cleaning


def execute(arguments: Namespace, output: Output) -> tuple[int, dict[str, Any]]:
    """The exit code and the answer. Raises ConsentMissing, Declined, RunInProgress, StorageError or UsageError."""
    from joulemark import config as configs
    from joulemark.cli.plan_words import size
    from joulemark.cli.questions import ask, can_ask
    from joulemark.errors import ConsentMissing, Declined
    from joulemark.session.cleaning import clean, plan_cleaning

    config = configs.load()
    cleaning = plan_cleaning(config, everything=arguments.all)
    _say(output, cleaning)
    if cleaning.is_empty:
        output.say("Nothing to free: no job is done with anything that this agent has fetched.")
        return 0, {"freed_bytes": 0, **_as_json(cleaning)}
    if not arguments.yes:
        if not can_ask():
            raise ConsentMissing(
                f"{size(cleaning.size_bytes)} would be freed, and there is no terminal to ask at. Give `--yes`."
            )
        if not ask(f"Free {size(cleaning.size_bytes)}?"):
            raise Declined("Nothing was freed.")
    cleaning = clean(config, cleaning, everything=arguments.all)
    output.say(f"{size(cleaning.size_bytes)} were freed. Results and keys were not touched.")
    return 0, {"freed_bytes": cleaning.size_bytes, **_as_json(cleaning)}


def _say(output: Output, cleaning: Cleaning) -> None:
    from joulemark.cli.plan_words import size

    for removal in cleaning.removals:
        if not removal.links:
            continue
        repository = removal.repository
        what = "model" if repository.kind == "models" else "data set"
        output.say(
            f"{size(removal.size_bytes):>9}  {what} {repository.hub_id} at {repository.revision[:12]}, "
            f"{len(removal.links)} files in {repository.cache}"
        )
    for suite in cleaning.suites:
        output.say(f"{size(suite.size_bytes):>9}  suite {suite.digest[:12]}, handed out by a platform")
    if cleaning.needed:
        output.say(f"{len(cleaning.needed)} models and data sets stay: jobs that are not finished need them.")


def _as_json(cleaning: Cleaning) -> dict[str, Any]:
    return {
        "repositories": [
            {
                "kind": removal.repository.kind,
                "hub_id": removal.repository.hub_id,
                "revision": removal.repository.revision,
                "cache": removal.repository.cache,
                "files": len(removal.links),
                "bytes": removal.size_bytes,
            }
            for removal in cleaning.removals
            if removal.links
        ],
        "suites": [{"digest": suite.digest, "bytes": suite.size_bytes} for suite in cleaning.suites],
        "needed": [
            {"kind": repository.kind, "hub_id": repository.hub_id, "revision": repository.revision}
            for repository in cleaning.needed
        ],
    }
