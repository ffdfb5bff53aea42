"""The rules for readers: `python -m joulemark.rules.page docs/rules.md` writes them into the page.

Text outside the two marks is written by hand and is left unchanged.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark.rules.judge import RULES, RULES_VERSION

if TYPE_CHECKING:
    from joulemark.rules.rule import Rule

BEGIN = "<!-- rules: written by `make rules-docs` from joulemark.rules. Edit the rules, not this section. -->"
END = "<!-- rules: end -->"
NOTHING = "–"  # noqa: RUF001 - a dash for "nothing" in a table


def section() -> str:
    """The rules as a table, and each under a heading of its own, as the target of links."""
    table = [
        f"## Rules, version {RULES_VERSION}\n",
        "| Code | Severity | Satisfied when | What to do if it is violated |",
        "|---|---|---|---|",
        *(
            f"| `{rule.code}` | {rule.severity} | {_cell(rule.condition)} | {_cell(rule.mend)} |"
            for rule in RULES
        ),
    ]
    return "\n".join([*table, "\n## Rule by rule\n", *map(_entry, RULES)])


def with_rules(page: str) -> str:
    """`page` with the text between the marks regenerated. Raises ValueError if a mark is missing."""
    before, begun, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise ValueError(f"The page needs the lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{section()}\n{END}{after}"


def _entry(rule: Rule) -> str:
    restriction = (
        "; checked by the platform only, which has the data for it" if rule.where == "platform" else ""
    )
    return (
        f"### {rule.code}\n\n"
        f"{rule.title}. *{rule.severity}*, last changed in version {rule.version}{restriction}.\n\n"
        f"Satisfied when: {rule.condition}.\n"
        + (f"\nWhat to do: {rule.mend}.\n" if rule.mend is not None else "")
    )


def _cell(text: str | None) -> str:
    return NOTHING if text is None else text.replace("|", "/")


def main(arguments: list[str]) -> int:
    """Write the rules into the page given as the only argument. Returns the exit code."""
    if len(arguments) != 1:
        print("usage: python -m joulemark.rules.page FILE", file=sys.stderr)  # noqa: T201 - a program's usage line
        return 2
    file = Path(arguments[0])
    file.write_text(with_rules(file.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
