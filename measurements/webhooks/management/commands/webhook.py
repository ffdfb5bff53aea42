"""`manage.py webhook`: register the addresses that are told of events, and look after them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from measurements.webhooks import services
from measurements.webhooks.delivering import deliver_now
from measurements.webhooks.destinations import NotAllowed
from measurements.webhooks.models import WebhookDelivery, WebhookEndpoint

SHOWN_DELIVERIES = 50


class Command(BaseCommand):
    """Add, list, try, rotate, enable or remove endpoints, and print the log of deliveries."""

    help = "Register addresses that are told of events by signed messages (docs/webhooks.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do, and with which endpoint."""
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="register an address; prints its secret, this once")
        add.add_argument("address", help="an https address")
        add.add_argument(
            "--event",
            action="append",
            default=[],
            choices=services.SUBSCRIBABLE,
            help="an event to send; can be repeated (default: all)",
        )
        add.add_argument("--owner", default="", help="mail address of who is told when it is disabled")
        actions.add_parser("list", help="list all endpoints")
        for name, words in (
            ("ping", "send a message that says nothing, and print how it went"),
            ("rotate", "make a new secret; the old one signs, too, for a day"),
            ("enable", "send to a disabled endpoint again, from now on"),
            ("remove", "forget an endpoint and its deliveries"),
            ("log", f"print its last {SHOWN_DELIVERIES} deliveries"),
        ):
            actions.add_parser(name, help=words).add_argument(
                "number", type=int, help="number of the endpoint"
            )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises CommandError."""
        if options["action"] == "add":
            self._add(options)
        elif options["action"] == "list":
            for endpoint in WebhookEndpoint.objects.all():
                self.stdout.write(_described(endpoint))
        else:
            getattr(self, f"_{options['action']}")(_endpoint(options["number"]))

    def _add(self, options: dict[str, Any]) -> None:
        try:
            endpoint = services.add_endpoint(
                address=options["address"], kinds=options["event"], owner=options["owner"]
            )
        except NotAllowed as error:
            raise CommandError(f"{options['address']} cannot be a webhook. {error}") from error
        self.stdout.write(_described(endpoint))
        self.stdout.write(f"secret: {endpoint.secret}")

    def _ping(self, endpoint: WebhookEndpoint) -> None:
        attempt = deliver_now(services.ping_endpoint(endpoint))
        words = "It is delivered" if attempt.is_delivered else f"It is not delivered. {attempt.fault}"
        status = "no status" if attempt.status is None else f"status {attempt.status}"
        self.stdout.write(f"{words} ({status}, {attempt.took_s:.2f} s)")

    def _rotate(self, endpoint: WebhookEndpoint) -> None:
        self.stdout.write(f"secret: {services.rotate_secret(endpoint)}")

    def _enable(self, endpoint: WebhookEndpoint) -> None:
        services.enable_endpoint(endpoint)
        self.stdout.write(_described(endpoint))

    def _remove(self, endpoint: WebhookEndpoint) -> None:
        endpoint.delete()
        self.stdout.write("It is removed.")

    def _log(self, endpoint: WebhookEndpoint) -> None:
        rows = WebhookDelivery.objects.filter(endpoint=endpoint).select_related("event").order_by("-id")
        for row in rows[:SHOWN_DELIVERIES]:
            tried = f"{row.tried_at:%Y-%m-%d %H:%M:%S}" if row.tried_at else "not tried yet"
            words = [tried, row.event.message_id, str(row.event), row.outcome, f"attempts {row.n_attempts}"]
            self.stdout.write("  ".join([*words, row.last_fault]).rstrip())


def _endpoint(number: int) -> WebhookEndpoint:
    endpoint = WebhookEndpoint.objects.filter(pk=number).first()
    if endpoint is None:
        raise CommandError(f"There is no webhook {number}; see `manage.py webhook list`.")
    return endpoint


def _described(endpoint: WebhookEndpoint) -> str:
    state = f"disabled: {endpoint.disabled_why}" if endpoint.disabled_at else f"failures {endpoint.failures}"
    return f"{endpoint.pk}  {endpoint.address}  {','.join(endpoint.kinds)}  {state}"
