"""How to cite a page as it is now: APA, BibTeX and CSL-JSON, with an address that keeps showing what was cited."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import gettext

from measurements.web.plain_text import plain_text

if TYPE_CHECKING:
    from datetime import datetime

AUTHOR = "Joulemark contributors"
LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
IN_KEY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class Citation:
    """What is cited: `address` shows it for good, `version` is its board's, None where it has none."""

    title: str
    address: str
    version: int | None
    at: datetime
    language: str

    @property
    def apa(self) -> str:
        """One line in the style of the American Psychological Association, 7th edition, for a data set."""
        version = "" if self.version is None else f" ({gettext('Version {n}').format(n=self.version)})"
        day = date_format(self.at, "Y, F j") if self.language == "en" else date_format(self.at, "Y-m-d")
        form = gettext("Data set")
        return f"{AUTHOR}. ({day}). {self._title}{version} [{form}]. Joulemark. {self.address}"

    @property
    def bibtex(self) -> str:
        """An entry for BibTeX; every character that LaTeX reads as a command is escaped."""
        fields = {
            "author": f"{{{AUTHOR}}}",
            "title": "".join(LATEX.get(c, c) for c in self._title),
            "year": f"{self.at:%Y}",
            "month": f"{self.at.month}",
            "day": f"{self.at.day}",
            **({} if self.version is None else {"version": str(self.version)}),
            "howpublished": "Joulemark",
            "url": self.address.replace("{", "%7B").replace("}", "%7D"),
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
        return "\n".join([f"@misc{{{self._key},", *lines, "}"])

    @property
    def csl(self) -> str:
        """The same as CSL-JSON, which Zotero and pandoc read."""
        entry: dict[str, Any] = {
            "id": self._key,
            "type": "dataset",
            "title": self._title,
            "author": [{"literal": AUTHOR}],
            "issued": {"date-parts": [[self.at.year, self.at.month, self.at.day]]},
            **({} if self.version is None else {"version": str(self.version)}),
            "publisher": "Joulemark",
            "URL": self.address,
            "language": self.language,
        }
        return json.dumps([entry], ensure_ascii=False)

    @property
    def _title(self) -> str:
        return plain_text(self.title)

    @property
    def _key(self) -> str:
        words = IN_KEY.sub("-", plain_text(self.title, limit=60).lower()).strip("-")
        return f"joulemark-{words or 'page'}-{self.at:%Y%m%d}"
