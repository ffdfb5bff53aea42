"""Joining a platform: the key and its enrolment, what is remembered, and which suite fits this machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from joulemark import identity as identities
from joulemark.errors import AgentError, NothingToDo, StorageError
from joulemark.joined import Joined, read_joined, write_joined
from joulemark.platform_client import PlatformClient
from joulemark.session import enrolment, suite_source
from joulemark.session.budget import Pace
from joulemark.session.forecast import foresee
from joulemark.session.options import Options
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.config import Config
    from joulemark.identity import Identity
    from joulemark.meters.choose import Openers
    from joulemark.record.messages import Enrolled
    from joulemark.session.forecast import Forecast
    from joulemark.suite import Suite

EVENING_HOURS = 3.0
"""What a run is given where nobody said how long it may last."""
WITHOUT_GPU = "demo"
"""The suite whose jobs are sized for a processor and download nothing."""


@dataclass(frozen=True, kw_only=True)
class SuiteChoice:
    """A suite that runs on this machine: the plan of its next run, and the time of all cells that fit the device.

    `is_standard` is off for the suite of the software that a run without `--suite` takes anyway.
    """

    suite: Suite
    forecast: Forecast
    all_seconds: float
    is_standard: bool = True

    @property
    def fitting(self) -> int:
        """How many of the suite's cells can run on this machine."""
        return len(self.forecast.selection.jobs)


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A suite that was not chosen, and why."""

    name: str
    sentence: str


def known_or_enrolled(config: Config, identity: Identity, *, name: str | None) -> tuple[Enrolled, bool]:
    """The key's enrolment at the platform, sent where there is none yet or `name` is given; whether it was sent.

    The platform's key is compared with the stored one in any case. Raises PlatformKeyChanged, Refused, Unreachable,
    UsageError or StorageError.
    """
    stored = identities.enrolment(config.folders, config.origin)
    if name is not None or stored is None or stored.key_id != identity.key_id:
        return enrolment.enrol(config, identity=identity, name=name), True
    with PlatformClient(config.origin) as client:
        platform_key = client.platform_key()
    return identities.learn_log_key(config.folders, config.origin, platform_key) or stored, False


def remember_platform(config: Config) -> None:
    """Make this platform the one of later commands; what was chosen there before stays chosen. Raises StorageError."""
    try:
        before = read_joined(config.folders.joined)
    except AgentError:  # damaged, which is why it is written anew
        before = None
    if before is None or before.origin != config.origin:
        write_joined(config.folders.joined, Joined(origin=config.origin))


def remember_choice(config: Config, choice: SuiteChoice, *, hours: float) -> None:
    """Make the suite what a run without `--suite` measures; forget an earlier one where it is that of the software.

    Raises StorageError.
    """
    joined = Joined(origin=config.origin)
    if choice.is_standard:
        joined = replace(joined, suite=choice.suite.name, gpu=choice.forecast.gpu, hours=hours)
    write_joined(config.folders.joined, joined)


def choose_suite(
    config: Config, *, on_gpu: bool, hours: float, named: str | None = None, openers: Openers | None = None
) -> tuple[SuiteChoice | None, tuple[Passed, ...]]:
    """The suite to measure on this machine, and those that were passed over with the reason.

    With a GPU it is the `named` one, or of the suites that the platform hands out now the one of which most cells fit
    the card, of equals the one that takes the least time. Without one, or where the platform hands out none, it is the
    suite of the software that downloads nothing. Raises Unreachable, Refused or StorageError; for a named suite also
    what makes it unusable.
    """
    if named is not None:
        return _choice(config, named, hours=hours, openers=openers), ()
    passed: list[Passed] = []
    choices: list[SuiteChoice] = []
    for name in _offered_names(config, passed) if on_gpu else ():
        try:
            choices.append(_choice(config, name, hours=hours, openers=openers))
        except StorageError:
            raise
        except AgentError as error:
            passed.append(Passed(name=name, sentence=str(error)))
    if choices:
        return max(choices, key=_rank), tuple(passed)
    try:
        usual = _choice(config, WITHOUT_GPU, hours=None, openers=openers)
    except StorageError:
        raise
    except AgentError as error:
        return None, (*passed, Passed(name=WITHOUT_GPU, sentence=str(error)))
    return replace(usual, is_standard=False), tuple(passed)


def _rank(choice: SuiteChoice) -> tuple[bool, int, float, str]:
    """First one of which something ends in time, then most cells that fit, then least time; the name settles equals."""
    forecast = choice.forecast
    anything = bool(forecast.cells or forecast.finished)
    return anything, choice.fitting, -choice.all_seconds, choice.suite.name


def _offered_names(config: Config, passed: list[Passed]) -> Sequence[str]:
    """The names of the suites that the platform hands out now; none for a platform that has no such list."""
    try:
        offers = suite_source.ask_offers(config)
    except NothingToDo as error:
        passed.append(Passed(name=_("standard suite"), sentence=str(error)))
        return ()
    names = sorted(suite.name for suite in offers.suites if suite.current and suite.name != WITHOUT_GPU)
    if not names:
        passed.append(
            Passed(
                name=_("standard suite"),
                sentence=_(
                    "{origin} hands out none yet: its operator must pin one (`manage.py pin_suite "
                    "NAME`). Then join again."
                ).format(origin=config.origin),
            )
        )
    return names


def _choice(config: Config, name: str, *, hours: float | None, openers: Openers | None) -> SuiteChoice:
    """Raises AgentError where the suite cannot be had, or none of its cells runs here."""
    obtained = suite_source.obtain_suite(name, config=config)
    options = Options(
        suite=name, budget_s=None if hours is None else hours * 3600, is_joined_suite=hours is not None
    )
    forecast = foresee(config, options, obtained.suite, openers=openers)
    pace = Pace(obtained.suite)
    return SuiteChoice(
        suite=obtained.suite,
        forecast=forecast,
        all_seconds=sum(pace.seconds(job.key) for job in forecast.selection.jobs),
    )
