"""Write the table of attacks into docs/trust.md: `python -m tests.contract.attacks.table` (`make attacks-docs`)."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "trust.md"
BEGIN, END = "<!-- attacks: generated from tests/contract/attacks -->\n", "<!-- end of attacks -->\n"


def table() -> str:
    """The lines of every attack, in the order of the files and within them."""
    for part in ("", "simulation", "platform", "agent"):
        sys.path.append(str(ROOT / part))
    from tests.contract.attacks.book import FILES, lines

    for name in FILES:
        import_module(f"tests.contract.attacks.{name}")
    return "\n".join(lines()) + "\n"


def page(text: str, found: str) -> str:
    """The page `text` with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{found}{END}{after}"


def main() -> None:
    """Rewrite the page."""
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joulemark_site.settings")
    for part in ("platform", "agent"):
        sys.path.append(str(ROOT / part))
    import django

    django.setup()
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), table()), encoding="utf-8")


if __name__ == "__main__":
    main()
