"""A law over the templates: what stands on several pages is written once, in a tag or a template that they include."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATES = [
    file for source in ("measurements", "platform") for file in sorted((ROOT / source).rglob("*.html"))
]
LONG = 60
"""Characters of a line that says more than a heading or a cell's frame."""
MAX_LINE = 140
"""Characters of a line of a template, at most."""


def markup(line: str) -> str:
    """A line without what names things elsewhere: its translations, includes and headings of columns."""
    heading = r"<(h\d|th)\b[^>]*>\{% translate .* %\}(</\1>)?|\{% column_help .* %\}</th>"
    if re.fullmatch(rf"\{{% include .* %\}}|{heading}|<(meta|link)\b.*>", line):
        return ""
    return line


def test_no_line_of_markup_is_in_two_templates() -> None:
    places = defaultdict(set)
    for file in TEMPLATES:
        for line in file.read_text(encoding="utf-8").splitlines():
            if len(markup(line.strip())) >= LONG:
                places[line.strip()].add(file.name)
    twice = {line: sorted(files) for line, files in places.items() if len(files) > 1}
    assert twice == {}


def test_no_line_of_a_template_is_too_long() -> None:
    """Sentences are wrapped in a trimmed `blocktranslate`, markup where white space is not shown (decision 59)."""
    assert len(TEMPLATES) > 40, "the templates are elsewhere"
    long = [
        f"{file.relative_to(ROOT)}:{number}: {len(line)} characters"
        for file in TEMPLATES
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > MAX_LINE
    ]
    assert long == []


def test_frames_of_tables_pages_and_plots_are_written_once() -> None:
    """Tables have `table_frame`, marks a filter, the way to other pages `_pager.html`, a plot `_figure.html`."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in TEMPLATES}
    assert [name for name, text in texts.items() if 'class="scroll"' in text] == []
    assert [name for name, text in texts.items() if "page.has_next" in text] == ["_pager.html"]
    assert [name for name, text in texts.items() if "plot.description" in text] == ["_figure.html"]
    assert [name for name, text in texts.items() if 'class="mark' in text] == []


def test_numbers_of_a_plots_geometry_are_not_in_its_template() -> None:
    """They are a drawing's: its template has the height alone, as a variable."""
    text = (ROOT / "measurements/display/templates/display/_figure.html").read_text(encoding="utf-8")
    assert "plot|drawn" in text
    assert not re.findall(r"<(?:line|circle|path|rect|text)\b", text)
    assert re.findall(r'\b(?:height|[xy][12]?)="([^"]*)"', text) == ["{{ plot.height_rem }}"]
