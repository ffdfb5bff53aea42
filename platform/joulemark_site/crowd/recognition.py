"""Which keys on a platform are a simulated crowd's: by the key itself, since anybody can choose a name."""

from __future__ import annotations

import re

from joulemark.record.keys import key_id, public_hex
from joulemark_site.crowd.identity import PREFIX, key_of
from measurements.contributors.models import Key
from measurements.intake.models import Submission

NAME = re.compile(
    re.escape(PREFIX) + r"(?P<crowd>-?\d{1,12}-[0-9a-f]{6})-(?P<number>\d{4,6})(?:-key-(?P<key>[1-9]))?"
)


def crowd_of(key: str, display_name: str | None) -> str | None:
    """The name of the crowd that the key (an id) belongs to, None for anybody else's, whatever they call themselves."""
    match = NAME.fullmatch(display_name or "")
    if match is None:
        return None
    derived_key = key_of(match["crowd"], int(match["number"]), int(match["key"] or 1) - 1)
    return match["crowd"] if key_id(public_hex(derived_key)) == key else None


def crowds_here() -> set[str | None]:
    """The names of the crowds that results are from; None stands for all who are in none."""
    senders = Key.objects.filter(pk__in=Submission.objects.order_by().values("key"))
    return {crowd_of(*sender) for sender in senders.values_list("key_id", "contributor__display_name")}
