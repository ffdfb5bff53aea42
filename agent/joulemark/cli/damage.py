"""What a command says about files of the outbox that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.cli.output import CommandOutput
    from joulemark.outbox import Kept, Outbox


def tell_damaged(output: CommandOutput, outbox: Outbox) -> list[dict[str, str]]:
    """Say which results are damaged; their rows for the JSON answer."""
    rows = []
    for one in outbox.damaged():
        output.say(
            _("{name}  damaged  {reason} Restore it from a copy, or remove it.").format(
                name=one.path.name[:16], reason=one.reason
            )
        )
        rows.append({"file": str(one.path), "reason": one.reason})
    return rows


def tell_note_faults(output: CommandOutput, results: Iterable[Kept]) -> None:
    """Say which notes could not be read; their results count as never sent or refused."""
    for kept in results:
        if kept.note_fault is not None:
            output.aside(f"joulemark: {kept.note_fault}")
