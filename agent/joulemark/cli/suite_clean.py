"""`joulemark suite clean`: free what this agent has fetched and no open job needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import Namespace

    from joulemark.cli.output import CommandOutput
    from joulemark.session.cleaning import Cleaning


def execute(arguments: Namespace, output: CommandOutput) -> tuple[int, dict[str, Any]]:
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
        output.say(_("Nothing to remove: this agent has fetched nothing that open jobs do not need."))
        return 0, {"freed_bytes": 0, **_as_json(cleaning)}
    if not arguments.yes:
        if not can_ask():
            raise ConsentMissing(
                _("{size} would be freed, but there is no terminal to ask on. Add `--yes`.").format(
                    size=size(cleaning.size_bytes)
                )
            )
        if not ask(_("Free {size}?").format(size=size(cleaning.size_bytes))):
            raise Declined(_("Nothing was freed."))
    cleaning = clean(config, cleaning, everything=arguments.all)
    output.say(_("{size} freed. Results and keys were not touched.").format(size=size(cleaning.size_bytes)))
    return 0, {"freed_bytes": cleaning.size_bytes, **_as_json(cleaning)}


def _say(output: CommandOutput, cleaning: Cleaning) -> None:
    from joulemark.cli.plan_words import size

    for removal in cleaning.removals:
        if not removal.links:
            continue
        repository = removal.repository
        what = _("model") if repository.kind == "models" else _("data set")
        output.say(
            _("{size:>9}  {what} {hub_id} at {revision}, files in {cache}: {count}").format(
                size=size(removal.size_bytes),
                what=what,
                hub_id=repository.hub_id,
                revision=repository.revision[:12],
                count=len(removal.links),
                cache=repository.cache,
            )
        )
    for part in cleaning.parts:
        output.say(
            _("{size:>9}  interrupted download for {hub_id}, in {cache}").format(
                size=size(part.size_bytes), hub_id=part.hub_id, cache=part.cache
            )
        )
    for suite in cleaning.suites:
        output.say(
            _("{size:>9}  suite {digest}, handed out by a platform").format(
                size=size(suite.size_bytes), digest=suite.digest[:12]
            )
        )
    if cleaning.needed:
        output.say(
            _("Models and data sets kept because open jobs need them: {count}.").format(
                count=len(cleaning.needed)
            )
        )


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
        "interrupted_downloads": [
            {
                "hub_id": part.hub_id,
                "cache": str(part.cache),
                "sha256": part.sha256,
                "bytes": part.size_bytes,
            }
            for part in cleaning.parts
        ],
        "suites": [{"digest": suite.digest, "bytes": suite.size_bytes} for suite in cleaning.suites],
        "needed": [
            {"kind": repository.kind, "hub_id": repository.hub_id, "revision": repository.revision}
            for repository in cleaning.needed
        ],
    }
