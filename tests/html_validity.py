"""What a page of HTML must be beyond balanced tags: rules of the standard that need no validator of its own.

`faults_of` answers with sentences, none for a valid page. Read are the tags as they are written, then the tree:
identifiers and what refers to them, labels, headings, languages, what may stand in what, columns of tables.
`make html-check` holds the same pages against the Nu validator.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from tests.page_reading import VOID, Element, read_page

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCES = ("aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "headers")
"""Attributes whose words are identifiers of the same page."""
LABELABLE = {"button", "input", "meter", "output", "progress", "select", "textarea"}
NO_LABEL_NEEDED = {"hidden", "submit", "reset", "button", "image"}
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
BLOCKS = {
    "address", "article", "aside", "blockquote", "details", "dialog", "div", "dl", "fieldset", "figcaption", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
    "section", "table", "ul",
}  # fmt: skip
PHRASING_ONLY = {
    "abbr", "b", "bdi", "bdo", "button", "cite", "code", "data", "dfn", "em", "h1", "h2", "h3", "h4", "h5", "h6", "i",
    "kbd", "label", "legend", "mark", "meter", "output", "p", "pre", "q", "s", "samp", "small", "span", "strong",
    "sub", "sup", "time", "var",
}  # fmt: skip
INTERACTIVE = {"a", "button", "details", "embed", "iframe", "input", "label", "select", "textarea"}
ONLY_CHILDREN = {
    "ul": {"li"}, "ol": {"li"}, "dl": {"dt", "dd", "div"}, "select": {"option", "optgroup", "hr"},
    "optgroup": {"option"}, "tr": {"th", "td"}, "thead": {"tr"}, "tbody": {"tr"}, "tfoot": {"tr"},
    "table": {"caption", "colgroup", "thead", "tbody", "tfoot", "tr"},
}  # fmt: skip
TEXTLESS = set(ONLY_CHILDREN) - {"optgroup", "select"}
"""Elements in which no words stand but those of their children."""
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?)?)?")
RAW = re.compile(r"<(script|style|title|textarea)\b.*?</\1>|<!doctype html>|<!--.*?-->", re.DOTALL)
"""Where `<` and `&` mean other things."""
BARE = re.compile(r"&(?!#\d+;|#x[0-9a-f]+;|[a-z]+\d*;)|<(?![a-z/])", re.IGNORECASE)


class Written(HTMLParser):
    """Tags as they are written: each closed where it should be, no attribute twice, no bare `<` or `&`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.faults = [f"a bare {found[0]!r}" for found in BARE.finditer(RAW.sub("", html))]
        if not html.lstrip().lower().startswith("<!doctype html>"):
            self.faults.append("the page does not begin with <!doctype html>")
        self._open: list[str] = []
        self.feed(html)
        self.faults += [f"<{tag}> is never closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        counted = Counter(name for name, _ in attrs)
        self.faults += [f"<{tag}> has {name} twice" for name, number in counted.items() if number > 1]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()
            if "svg" not in self._open:
                self.faults.append(f"<{tag}/> is not void")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            inner = self._open[-1] if self._open else "nothing"
            self.faults.append(f"</{tag}> closes <{inner}>")
        if tag in self._open:
            while self._open.pop() != tag:
                pass


def faults_of(html: str) -> list[str]:
    """Every fault of a page, in words."""
    root = read_page(html).root
    return [
        *Written(html).faults,
        *_identifiers(root),
        *_labels(root),
        *_headings(root),
        *_languages(root),
        *_document(root),
        *(
            fault
            for element, above in every(root)
            for fault in (*_place(element, above), *_content(element, above))
        ),
        *(fault for table in root.all("table") for fault in _columns(table)),
    ]


def every(element: Element, above: tuple[Element, ...] = ()) -> Iterator[tuple[Element, tuple[Element, ...]]]:
    """Every element inside, with the elements around it from the outermost to the innermost."""
    for child in element.children:
        if isinstance(child, Element):
            yield child, above
            yield from every(child, (*above, child))


def _of(element: Element) -> str:
    """How a fault names an element."""
    attributes = "".join(f' {name}="{value[:60]}"' for name, value in list(element.attributes.items())[:3])
    return f"<{element.tag}{attributes}>"


def _identifiers(root: Element) -> Iterator[str]:
    elements = [element for element, _ in every(root)]
    counted = Counter(element.attributes["id"] for element in elements if "id" in element.attributes)
    yield from (f"the id {name!r} comes {number} times" for name, number in counted.items() if number > 1)
    yield from (f"no id: {name!r}" for name in counted if not name or re.search(r"\s", name))
    for element in elements:
        for attribute in REFERENCES:
            for name in element.attributes.get(attribute, "").split():
                if name not in counted:
                    yield f"{attribute} of {_of(element)} refers to nothing"
        for attribute in ("for", "form", "list"):
            if attribute in element.attributes and element.attributes[attribute] not in counted:
                yield f"{attribute} of {_of(element)} refers to nothing"
        target = element.attributes.get("href", "")
        if target.startswith("#") and target not in {"#", "#top"} and target[1:] not in counted:
            yield f"{_of(element)} leads to nothing"


def _labels(root: Element) -> Iterator[str]:
    by_id = {element.attributes.get("id"): element for element, _ in every(root)}
    labelled = {label.attributes.get("for") for label in root.all("label")}
    for label in root.all("label"):
        target = by_id.get(label.attributes.get("for"))
        if target is not None and target.tag not in LABELABLE:
            yield f"a label is for {_of(target)}, which has none"
    for element, above in every(root):
        if element.tag not in {"input", "select", "textarea"}:
            continue
        if element.attributes.get("type") in NO_LABEL_NEEDED:
            continue
        has_name = {"aria-label", "aria-labelledby"} & set(element.attributes)
        if not has_name and element.attributes.get("id") not in labelled and "label" not in _tags(above):
            yield f"{_of(element)} has no label"


def _tags(elements: tuple[Element, ...]) -> set[str]:
    return {element.tag for element in elements}


def _headings(root: Element) -> Iterator[str]:
    before = 0
    for element, _ in every(root):
        if element.tag not in HEADINGS:
            continue
        level = int(element.tag[1])
        if level > before + 1:
            yield f"<{element.tag}> {element.text[:40]!r} follows a heading of level {before}"
        if not element.text:
            yield f"<{element.tag}> is empty"
        before = level


def _languages(root: Element) -> Iterator[str]:
    for element, _ in every(root):
        for attribute in ("lang", "hreflang"):
            value = element.attributes.get(attribute)
            if value is not None and value != "x-default" and not LANGUAGE.fullmatch(value):
                yield f"{attribute}={value!r} is no language"


def _document(root: Element) -> Iterator[str]:
    (html,) = root.all("html") or (Element("html", {}),)
    if not html.attributes.get("lang"):
        yield "the page has no language"
    heads = root.all("head")
    titles = heads[0].all("title") if heads else []
    for tag, elements in {"title": titles, "main": root.all("main"), "h1": root.all("h1")}.items():
        if len(elements) != 1:
            yield f"the page has {len(elements)} <{tag}>"
    if titles and not titles[0].text:
        yield "the title is empty"
    if [meta.attributes.get("charset") for meta in root.all("meta", "")].count("utf-8") != 1:
        yield "the page does not say once that it is UTF-8"


def _place(element: Element, above: tuple[Element, ...]) -> Iterator[str]:
    """Faults of where an element stands. Inside SVG other rules hold."""
    tags = [ancestor.tag for ancestor in above]
    if "svg" in tags:
        return
    if element.tag in BLOCKS and tags and tags[-1] in PHRASING_ONLY:
        yield f"{_of(element)} stands in <{tags[-1]}>"
    outer = {"a", "button", "label"} & set(tags) if element.tag in INTERACTIVE else set()
    if outer and not (outer == {"label"} and element.tag in LABELABLE):
        yield f"{_of(element)} stands in <{min(outer)}>"
    if element.tag in {"dfn", "form", "q"} & set(tags) - {"q"}:
        yield f"{_of(element)} stands in another"
    if tags and element.tag not in ONLY_CHILDREN.get(tags[-1], {element.tag}):
        yield f"{_of(element)} stands in <{tags[-1]}>"


def _content(element: Element, above: tuple[Element, ...]) -> Iterator[str]:
    """Faults of what an element has or lacks."""
    if lack := _lack(element, above):
        yield f"{_of(element)} {lack}"
    if element.tag in {"a", "button", "summary"} and not _name_of(element):
        yield f"{_of(element)} has no name"
    if element.tag in TEXTLESS:
        words = "".join(child for child in element.children if isinstance(child, str)).strip()
        if words:
            yield f"words stand in <{element.tag}>: {words[:40]!r}"


def _lack(element: Element, above: tuple[Element, ...]) -> str:
    """What an element of its kind must have and does not, in words; empty if nothing."""
    attributes = element.attributes
    match element.tag:
        case "img" if "alt" not in attributes:
            return "has no alt"
        case "iframe" if not attributes.get("title"):
            return "has no title"
        case "details" if _tags_of_children(element)[:1] != ["summary"]:
            return "does not begin with a summary"
        case "time" if not DATE.fullmatch(attributes.get("datetime", element.text)):
            return "is no time"
        case "th" if attributes.get("scope", "col") not in {"col", "row", "colgroup", "rowgroup"}:
            return "has no such scope"
        case "svg" if "svg" not in _tags(above) and not _is_named_or_hidden(attributes):
            return "has neither a role with a name nor aria-hidden"
    return ""


def _tags_of_children(element: Element) -> list[str]:
    return [child.tag for child in element.children if isinstance(child, Element)]


def _is_named_or_hidden(attributes: dict[str, str]) -> bool:
    """Whether a drawing has a role and a name, or is hidden from assistive technology."""
    has_name = bool({"aria-label", "aria-labelledby"} & set(attributes))
    has_role = attributes.get("role") in {"img", "group", "graphics-document"}
    return (has_role and has_name) or attributes.get("aria-hidden") == "true"


def _name_of(element: Element) -> str:
    """What assistive technology says of a link or a button."""
    if {"aria-label", "aria-labelledby"} & set(element.attributes):
        return "named"
    return element.text or " ".join(image.attributes.get("alt", "") for image in element.all("img")).strip()


def _columns(table: Element) -> Iterator[str]:
    """Rows of one table have the same number of columns, cells that reach into the next rows among them."""
    widths, reaching = [], Counter[int]()
    for number, row in enumerate(table.all("tr")):
        cells = [child for child in row.children if isinstance(child, Element)]
        width = reaching.pop(number, 0)
        for cell in cells:
            span = int(cell.attributes.get("colspan", 1))
            width += span
            for further in range(1, int(cell.attributes.get("rowspan", 1))):
                reaching[number + further] += span
        widths.append(width)
    if len(set(widths)) > 1:
        yield f"the rows of {_of(table)} have {sorted(set(widths))} columns"
    if reaching:
        yield f"a cell of {_of(table)} reaches below the last row"
