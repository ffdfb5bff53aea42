"""What each page of a copy has beside its content: where it comes from, a policy, and the style of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.template.loader import render_to_string

from joulemark_site.security import STRICT, policy
from joulemark_site.static_copy.errors import SiteCopyError
from joulemark_site.static_copy.relative_links import relative
from measurements.web.languages import current_language

if TYPE_CHECKING:
    from datetime import datetime

STYLE = "copy/copy.css"
HEAD_END = "</head>"
CHARSET = '<meta charset="utf-8">'
CONTENT = '<main id="content"'
ONLY_AS_HEADER = frozenset({"frame-ancestors"})
POLICY = policy({name: sources for name, sources in STRICT.items() if name not in ONLY_AS_HEADER})
"""The platform's own policy, as far as an element can state one; a file server sends none."""


@dataclass(frozen=True, kw_only=True)
class CopyOrigin:
    """What a page of a copy says of it. `log_size` is of the moment of its pages; the release covers `release_size`."""

    release: str
    at: datetime
    origin: str
    licence: str
    software: str
    log_size: int
    release_size: int


def framed(html: str, *, url: str, file: str, origin: CopyOrigin) -> str:
    """A page with the frame of the copy. Raises SiteCopyError for a page without a place for it."""
    if any(html.count(mark) != 1 for mark in (HEAD_END, CHARSET, CONTENT)):
        raise SiteCopyError(
            "JM-SITE-PAGE", f"{url} is no page of the site's template; report this as a fault."
        )
    note = render_to_string(
        "static_copy/_note.html",
        {
            "copy": origin,
            "live_url": f"{origin.origin}{url}",
            "explorer": relative(f"{current_language()}/explorer/index.html", start=file),
            "data": relative(f"releases/{origin.release}/README.md", start=file),
        },
    )
    style = f'<link rel="stylesheet" href="{relative(STYLE, start=file)}">'
    rule = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    return (
        html.replace(CHARSET, f"{CHARSET}\n    {rule}")
        .replace(HEAD_END, f"  {style}\n  {HEAD_END}")
        .replace(CONTENT, f"{note}{CONTENT}")
    )
