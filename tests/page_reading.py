"""A page of HTML as a tree: elements by tag and class, texts with what encloses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
DATA_BLOCK = re.compile(r'<script type="application/ld\+json">[^<>&]*</script>')
"""What a page says in schema.org's words: data that no browser runs."""


@dataclass(eq=False)
class Element:
    """An element with its children in order, texts among them."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of its text, white space collapsed."""
        return re.sub(r"[ \t\r\n]+", " ", " ".join(text for text, _ in self.texts())).strip()

    def all(self, tag: str, name: str = "") -> list[Element]:
        """Every element of a tag inside, itself among them, that has the class `name`."""
        found = (
            [self]
            if self.tag == tag and (not name or name in self.attributes.get("class", "").split())
            else []
        )
        for child in self.children:
            if isinstance(child, Element):
                found += child.all(tag, name)
        return found

    def first(self, tag: str, name: str = "") -> Element:
        """The first of them. Raises IndexError where there is none."""
        return self.all(tag, name)[0]

    def texts(self, above: tuple[Element, ...] = ()) -> Iterator[tuple[str, tuple[Element, ...]]]:
        """Every text inside, with the elements around it from the outermost to the innermost."""
        around = (*above, self)
        for child in self.children:
            if isinstance(child, str):
                yield child, around
            else:
                yield from child.texts(around)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        places = [place for place, element in enumerate(self._open) if element.tag == tag]
        if places:
            del self._open[places[-1] :]

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


@dataclass
class Page:
    """A page by its root."""

    root: Element

    def first(self, tag: str, name: str = "") -> Element:
        """The first element of a tag with a class."""
        return self.root.first(tag, name)


def read_page(html: str) -> Page:
    """The page as a tree."""
    reader = _Reader()
    reader.feed(html)
    return Page(reader.root)
