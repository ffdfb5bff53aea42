"""`manage.py second_factor`: set up, renew and remove the second factor of a moderator."""

from __future__ import annotations

from argparse import ArgumentParser
from base64 import b32encode
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from joulemark_site.moderators import second_factor

SET_UP, RENEW, REMOVE, LIST = ACTIONS = ("set-up", "recovery-codes", "remove", "list")


class Command(BaseCommand):
    """One action on one moderator's second factor."""

    help = (
        "set-up: print the key for the moderator's app, ask for a code of it, print recovery codes. "
        "recovery-codes: print new ones. remove: for somebody who has lost both. list: who has one."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do, and of whom."""
        parser.add_argument("action", choices=ACTIONS)
        parser.add_argument("name", nargs="?", help="the moderator's user name; not for list")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises CommandError for an unknown name and a wrong code."""
        if options["action"] == LIST:
            self._list()
            return
        user = User.objects.filter(username=options["name"] or "").first()
        if user is None:
            raise CommandError(
                "There is no user of that name; `manage.py second_factor list` prints the names."
            )
        {SET_UP: self._set_up, RENEW: self._renew, REMOVE: self._remove}[options["action"]](user)

    def _set_up(self, user: User) -> None:
        device = second_factor.begin_setup(user)
        self.stdout.write("Enter this key into the app, or open the address on the device that has it:")
        self.stdout.write(f"  {b32encode(device.bin_key).decode()}\n  {device.config_url}")
        codes = second_factor.confirm_setup(device, input("Code that the app shows now: "))
        if codes is None:
            device.delete()
            raise CommandError(
                "The code is wrong, and nothing was changed. Compare the clocks and begin again."
            )
        self._print_codes(codes)

    def _renew(self, user: User) -> None:
        if not second_factor.is_set_up(user):
            raise CommandError(
                "There is no second factor to recover; begin with `manage.py second_factor set-up`."
            )
        self._print_codes(second_factor.renew_recovery_codes(user))

    def _remove(self, user: User) -> None:
        if not second_factor.remove(user):
            raise CommandError("This user has no second factor.")
        self.stdout.write(
            "removed; the password alone is enough now, unless JOULEMARK_SECOND_FACTOR=required"
        )

    def _print_codes(self, codes: list[str]) -> None:
        self.stdout.write("Recovery codes, each good for one login. They are not shown again:")
        for code in codes:
            self.stdout.write(f"  {code}")

    def _list(self) -> None:
        for user in User.objects.filter(is_staff=True, is_active=True).order_by("username"):
            self.stdout.write(f"{user.username}: {'set up' if second_factor.is_set_up(user) else 'none'}")
