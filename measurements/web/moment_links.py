"""Links and forms of a page that carry its moment on, whoever wrote them: what is asked as of a day stays of that day.

A page as of a moment, and a page of the present that was reached from one, pass through here once as they are written.
A link leaves the moment only where its relation says so (`rel="latest-version"`, RFC 5829).
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from measurements.web.as_of import PARAMETERS, keeps_moment

if TYPE_CHECKING:
    from measurements.web.as_of import Moment

LINK = re.compile(r'<a\b([^>]*?)\shref="([^"]*)"([^>]*)>')
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
ACTION = re.compile(r'\saction="([^"]*)"')
LEAVES = 'rel="latest-version"'
NAMES = re.compile(rf'\sname="(?:{"|".join(PARAMETERS)})"')


def with_moment(html: str, moment: Moment) -> str:
    """A page's HTML in which links and forms to pages of this platform carry the moment on."""
    return FORM.sub(lambda form: _form(form, moment), LINK.sub(lambda link: _link(link, moment), html))


def _link(link: re.Match[str], moment: Moment) -> str:
    before, href, after = link.groups()
    if LEAVES in before or LEAVES in after:
        return link[0]
    return f'<a{before} href="{escape(address_with_moment(unescape(href), moment))}"{after}>'


def address_with_moment(address: str, moment: Moment) -> str:
    """An address with the moment, where it leads to a page and names none; any other as it is."""
    target = urlsplit(address)
    is_question = not target.path and bool(target.query)
    if target.scheme or target.netloc or not (is_question or keeps_moment(target.path)):
        return address
    if any(name in PARAMETERS for name, _ in parse_qsl(target.query, keep_blank_values=True)):
        return address
    question = "&".join(part for part in (target.query, moment.query) if part)
    return f"{target.path}?{question}{'#' + target.fragment if target.fragment else ''}"


def _form(form: re.Match[str], moment: Moment) -> str:
    attributes, content = form.groups()
    action = ACTION.search(attributes)
    if (action and action[1] and not keeps_moment(unescape(action[1]))) or NAMES.search(content):
        return form[0]
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parse_qsl(moment.query)
    )
    return f"<form{attributes}>{fields}{content}</form>"
