"""Errors of the suite's reader, each with a sentence that says what to do next.

SuiteError
├── UnknownSuite      no suite of this name is installed, or no folder of it is there
├── UnknownEntry      the suite has no task, data set, model or job of this name
├── BrokenSuite       the suite's files contradict each other
│   └── BrokenArchive  the archive of a suite is not as archives of suites are
├── NotPinned         the suite names what is on the hub, but not which revision of it
├── RowsElsewhere     the rows of a data set are on the hub
└── SampleTooLarge    more queries were asked for than the data set has
"""

from __future__ import annotations

from collections.abc import Iterable

from joulemark.translation import gettext as _


class SuiteError(Exception):
    """Anything that is wrong with a suite or with a question put to it."""


class UnknownSuite(SuiteError, LookupError):
    """No suite of this name is installed, or there is no folder of this name (one with a slash)."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        if "/" in name:
            sentence = _(
                "There is no folder {name}. Name one that holds a suite, or an installed suite: {known}."
            )
        else:
            sentence = _("There is no suite {name!r}. Choose one of: {known}.")
        super().__init__(sentence.format(name=name, known=", ".join(names)))


class UnknownEntry(SuiteError, LookupError):
    """The suite has no entry of this kind and name."""

    def __init__(self, what: str, name: str, names: Iterable[str]) -> None:
        super().__init__(
            _("The suite has no {what} {name!r}. Choose one of: {known}.").format(
                what=_(what), name=name, known=", ".join(names)
            )
        )


class BrokenSuite(SuiteError, ValueError):
    """The suite's files contradict each other: install the package again, or mend the suite you are writing."""


class BrokenArchive(BrokenSuite):
    """An archive is not in the one encoding of suites' archives, or files cannot be put into one."""


class NotPinned(SuiteError):
    """The suite names models or data sets on the hub without saying which revision."""


class RowsElsewhere(SuiteError, LookupError):
    """The suite has no rows of this data set: they are on the hub."""

    def __init__(self, dataset: str, hub_id: str) -> None:
        super().__init__(
            _("The rows of data set {dataset} are on the hub ({hub_id}), not in the suite.").format(
                dataset=dataset, hub_id=hub_id
            )
        )


class SampleTooLarge(SuiteError, ValueError):
    """More queries were asked for than the data set has, or fewer than one."""

    def __init__(self, dataset: str, count: int, available: int) -> None:
        super().__init__(
            _("Data set {dataset} has {available} queries: ask for 1 to {available}, not {count}.").format(
                dataset=dataset, available=available, count=count
            )
        )
