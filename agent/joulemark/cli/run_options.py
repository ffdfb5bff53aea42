"""What `joulemark run` is to measure, how and for how long: from its options, the last run and `joulemark join`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import Namespace

    from joulemark.cli.output import CommandOutput
    from joulemark.config import Config
    from joulemark.joined import Joined
    from joulemark.meters.choose import MeterOption
    from joulemark.session.options import Options, Order
    from joulemark.session.state import RunRequest


def read_options(arguments: Namespace, config: Config, output: CommandOutput) -> Options:
    """What is to be measured, how and for how long; what `joulemark join` chose is stated. Raises AgentError."""
    from joulemark.session.options import PATIENCE_S, Options
    from joulemark.session.plan import Filter

    joined = _read_joined_suite(arguments, config)
    choices = _read_choices(arguments, config, output, joined)
    budget_s = arguments.budget
    if joined is not None and joined.suite is not None:
        sentence = _("Suite {suite}, which `joulemark join` chose for {device}. `--suite` selects another.")
        if budget_s is None and joined.hours is not None:
            budget_s = joined.hours * 3600
            sentence = _(
                "Suite {suite}, which `joulemark join` chose for {device}, for up to {hours:g} h "
                "(`--budget` sets another time). `--suite` selects another suite."
            )
        device = joined.gpu or _("this processor")
        output.aside(sentence.format(suite=joined.suite, device=device, hours=joined.hours))
    return Options(
        suite=choices.suite,
        meant=Filter(
            only=choices.only, tasks=choices.tasks, datasets=choices.datasets, models=choices.models
        ),
        meter=cast("MeterOption", choices.meter),
        budget_s=budget_s,
        order=_read_order(arguments),
        is_joined_suite=joined is not None,
        limit=arguments.limit,
        retry_failed=arguments.retry_failed,
        patience_s=PATIENCE_S if arguments.patience is None else arguments.patience,
        offline_after=arguments.offline_after,
        cpu_watts=choices.cpu_watts,
        offline=choices.offline,
        submit=choices.submit,
        fresh=arguments.fresh,
        force=choices.force,
        wait=not arguments.no_wait,
        chosen_for_gpu=None if joined is None else joined.gpu,
    )


def _read_order(arguments: Namespace) -> Order | None:
    """The order that was asked for; None where none was. Raises UsageError."""
    from joulemark.errors import UsageError

    if not arguments.needed:
        return cast("Order | None", arguments.order)
    if arguments.order not in (None, "needed"):
        raise UsageError(
            _(
                "`--needed` means `--order needed` and contradicts `--order {order}`: omit one of them."
            ).format(order=arguments.order)
        )
    return "needed"


def _read_joined_suite(arguments: Namespace, config: Config) -> Joined | None:
    """What was joined, where this run takes its suite from there: it names none and measures that device."""
    from joulemark.joined import read_joined

    if arguments.suite or arguments.resume:
        return None
    joined = read_joined(config.folders.joined)
    if joined is None or joined.suite is None or joined.origin != config.origin:
        return None
    on_processor = arguments.meter in ("rapl", "estimate")
    return None if on_processor and joined.gpu is not None else joined


def _read_choices(
    arguments: Namespace, config: Config, output: CommandOutput, joined: Joined | None
) -> RunRequest:
    """What is to be measured and how: the last run's request, or this command's. Raises AgentError."""
    from msgspec.structs import replace

    from joulemark.errors import UsageError
    from joulemark.session.state import RunRequest, last_run_request

    named = {
        "suite": arguments.suite,
        "meter": arguments.meter,
        "only": arguments.only,
        "task": arguments.task,
        "dataset": arguments.dataset,
        "model": arguments.model,
        "fresh": arguments.fresh,
    }
    if not arguments.resume:
        return RunRequest(
            suite=arguments.suite or (joined.suite if joined else None) or "demo",
            meter=arguments.meter or "auto",
            only=arguments.only,
            tasks=tuple(arguments.task),
            datasets=tuple(arguments.dataset),
            models=tuple(arguments.model),
            cpu_watts=arguments.cpu_watts,
            offline=arguments.offline,
            submit=not (arguments.no_submit or arguments.offline),
            force=arguments.force,
        )
    if given := [f"--{name}" for name, value in named.items() if value]:
        raise UsageError(
            _(
                "`--resume` measures the jobs of the last run: omit {given}, or omit `--resume` and "
                "give all options; finished jobs are not repeated then either."
            ).format(given=", ".join(given))
        )
    last = last_run_request(config.folders, origin=config.origin, note=output.aside)
    return replace(
        last,
        cpu_watts=last.cpu_watts if arguments.cpu_watts is None else arguments.cpu_watts,
        offline=last.offline or arguments.offline,
        submit=last.submit and not (arguments.no_submit or arguments.offline),
        force=last.force or arguments.force,
    )
