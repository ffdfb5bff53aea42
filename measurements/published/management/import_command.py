"""What the commands that import published series share: options, files in, one call of the service, a report out."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from joulemark.published.boundary import boundary_of
from joulemark.published.decimal_numbers import MARKS
from joulemark.published.errors import PublishedInputError
from joulemark.published.figures import InputFile, digest_of
from joulemark.published.names import read_map
from joulemark.published.plausible import is_printable
from joulemark.published.table import SEPARATORS, TableForm
from joulemark.published.untrusted import EVERY, RULES, LeaveOut
from measurements.published.importing import ImportRefused, Wish, import_series, summary
from measurements.published.services import SeriesFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.core.management.base import CommandParser

    from joulemark.published.figures import Figure, PublishedRuns
    from joulemark.published.names import NameMap
    from measurements.published.importing import Imported

WH_PER_KWH = 1000.0
LONGEST_FILE = 64 * 1024 * 1024


class ImportCommand(BaseCommand):
    """A command that reads files of one publisher's kind. `shaping` names the options that change what is read."""

    kind = ""
    shaping: tuple[str, ...] = ()
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of every import."""
        parser.add_argument("files", nargs="+", metavar="FILE")
        about = parser.add_argument_group("what the series says of itself")
        about.add_argument("--series", required=True, metavar="NAME", help="its name in addresses")
        about.add_argument("--title", help="what pages call it (default: its name)")
        about.add_argument("--source", required=True, help="who published it, as it should be cited")
        about.add_argument(
            "--licence", required=True, help="under which licence, as an SPDX name if it has one"
        )
        about.add_argument("--url", default="", help="where it was published")
        about.add_argument("--hardware-note", default="", help="what a reader must know of the hardware")
        names = parser.add_argument_group("names")
        names.add_argument(
            "--map", metavar="FILE", help="TOML: what the files call things (docs/operations.md)"
        )
        names.add_argument("--task", help="the task, where neither the files nor the map say it")
        names.add_argument("--dataset", help="the data set, in the same way")
        names.add_argument(
            "--only-known", action="store_true", help="leave out what the catalogue does not know"
        )
        rows = parser.add_argument_group("rows that cannot be trusted")
        rows.add_argument(
            "--leave-out-rows",
            nargs="+",
            default=[],
            metavar="NAME",
            help=f"leave these out, counted and shown: a place such as log.csv:12, a rule ({', '.join(RULES)}), "
            f"or '{EVERY}' for all",
        )
        how = parser.add_argument_group("how")
        how.add_argument("--replace", action="store_true", help="put this in the place of what has the name")
        how.add_argument("--dry-run", action="store_true", help="report, and change nothing")

    def add_table_arguments(self, parser: CommandParser) -> None:
        """How a table is written, for publishers whose files are tables."""
        table = parser.add_argument_group("how the tables are written, where they do not tell")
        table.add_argument(
            "--decimal", choices=list(MARKS), help="the decimal mark of numbers that could be read two ways"
        )
        table.add_argument(
            "--separator",
            choices=list(SEPARATORS),
            default="comma",
            help="what stands between cells (default: %(default)s)",
        )

    def read(self, files: Sequence[InputFile], names: NameMap, options: dict[str, Any]) -> PublishedRuns:
        """What is in the files. Raises PublishedInputError."""
        raise NotImplementedError

    def handle(self, *_args: Any, **options: Any) -> None:
        """Read, import, report. Raises CommandError with the sentence of whatever refuses."""
        _require_printable(options)
        files = _input_files(options["files"])
        map_file = _input_files([options["map"]])[0] if options["map"] else None
        settings = {name: str(options[name]) for name in (*self.shaping, "task", "dataset", "only_known")}
        settings |= _settings_by_choice(options)
        if map_file is not None:
            settings["map"] = hashlib.sha256(map_file.content).hexdigest()
        try:
            names = read_map(map_file)
            imported = import_series(
                wish=Wish(
                    facts=_facts(options),
                    digest=digest_of(self.kind, files, settings),
                    reading=self.read(files, names, options),
                    kinds=names.kinds,
                    only_known=options["only_known"],
                    replace=options["replace"],
                    dry_run=options["dry_run"],
                )
            )
        except (PublishedInputError, ImportRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(_report(imported, options["series"], dry_run=options["dry_run"])))


def table_form(options: dict[str, Any]) -> TableForm:
    """The form of the tables, as far as the options state it."""
    return TableForm(decimal=options["decimal"], separator=options["separator"])


def leave_out(options: dict[str, Any]) -> LeaveOut:
    """Which untrusted rows are left out."""
    return LeaveOut(frozenset(options["leave_out_rows"]))


def _settings_by_choice(options: dict[str, Any]) -> dict[str, str]:
    """Options that change what is read where they are chosen: left out otherwise, so that old digests stay."""
    chosen = {
        "decimal": options.get("decimal"),
        "leave_out_rows": " ".join(sorted(options["leave_out_rows"])),
    }
    separator = options.get("separator")
    chosen["separator"] = None if separator == "comma" else separator
    return {name: value for name, value in chosen.items() if value}


def _require_printable(options: dict[str, Any]) -> None:
    """Raises CommandError for a word that a page or a database could not show as it is."""
    for name, value in options.items():
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str) and not is_printable(word):
                where = "A file's name" if name == "files" else f"--{name.replace('_', '-')}"
                raise CommandError(f"{where} is {word[:60]!a}, with characters that cannot be shown.")


def _facts(options: dict[str, Any]) -> SeriesFacts:
    """The scope is found out by the import."""
    if options["url"] and not options["url"].startswith(("https://", "http://")):
        raise CommandError("--url must begin with https:// or http://.")
    limits = {"title": 200, "source": 500, "licence": 200, "url": 500, "hardware_note": 1000}
    texts = {name: (options[name] or "").strip() for name in limits}
    for name, limit in limits.items():
        if len(texts[name]) > limit:
            raise CommandError(f"--{name.replace('_', '-')} is longer than {limit}.")
    for name in ("source", "licence"):
        if not texts[name]:
            raise CommandError(f"--{name} is empty: a series is shown with it.")
    return SeriesFacts(
        slug=options["series"], scope="", **texts | {"title": texts["title"] or options["series"]}
    )


def _input_files(paths: Iterable[str]) -> list[InputFile]:
    """Files by their names alone; where two have one name, with their folders' names."""
    listed = [Path(path) for path in paths]
    counts = Counter(path.name for path in listed)
    files = [
        InputFile(
            name=path.name if counts[path.name] == 1 else f"{path.resolve().parent.name}/{path.name}",
            content=_content(path),
        )
        for path in listed
    ]
    if len({file.name for file in files}) < len(files):
        raise CommandError("Two files have the same name in folders of the same name: rename one.")
    return files


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LONGEST_FILE:
            raise CommandError(f"{path} is larger than {LONGEST_FILE // 2**20} MiB, which no such file is.")
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _report(imported: Imported, series: str, *, dry_run: bool) -> list[str]:
    if imported.outcome == "unchanged":
        return [f"{series}: nothing has changed"]
    lines = _aligned([_HEADING, *(_line(figure) for figure in imported.figures)])
    if imported.left_out:
        lines += ["", f"Left out: {len(imported.left_out)}"]
        for reason in summary(imported.left_out):
            lines.append(f"  {reason['count']}: {reason['reason']}")
            lines += [f"      {example}" for example in reason["examples"]]  # type: ignore[attr-defined]
    if imported.added:
        lines += ["", "New in the catalogue, known from this series alone:"]
        lines += [f"  {name}" for name in imported.added]
    scope = imported.figures[0].subject.scope
    runs = sum(figure.n_runs for figure in imported.figures)
    covers = f"scope {scope} (boundary: {boundary_of(scope)})"
    done = f"{series}: {len(imported.figures)} figures of {runs} runs, {covers}, {imported.outcome}"
    return [*lines, "", f"{done} (a dry run: nothing was changed)" if dry_run else done]


_HEADING = (
    "task", "data set", "model", "hardware", "configuration", "runs", "Wh per 1,000", "range", "validity",
    "not known",
)  # fmt: skip


def _line(figure: Figure) -> tuple[str, ...]:
    low, high = figure.low_kwh_per_1000, figure.high_kwh_per_1000
    reasons = Counter(figure.not_known.values())
    return (
        figure.subject.task,
        figure.subject.dataset or "all",
        figure.subject.model,
        figure.subject.hardware.title,
        figure.subject.stratum or "-",
        str(figure.n_runs),
        f"{figure.energy_kwh_per_1000 * WH_PER_KWH:.6g}",
        "-" if low is None or high is None else f"{low * WH_PER_KWH:.6g} to {high * WH_PER_KWH:.6g}",
        figure.validity or "-",
        ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items())) or "-",
    )


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
