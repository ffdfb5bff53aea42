"""`joulemark suite fetch`: get what a suite's jobs need out of the hub, into the cache of the hub's own library."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import Namespace

    from joulemark.cli.output import CommandOutput
    from joulemark.errors import AgentError
    from joulemark.hub.missing import FetchTarget


def execute(arguments: Namespace, output: CommandOutput) -> tuple[int, dict[str, Any]]:
    """The exit code and the answer. Raises AgentError where nothing can be fetched at all, or SuiteError."""

    from joulemark import config as configs
    from joulemark.cli.progress import Screen, watch_for
    from joulemark.errors import NoConnection, NothingToDo
    from joulemark.hub.fetched_files import FetchLog
    from joulemark.hub.fetching import fetch
    from joulemark.hub.missing import plan_fetch
    from joulemark.session import state
    from joulemark.session.suite_source import obtain_suite
    from joulemark.suite import require_pinned
    from joulemark.workloads.hub_cache import cache_folder

    config = configs.load()
    obtained = obtain_suite(arguments.suite, config=config)
    suite = obtained.suite
    if obtained.sentence:
        output.aside(obtained.sentence)
    require_pinned(suite, typed=arguments.suite)
    jobs = [job for job in suite.jobs if arguments.only is None or fnmatchcase(job.key, arguments.only)]
    if not jobs:
        raise NothingToDo(
            _("No job of {name} matches {pattern!r}. `joulemark suite show` lists them.").format(
                name=suite.name, pattern=arguments.only
            )
        )
    left_out = {job.key: sentence for job in jobs if (sentence := suite.obstacle(job)) is not None}
    for sentence in dict.fromkeys(left_out.values()):
        output.say(sentence)
    cache = cache_folder()
    log = FetchLog(config.folders.fetched)
    if any(suite.model(job.model).hub_id or suite.dataset(job.dataset).hub_id for job in jobs):
        log.add_suite(state.lasting_name(obtained.name), suite.digest)
    plan = plan_fetch(suite, *(job for job in jobs if job.key not in left_out), cache=cache)
    failures: list[tuple[FetchTarget, AgentError]] = []
    if plan is None:
        output.say(_("Nothing to fetch: everything that these jobs need is here."))
    else:
        try:
            with watch_for(Screen(stderr=True)) as watch:
                fetch(
                    plan,
                    hub=arguments.hub,
                    progress=watch.fetched,
                    say=watch.note,
                    log=log,
                    failed=lambda target, error: failures.append((target, error)),
                )
        except NoConnection:
            for _target, error in failures:
                output.say(_("failed  {error}").format(error=error))
            raise
        _tell(output, len(plan.targets), failures)
    answer = {
        "ok": not failures,
        "suite": {"name": suite.name, "version": suite.version, "digest": suite.digest},
        "cache": str(cache),
        "fetched": [_row(target) for target in _fetched_whole(plan.targets if plan else (), failures)],
        "failed": [
            {**_row(target), "code": error.code, "sentence": str(error)} for target, error in failures
        ],
        "left_out": [{"job": key, "sentence": sentence} for key, sentence in left_out.items()],
    }
    return (failures[0][1].exit_code if failures else 0), answer


def _tell(output: CommandOutput, targets: int, failures: list[tuple[FetchTarget, AgentError]]) -> None:
    output.say(
        _("{done} of {wanted} models and data sets fetched.").format(
            done=targets - len(failures), wanted=targets
        )
    )
    for _target, error in failures:
        output.say(_("failed  {error}").format(error=error))


def _fetched_whole(
    targets: tuple[FetchTarget, ...], failures: list[tuple[FetchTarget, AgentError]]
) -> list[FetchTarget]:
    failed = [target for target, _error in failures]
    return [target for target in targets if target not in failed]


def _row(target: FetchTarget) -> dict[str, str]:
    return {
        "what": "model" if target.kind == "models" else "data set",
        "id": target.entry.id,
        "hub_id": target.hub_id,
        "revision": target.revision,
    }
