"""A table that becomes cards on a phone: each cell carries the heading of its column, for the style sheet to show.

Browsers forget what a table is once its parts are laid out as blocks, so the parts say it in roles. What is read here
are our own tags in a rendered table: text in it is escaped, so that a `<` always begins a tag.
"""

from __future__ import annotations

import re
from html import unescape

from django.utils.html import escape, strip_tags

HEAD = re.compile(r"<thead[\s>].*?</thead>", re.DOTALL)
HEADING = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
PART = re.compile(r"<(table|thead|tbody|tr|td|th)\b([^>]*)>")
SPAN = re.compile(r'\bcolspan="(\d+)"')
COLUMN = re.compile(r'\bscope="col"')
CLASS = re.compile(r'\bclass="')
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
    labels = [" ".join(unescape(strip_tags(heading)).split()) for heading in HEADING.findall(head[0])]
    column = 0

    def mark(part: re.Match[str]) -> str:
        nonlocal column
        tag, attributes = part[1], part[2]
        role, label = ROLES[tag], ""
        if tag == "tr":
            column = 0
        elif tag == "table":
            attributes = (
                CLASS.sub('class="card-table ', attributes)
                if CLASS.search(attributes)
                else f'{attributes} class="card-table"'
            )
        elif tag in {"td", "th"}:
            if tag == "th" and COLUMN.search(attributes):
                role = "columnheader"
            elif tag == "td" and column < len(labels) and labels[column]:
                label = f' data-label="{escape(labels[column])}"'
            span = SPAN.search(attributes)
            column += int(span[1]) if span else 1
        return f'<{tag}{attributes} role="{role}"{label}>'

    return PART.sub(mark, table)
