"""What the explorer says, in the language in use. `{name}` stands for what its script puts there."""

from __future__ import annotations

from django.utils.translation import gettext


def explorer_words() -> dict[str, str]:
    """Sentences by the names under which the explorer's script has them."""
    return {
        "reading": gettext("Reading {table}…"),
        "rows": gettext("Rows {first} to {last} of {total}"),
        "rows_filtered": gettext("Rows {first} to {last} of {total} that match"),
        "no_rows": gettext("No row matches. Change or clear a filter."),
        "empty_table": gettext("The table has no rows in this release."),
        "moved": gettext("{size} read"),
        "whole_file": gettext(
            "This file server sends no parts of files, so whole files are read ({size} for this table)."
        ),
        "large": gettext("To filter, sort or download, {size} must be read."),
        "read_all": gettext("Read {size}"),
        "limit": gettext(
            "Filters, order and download see the first {rows} rows; the files have all of them."
        ),
        "failed": gettext(
            "{file} could not be read ({reason}). Reload the page, or download the file below and open it with any "
            "program that reads Parquet."
        ),
        "no_table": gettext("The release has no table {table}."),
        "next": gettext("Next rows"),
        "previous": gettext("Previous rows"),
        "columns": gettext("Columns ({shown} of {all})"),
        "always": gettext("always shown"),
        "filter": gettext("Filter {column}"),
        "filter_help": gettext(
            "Filters: text that a value contains; =text for exactly it; >5, <5, >=5, <=5 for numbers."
        ),
        "sort": gettext("Sort by {column}"),
        "clear": gettext("Clear filters and order"),
        "download": gettext("Download these {rows} rows as CSV"),
        "table_label": gettext("Rows of {table}"),
    }
