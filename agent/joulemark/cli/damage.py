"""Report the files of the outbox that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.cli.output import CommandOutput
    from joulemark.outbox import Outbox, OutboxResult


def tell_damaged(output: CommandOutput, outbox: Outbox) -> list[dict[str, str]]:
    """Print which results are damaged; returns their rows for the JSON answer."""
    rows = []
    for file in outbox.damaged():
        output.say(
            _("{name}  damaged  {reason} Restore it from a copy, or remove it.").format(
                name=file.path.name[:16], reason=file.reason
            )
        )
        rows.append({"file": str(file.path), "reason": file.reason})
    return rows


def tell_note_faults(output: CommandOutput, results: Iterable[OutboxResult]) -> None:
    """Print which notes could not be read; their results count as never sent or refused."""
    for result in results:
        if result.note_fault is not None:
            output.aside(f"joulemark: {result.note_fault}")
