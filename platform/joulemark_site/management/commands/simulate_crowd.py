"""`manage.py simulate_crowd`: honest, sloppy and dishonest contributors, through the real doors, rules and boards."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime, time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from joulemark.record.origin import parse_origin
from joulemark.suite import load_suite
from joulemark_site.crowd.plan import Crowd, members
from joulemark_site.crowd.playing import Played, play
from joulemark_site.crowd.recognition import crowds_here
from joulemark_site.crowd.summary import caught, cells, coverage, fates, rms_error
from joulemark_site.crowd.truth import SUITE
from measurements.catalog.models import Suite

MANY = 8
"""Devices from which on the boards promise to be close whoever lies (docs/method.md)."""

LEGEND = (
    "kind: what a contributor is; session: what was done in it (clean and honest: nothing wrong). accepted counts on "
    "the boards, quarantined waits for a moderator, rejected and refused (at the door) do not count; then the codes "
    "that say why (docs/rules.md)."
)

FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)

STATES = ("accepted", "quarantined", "rejected", "refused")


class Command(BaseCommand):
    """Simulate a crowd on a platform of its own."""

    help = (
        "Simulate a crowd of contributors for demonstrations and load tests. Nothing that it sends was measured. "
        "Stop the platform's workers meanwhile."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many, how long, and how bad."""
        parser.add_argument("--contributors", type=int, default=500, help="default: %(default)s")
        parser.add_argument("--days", type=int, default=90, help="default: %(default)s")
        parser.add_argument("--seed", type=int, required=True, help="the same seed is the same crowd")
        parser.add_argument("--sloppy", type=float, default=0.15, help="share of contributors (%(default)s)")
        parser.add_argument("--dishonest", type=float, default=0.05, help="share (default: %(default)s)")
        parser.add_argument("--results-per-contributor", type=int, default=6, help="default: %(default)s")
        parser.add_argument(
            "--until", help="the day before which it ends, YYYY-MM-DD (default: today, or as it ended before)"
        )
        parser.add_argument(
            "--into-existing", action="store_true", help="also where results were really measured"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Play the crowd and say what became of it."""
        crowd = Crowd(
            seed=options["seed"],
            contributors=options["contributors"],
            days=options["days"],
            sloppy=options["sloppy"],
            dishonest=options["dishonest"],
            results=options["results_per_contributor"],
        )
        until = _day(options["until"])
        self._require_place(crowd, into_existing=options["into_existing"])
        played = play(crowd, until=until, progress=self._progress(crowd))
        self._tell_fates(played)
        self._tell_cells(played)

    def _require_place(self, crowd: Crowd, *, into_existing: bool) -> None:
        """Raises CommandError where simulated numbers could be taken for real ones, or the crowd cannot be."""
        if not parse_origin(settings.ORIGIN).is_loopback:
            raise CommandError(
                f"JOULEMARK_ORIGIN is {settings.ORIGIN}, and simulated results are for loopback origins alone "
                "(http://127.0.0.1:…): nobody may take them for measured ones."
            )
        here = crowds_here()
        if not into_existing and None in here:
            raise CommandError(
                "This platform has results that are not simulated. Use a fresh JOULEMARK_DATA_DIR or DATABASE_URL, "
                "or add --into-existing, after which its boards say nothing true any more."
            )
        if not Suite.objects.filter(digest=load_suite(SUITE).digest).exists():
            raise CommandError(
                f"This platform does not have suite {SUITE} yet: run `manage.py prepare` first."
            )
        try:
            next(members(crowd))
        except ValueError as error:
            raise CommandError(str(error)) from error
        if others := sorted(name for name in here if name not in {None, crowd.name}):
            self.stderr.write(
                f"A crowd is here already ({', '.join(others)}): this one joins it, and the cells below are of both. "
                "For a crowd of its own use a fresh JOULEMARK_DATA_DIR or DATABASE_URL."
            )

    def _progress(self, crowd: Crowd) -> Any:
        def tell(day: int, new: int) -> None:
            if day % max(1, crowd.days // 10) == 0 or day == crowd.days:
                self.stdout.write(f"day {day} of {crowd.days}: {new} results", ending="\n")
                self.stdout.flush()

        return tell

    def _tell_fates(self, played: Played) -> None:
        self.stdout.write(
            f"\nCrowd: {len(played.sent)} sessions, {played.new} of their results new here.\n\n"
        )
        self.stdout.write(f"{'kind':<10} {'session':<17} {'sent':>5} " + " ".join(f"{s:>11}" for s in STATES))
        for (kind, how), fate in fates(played.sent).items():
            counts = " ".join(f"{fate.states[state]:>11}" for state in STATES)
            codes = ", ".join(f"{code} {count}" for code, count in fate.codes.most_common())
            self.stdout.write(f"{kind:<10} {how:<17} {fate.sent:>5} {counts}  {codes}".rstrip())
        self.stdout.write(f"\n{LEGEND}")

    def _tell_cells(self, played: Played) -> None:
        truths = list(cells())
        if not truths:
            self.stdout.write("\nNo cell came of it.")
            return
        self.stdout.write(
            "\nEnergy of a query in J: what the crowd's devices truly take, and what the board says.\n\n"
        )
        self.stdout.write(
            f"{'job':<58} {'card':<21} {'keys':>4} {'devices':>7} {'truth':>8} {'value':>8} {'error':>7}  interval"
        )
        for cell in truths:
            between = "none" if cell.low_j is None else f"{cell.low_j:.4g} to {cell.high_j:.4g}"
            holds = {True: "holds", False: "does not hold", None: "single source"}[cell.holds]
            self.stdout.write(
                f"{cell.job:<58} {cell.card:<21} {cell.contributors:>4} {cell.devices:>7} "
                f"{cell.truth_j:>8.4g} {cell.value_j:>8.4g} {cell.error:>7.2%}  {between}, {holds}"
            )
        n_held, there = coverage(truths)
        self.stdout.write(
            f"\n{len(truths)} cells: root-mean-square error {rms_error(truths):.2%}; {n_held} of {there} intervals "
            "hold the truth."
        )
        if many := [cell for cell in truths if cell.devices >= MANY]:
            self.stdout.write(f"{len(many)} of {MANY} or more devices: {rms_error(many):.2%}.")
        wrong, stopped = caught(played.sent)
        furthest = max(abs(cell.error) for cell in truths)
        self.stdout.write(
            f"Caught {stopped} of {wrong} sessions with something wrong; the worst value lies {furthest:.2%} from the "
            "truth."
        )


def _day(text: str | None) -> datetime:
    """Midnight before today, or before the day that was named, in UTC. Raises CommandError."""
    today = datetime.combine(timezone.now().date(), time(), UTC)
    if text is None:
        return today
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise CommandError(f"--until is a day like 2026-05-31, not {text!r}.") from error
    if not FIRST_DAY <= day <= today:
        raise CommandError(
            f"--until is a day from {FIRST_DAY:%Y-%m-%d} to today, {today:%Y-%m-%d}, not {text}."
        )
    return day
