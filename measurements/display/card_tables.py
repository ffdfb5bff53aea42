"""A table that becomes cards on a phone: each cell carries the heading of its column, for the style sheet to show.

Browsers forget what a table is once its parts are laid out as blocks, so the parts say it in roles. What is read here
are our own tags in a rendered table: text in it is escaped, so that a `<` always begins a tag.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape

from django.utils.html import escape, strip_tags

HEAD = re.compile(r"<thead[\s>].*?</thead>", re.DOTALL)
HEADING = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
FRAME = re.compile(r"<(table|thead|tbody)\b([^>]*)>")
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<(tr|td|th)\b([^>]*)>")
SPAN = re.compile(r'\bcolspan="(\d+)"')
COLUMN = re.compile(r'\bscope="col"')
CLASS = re.compile(r'\bclass="')
KEPT_ROWS = 1024
"""Rows that a process keeps as cards, a few kilobytes each."""
ROLES = {
    "table": "table",
    "thead": "rowgroup",
    "tbody": "rowgroup",
    "tr": "row",
    "td": "cell",
    "th": "rowheader",
}


def as_cards(table: str) -> str:
    """A rendered table whose cells know their headings. Raises ValueError for one without a head."""
    head = HEAD.search(table)
    if head is None:
        raise ValueError("A table without a head has no headings for its cards.")
    labels = tuple(_label(heading) for heading in HEADING.findall(head[0]))
    return ROW.sub(lambda row: _row(row[0], labels), FRAME.sub(_frame, table))


def _label(heading: str) -> str:
    """The attribute with the words of a heading; "" for one without."""
    words = " ".join(unescape(strip_tags(heading)).split())
    return f' data-label="{escape(words)}"' if words else ""


def _frame(part: re.Match[str]) -> str:
    tag, attributes = part[1], part[2]
    if tag == "table":
        attributes = (
            CLASS.sub('class="card-table ', attributes)
            if CLASS.search(attributes)
            else f'{attributes} class="card-table"'
        )
    return f'<{tag}{attributes} role="{ROLES[tag]}">'


@lru_cache(maxsize=KEPT_ROWS)
def _row(row: str, labels: tuple[str, ...]) -> str:
    """A row whose cells know their headings: most rows of a table are as they were when it was read last."""
    column = 0

    def mark(part: re.Match[str]) -> str:
        nonlocal column
        tag, attributes = part[1], part[2]
        role, label = ROLES[tag], ""
        if tag != "tr":
            if tag == "th" and COLUMN.search(attributes):
                role = "columnheader"
            elif tag == "td" and column < len(labels):
                label = labels[column]
            span = SPAN.search(attributes)
            column += int(span[1]) if span else 1
        return f'<{tag}{attributes} role="{role}"{label}>'

    return CELL.sub(mark, row)
