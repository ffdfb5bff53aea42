"""Template filters: numbers with units, titles and words. A missing number is a dash, never zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext

from measurements.display.numbers import THIN, TIMES, significant, whole
from measurements.display.titles import translated

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString


class Interval(Protocol):
    """Anything with two ends, which may be unknown."""

    @property
    def low(self) -> float | None:
        """The lower end; None where it is not known."""

    @property
    def high(self) -> float | None:
        """The upper end; None where it is not known."""


register = template.Library()
DASH = "\u2013"

register.filter("translated", translated)


@register.filter
def outside(value: object) -> SafeString:
    """Text that a stranger chose, isolated: its writing direction cannot reach the words around it."""
    return format_html("<bdi>{}</bdi>", value)


def with_unit(value: float, unit: str) -> str:
    """Three significant digits, a thin space, the unit."""
    return f"{significant(value)}{THIN}{unit}"


@register.filter
def figure(value: float | None) -> str:
    """Three significant digits without a unit, for a column whose heading names it."""
    return DASH if value is None else significant(value)


@register.filter
def joules(value: float | None) -> str:
    """An energy in joules."""
    return DASH if value is None else with_unit(value, gettext("J"))


@register.filter
def watt_hours(value: float | None) -> str:
    """An energy in watt-hours."""
    return DASH if value is None else with_unit(value, gettext("Wh"))


@register.filter
def kilowatt_hours(value: float | None) -> str:
    """An energy in kilowatt-hours."""
    return DASH if value is None else with_unit(value, gettext("kWh"))


@register.filter
def kilograms(value: float | None) -> str:
    """Emissions in kilograms of CO2e."""
    return DASH if value is None else with_unit(value, gettext("kg CO2e"))


@register.filter
def seconds(value: float | None) -> str:
    """A time in seconds."""
    return DASH if value is None else with_unit(value, gettext("s"))


@register.filter
def watts(value: float | None) -> str:
    """A power in watts."""
    return DASH if value is None else with_unit(value, gettext("W"))


@register.filter
def gibibytes(value: int | None) -> str:
    """A memory size, given in bytes."""
    return DASH if value is None else with_unit(value / 2**30, gettext("GiB"))


@register.filter
def times(value: float) -> str:
    """A ratio: how many times."""
    return f"{significant(value)}{THIN}{TIMES}"


@register.filter
def count(value: int | None) -> str:
    """A whole number with its thousands apart; a dash for None."""
    return DASH if value is None else whole(value)


@register.filter
def rounded_count(value: float) -> str:
    """A large number to four significant digits, without a power of ten, to be read beside a whole one."""
    return whole(int(float(f"{value:.3e}")))


@register.filter
def parameters(value: int | None) -> str:
    """A count of weights, in millions or billions."""
    if value is None:
        return DASH
    if value >= 10**9:
        return gettext("%(n)s billion parameters") % {"n": significant(value / 1e9)}
    if value >= 10**6:
        return gettext("%(n)s million parameters") % {"n": significant(value / 1e6)}
    return ngettext("%(n)s parameter", "%(n)s parameters", value) % {"n": whole(value)}


@register.filter
def moment(value: datetime) -> str:
    """A time of day, with its zone."""
    return f"{date_format(value, 'Y-m-d H:i')}{THIN}UTC"


@register.filter
def short(value: str) -> str:
    """The first twelve digits of a digest."""
    return value[:12]


@register.filter
def grade_name(grade: str) -> str:
    """Measured, estimated or published, in the reader's language."""
    return {
        "measured": gettext("measured"),
        "estimated": gettext("estimated"),
        "published": gettext("published"),
        "own": gettext("the reader's own"),
    }[grade]


@register.filter
def kind_name(kind: str) -> str:
    """The kind of a model in the reader's language."""
    return {
        "general-purpose": gettext("general-purpose"),
        "task-specific": gettext("task-specific"),
        "unknown": gettext("kind not stated"),
    }[kind]


@register.filter
def state_name(state: str) -> str:
    """The state of a submission in the reader's language."""
    return {
        "received": gettext("waits for a verdict"),
        "checking": gettext("is being checked"),
        "accepted": gettext("accepted"),
        "quarantined": gettext("quarantined"),
        "rejected": gettext("rejected"),
        "withdrawn": gettext("withdrawn"),
    }[state]


@register.filter
def next_step(state: str) -> str:
    """What the sender of a result in this state can do, in the reader's language."""
    return {
        "received": gettext("Nothing to do: a result that waits too long is queued again by itself."),
        "checking": gettext("Nothing to do: a worker looks at it now."),
        "accepted": gettext("Nothing to do. If it was measured wrongly, withdraw it: joulemark withdraw."),
        "quarantined": gettext(
            "A moderator looks at it. Read the sentences below; measure again, or tell your side: joulemark appeal."
        ),
        "rejected": gettext(
            "Read the sentences below and measure again. If the verdict is wrong: joulemark appeal, within 30 days."
        ),
        "withdrawn": gettext(
            "It was taken back by its sender and counts no more; its bytes and its log leaves stay."
        ),
    }[state]


@register.filter
def decision_reason(reason: str) -> str:
    """Why a moderator decided as they did, in the reader's language."""
    return {
        "evidence-holds": gettext("the evidence holds after a closer look"),
        "evidence-fails": gettext("the evidence does not hold"),
        "key-misused": gettext("the key was misused"),
        "contributor-asked": gettext("the contributor asked for it"),
        "appeal-granted": gettext("the appeal is right"),
        "appeal-denied": gettext("the appeal does not change the evidence"),
    }[reason]


@register.filter
def withdrawal_reason(reason: str) -> str:
    """Why a contributor took a result back, in the reader's language."""
    return {
        "measured-wrongly": gettext("it was measured wrongly"),
        "wrong-machine": gettext("it was measured on the wrong machine"),
        "private": gettext("for private reasons"),
    }.get(reason) or gettext("for another reason")


@register.filter
def cause_name(cause: str) -> str:
    """Why a verdict was given again, in the reader's language."""
    return {
        "new-rules": gettext("the rules have changed"),
        "key-revoked": gettext("its key was revoked"),
    }.get(cause, "")


@register.filter
def tier_name(tier: str) -> str:
    """How far a value has come, in the reader's language."""
    return {
        "single source": gettext("single source"),
        "several sources": gettext("several sources, not replicated"),
        "replicated": gettext("replicated"),
        "established": gettext("established"),
        "published": gettext("published"),
    }[tier]


@register.filter
def verdict_name(verdict: str) -> str:
    """The verdict on a claim, in the reader's language."""
    return {
        "holds": gettext("holds"),
        "holds-approximately": gettext("holds approximately"),
        "belongs-elsewhere": gettext("belongs to something else"),
        "does-not-hold": gettext("does not hold"),
    }[verdict]


@register.filter
def parity_cause(cause: str) -> str:
    """Why a printed number of queries differs from the recomputed one, in the reader's language."""
    return {
        "query-energy-rounded": gettext("the energy of a query was rounded before dividing"),
        "query-energy-differs": gettext("the printed energy of a query is not that of the logs"),
        "parts-do-not-give-it": gettext("the printed parts do not give the printed number"),
    }[cause]


@register.filter
def licence_name(licence: str | None) -> str:
    """The terms of a source, in the reader's language; an SPDX name stays as it is."""
    return {
        None: DASH,
        "LicenseRef-cited-fact": gettext("a fact, cited"),
        "LicenseRef-US-public-domain": gettext("public domain (US government)"),
    }.get(licence) or str(licence)


@register.filter
def interval(quantity: Interval) -> str:
    """The ends of an interval, or a dash where none is known."""
    if quantity.low is None or quantity.high is None:
        return DASH
    return f"{significant(quantity.low)} – {significant(quantity.high)}"  # noqa: RUF001 - a dash between numbers


@register.filter
def formed_name(formed: str) -> str:
    """How a ratio was formed, in the reader's language."""
    return {
        "same device": gettext("on the same device"),
        "cells": gettext("from separate values"),
        "mixed": gettext("partly on the same device"),
    }[formed]


@register.filter
def scope_name(scope: str) -> str:
    """What an energy covers, in the reader's language."""
    return {
        "gpu": gettext("GPU board"),
        "gpu+cpu": gettext("GPU and CPU"),
        "gpu+cpu+dram": gettext("GPU, CPU and memory"),
        "cpu": gettext("CPU"),
        "cpu+dram": gettext("CPU and memory"),
        "node": gettext("whole node"),
        "node-gpus": gettext("all GPUs of a node"),
        "node-cpus": gettext("processors of a node"),
        "node-dram": gettext("memory of a node"),
        "node over node-gpus": gettext("whole node over its GPUs"),
        "not-stated": gettext("scope not stated"),
    }.get(scope, scope)


@register.filter
def percent(share: float) -> str:
    """A share as a percentage, two significant digits."""
    return f"{significant(share * 100, digits=2)}{THIN}%"


@register.filter
def unscored_reason(reason: str) -> str:
    """Why a metric has no value, in the reader's language; a reason of a later agent stays as it was written."""
    return {
        "no-references": gettext("the data set has no reference answers"),
        "labels-unknown": gettext("what the labels of one side mean is not known"),
        "labels-do-not-meet": gettext("the model cannot name most of the classes of the data set"),
        "needs-a-corpus": gettext("needs the references of a whole corpus"),
        "needs-another-model": gettext("needs a second model"),
        "open-ended": gettext("an open question has no one right answer"),
        "not-a-number": gettext("its library gave no number"),
    }.get(reason) or format_html("<q><bdi>{}</bdi></q>", reason)
