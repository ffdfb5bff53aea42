"""The lines of progress, which never wrap: each fact is a part of its own, and the parts flow into the width."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from joulemark.session.progress import WindowState

LEAST_WIDTH = 10
MOST_LINES = 6
SEPARATOR = " · "
STAGES = {
    "preflight": marked("watching the machine at rest"),
    "first kernel": marked("first kernel"),
    "probe": marked("probing the energy counter"),
    "fetching": marked("fetching"),
    "loading": marked("loading the model"),
    "warm-up": marked("warm-up"),
    "control": marked("control kernel"),
    "idle-before": marked("idle before the windows"),
    "idle-after": marked("idle after the windows"),
    "window": marked("window"),
    "scoring": marked("scoring the answers"),
    "sending": marked("sending results"),
    "waiting for the verdict": marked("waiting for the verdict"),
    "waiting": marked("waiting for an answer"),
}
SUBSTITUTES = {"…": "...", "·": "|", "±": "+/-", "°": "", "—": "-"}
"""For terminals whose encoding lacks a character."""


@dataclass(frozen=True, kw_only=True)
class JobState:
    """Job `number` of `of`. `estimated`: its energy is no measurement."""

    number: int
    of: int
    key: str
    estimated: bool = False


def job_lines(job: JobState | None, parts: Iterable[str], *, width: int, encoding: str) -> list[str]:
    """The block of lines about a job: its number and name, then the parts; each at most `width` cells wide.

    The name is shortened in its middle. Parts that find no room in MOST_LINES lines are left out, the last ones first.
    """
    lines = [] if job is None else [job_title(job, width=width, encoding=encoding)]
    return [*lines, *flowed(parts, width=width, encoding=encoding)][:MOST_LINES]


def job_title(job: JobState, *, width: int, encoding: str) -> str:
    """`Job 2 of 14  TASK/DATASET/MODEL`, the name shortened in its middle to fit."""
    head = encodable(_("Job {number} of {of}").format(number=job.number, of=job.of), encoding)
    name = encodable(job.key, encoding)
    return cropped(
        f"{head}  {shortened(name, width - cell_len(head) - 2, encoding=encoding)}", width, encoding=encoding
    )


def window_parts(name: str, window: WindowState | None) -> list[str]:
    """The stage, and of a window also its number and the precision so far."""
    if window is None:
        return [_(STAGES.get(name, name))]
    number = _("window {number} of at most {most}").format(number=window.number, most=window.most)
    if window.target is None:
        return [_("window {number} of {most}").format(number=window.number, most=window.most)]
    if window.half_width is None or not math.isfinite(window.half_width):
        return [number, _("target ±{target:.3g} %").format(target=100 * window.target)]
    return [
        number,
        _("±{half_width:.2g} %, target ±{target:.3g} %").format(
            half_width=100 * window.half_width, target=100 * window.target
        ),
    ]


def time_parts(job_left_s: float | None, plan_left_s: float | None) -> list[str]:
    """The time left of the job, at most, and of the plan, about; the plan lasts at least as long as its job."""
    parts = []
    if job_left_s is not None and job_left_s < 1:
        parts.append(_("the job's time is up"))
    elif job_left_s is not None:
        parts.append(_("job at most {time}").format(time=clock_time(job_left_s)))
    if plan_left_s is not None:
        parts.append(_("plan about {time}").format(time=rough_time(max(plan_left_s, job_left_s or 0.0))))
    return parts


def power_part(
    power_w: float | None, *, estimated: bool, temperature_c: int | None = None, bars: str = ""
) -> str:
    """Watts, whether they are an estimate, bars of the last seconds, and degrees Celsius, as far as they are known."""
    if power_w is None:
        return _("estimated") if estimated else ""
    watts = (_("{power:.1f} W estimated") if estimated else _("{power:.1f} W")).format(power=power_w)
    warmth = "" if temperature_c is None else _("{temperature} °C").format(temperature=temperature_c)
    return " ".join(part for part in (watts, bars, warmth) if part)


def queries_part(count: int | None) -> str:
    """How many queries a stage has; nothing where that is not known."""
    if count is None:
        return ""
    return ngettext("{count} query", "{count} queries", count).format(count=count)


def flags_part(flags: Iterable[str]) -> str:
    """The flags that the result gets by now; nothing without one."""
    names = ", ".join(sorted(flags))
    return _("flagged {flags}").format(flags=names) if names else ""


def bytes_part(done_bytes: int, total_bytes: int) -> str:
    """How much has come, in megabytes."""
    return _("{done:.1f} of {total:.1f} MB").format(done=done_bytes / 1e6, total=total_bytes / 1e6)


def clock_time(seconds: float) -> str:
    """Seconds; minutes and seconds from a minute on, hours and minutes from an hour on."""
    whole = round(seconds)
    if whole < 60:
        return _("{seconds} s").format(seconds=whole)
    if whole < 3600:
        return _("{minutes}:{seconds:02d} min").format(minutes=whole // 60, seconds=whole % 60)
    return _("{hours} h {minutes:02d} min").format(hours=whole // 3600, minutes=whole % 3600 // 60)


def rough_time(seconds: float) -> str:
    """Minutes; hours and minutes from an hour on."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return _("{minutes} min").format(minutes=minutes)
    return _("{hours} h {minutes:02d} min").format(hours=minutes // 60, minutes=minutes % 60)


def flowed(parts: Iterable[str], *, width: int, encoding: str) -> list[str]:
    """The parts in their order, as many on a line as fit."""
    lines: list[str] = []
    separator = encodable(SEPARATOR, encoding)
    for part in filter(None, parts):
        text = cropped(encodable(part, encoding), width, encoding=encoding)
        if lines and cell_len(lines[-1]) + cell_len(separator) + cell_len(text) <= width:
            lines[-1] += separator + text
        else:
            lines.append(text)
    return lines


def shortened(name: str, width: int, *, encoding: str) -> str:
    """A name in `width` cells: its middle is left out, and more of its end stays than of its beginning."""
    width = max(width, LEAST_WIDTH)
    if cell_len(name) <= width:
        return name
    mark = encodable("…", encoding)
    room = width - cell_len(mark)
    head = room // 3
    return f"{_beginning(name, head)}{mark}{_beginning(name[::-1], room - head)[::-1]}"


def cropped(text: str, width: int, *, encoding: str) -> str:
    """A text in `width` cells: its end is left out."""
    if cell_len(text) <= width:
        return text
    mark = encodable("…", encoding)
    return _beginning(text, max(width - cell_len(mark), 0)) + mark


def _beginning(text: str, cells: int) -> str:
    """As many whole characters as fit into so many cells."""
    return set_cell_size(text, cells).rstrip()


def encodable(text: str, encoding: str) -> str:
    """The text in characters that the terminal can show, each on one line; what it lacks becomes a substitute."""
    return "".join(_encodable_character(character, encoding) for character in text)


def _encodable_character(character: str, encoding: str) -> str:
    if character.isspace():
        return " "
    if not character.isprintable():
        return "?"
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return SUBSTITUTES.get(character, "?")
    return character


def encodes(text: str, encoding: str) -> bool:
    """Whether every character can be shown."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def words_of(parts: Sequence[str]) -> str:
    """The parts as one line of a log, however long."""
    return ", ".join(part for part in parts if part)
