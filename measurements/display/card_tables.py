"""A table that becomes cards on a phone: each cell carries the heading of its column, for the style sheet to show.

What is read here are our own tags in a rendered table: text in it is escaped, so that a `<` always begins a tag. Parts
of a table get no roles: HTML forbids them on its rows and cells.

"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape

from django.utils.html import escape, strip_tags

HEAD = re.compile(r"<thead[\s>].*?</thead>", re.DOTALL)
HEADING = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
FRAME = re.compile(r"<table\b([^>]*)>")
HELP = re.compile(r'<button\b.*?</button>|<span class="column-help".*?</span>', re.DOTALL)
"""What a heading holds beside its words: the button that explains the column, and the explanation."""
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
CELL = re.compile(r"<(td|th)\b([^>]*)>")
SPAN = re.compile(r'\bcolspan="(\d+)"')
CLASS = re.compile(r'\bclass="')
KEPT_ROWS = 1024
"""Rows that a process keeps as cards, a few kilobytes each."""


def as_cards(table: str) -> str:
    """A rendered table whose cells know their headings. Raises ValueError for one without a head."""
    head = HEAD.search(table)
    if head is None:
        raise ValueError("A table without a head has no headings for its cards.")
    labels = tuple(_label(heading) for heading in HEADING.findall(head[0]))
    return ROW.sub(lambda row: _row(row[0], labels), FRAME.sub(_frame, table))


def _label(heading: str) -> str:
    """The attribute with the words of a heading; "" for one without."""
    words = " ".join(unescape(strip_tags(HELP.sub("", heading))).split())
    return f' data-label="{escape(words)}"' if words else ""


def _frame(table: re.Match[str]) -> str:
    attributes = table[1]
    if CLASS.search(attributes):
        return "<table" + CLASS.sub('class="card-table ', attributes) + ">"
    return f'<table{attributes} class="card-table">'


@lru_cache(maxsize=KEPT_ROWS)
def _row(row: str, labels: tuple[str, ...]) -> str:
    """A row whose cells know their headings: most rows of a table are as they were when it was read last."""
    column = 0

    def mark(part: re.Match[str]) -> str:
        nonlocal column
        tag, attributes = part[1], part[2]
        label = labels[column] if tag == "td" and column < len(labels) else ""
        span = SPAN.search(attributes)
        column += int(span[1]) if span else 1
        return f"<{tag}{attributes}{label}>"

    return CELL.sub(mark, row)
