"""The words in which tables are described: a column, a table, and the files that a table may be in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "string", "int64", "float64", "bool", "timestamp", "date", "binary", "json", "list<string>", "list<int64>"
]
"""`timestamp` is microseconds in UTC, `json` the text of a JSON value, `binary` is hex in text forms."""
KINDS: tuple[Kind, ...] = get_args(Kind)

Partition = Literal["leaf", "snapshot"]
"""`leaf`: rows are only ever added, by ranges of the log's index. `snapshot`: whole in each release."""

Form = Literal["parquet", "csv.gz", "jsonl.gz"]
FORMS: tuple[Form, ...] = get_args(Form)
"""How files end, by what is in them."""

DATA_LICENCE, DATA_LICENCE_URL = "CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"
"""SPDX name and text of the licence of volunteers' results and of what is derived from them."""

BY_ROW = "by-row"
"""The licence of a table in which each row says its own."""


@dataclass(frozen=True)
class Column:
    """One column. `unit` is empty for what is no amount; what is null has its reason in the column that is named so."""

    name: str
    kind: Kind
    description: str
    unit: str = ""
    nullable: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of a release. Rows are sorted by `key`, which is unique.

    Of a partition by leaves the first column of the key is the index of the leaf that a row came with.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition: Partition
    licence: str = DATA_LICENCE
    forms: tuple[Form, ...] = FORMS

    def __post_init__(self) -> None:
        """Raises ValueError for a table that no writer could write."""
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names) or not set(self.key) <= set(names) or not self.key:
            raise ValueError(
                f"The columns of {self.name} are not each there once, or its key is not among them."
            )
        if any(self.column(name).nullable for name in self.key):
            raise ValueError(f"A part of the key of {self.name} may be null.")
        if self.partition == "leaf" and self.key[0] != LEAF_INDEX:
            raise ValueError(f"The rows of {self.name} do not say with which leaf they came.")

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of its columns, in their order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column with this name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


LEAF_INDEX = "leaf_index"


def text(name: str, description: str, *, nullable: bool = False) -> Column:
    """A column of words."""
    return Column(name, "string", description, nullable=nullable)


def moment(name: str, description: str, *, nullable: bool = False) -> Column:
    """A column of times, in UTC."""
    return Column(name, "timestamp", description, nullable=nullable)


def count(name: str, description: str, unit: str = "", *, nullable: bool = False) -> Column:
    """A column of whole numbers."""
    return Column(name, "int64", description, unit, nullable)


def amount(name: str, unit: str, description: str, *, nullable: bool = False) -> Column:
    """A column of measured or derived numbers; `1` is the unit of a relative one."""
    return Column(name, "float64", description, unit, nullable)


def flag(name: str, description: str, *, nullable: bool = False) -> Column:
    """A column of true and false."""
    return Column(name, "bool", description, nullable=nullable)


def structured(name: str, description: str, *, nullable: bool = False) -> Column:
    """A column of JSON values."""
    return Column(name, "json", description, nullable=nullable)


def words(name: str, description: str) -> Column:
    """A column of lists of words."""
    return Column(name, "list<string>", description)


LEAF = count(LEAF_INDEX, "Index in the log of the entry with which the row came, from 0.")
RESULT_ID = text("result_id", "SHA-256 of the bundle's bytes as received, in hex.")
LICENCE = text("licence", "SPDX name, or words, of the terms of this row.")
SUITE = (
    text("suite", "Name of the suite."),
    text("suite_version", "Version of the suite."),
    text("suite_digest", "SHA-256 over the files of the suite, in hex."),
)
HARDWARE_CODE = text(
    "hardware_code",
    "Code of the hardware class, which never changes; `hardware` has the name that it stands for, once confirmed.",
)
CELL_KEY = (
    *SUITE,
    text("task", "Task, by its name in addresses."),
    text("dataset", "Data set, by its name in addresses."),
    text("model", "Model, by its name in addresses."),
    HARDWARE_CODE,
    text("grade", "measured or estimated; they are never combined."),
    text("scope", "What the energy covers: gpu, cpu, gpu+cpu+dram or cpu+dram."),
    text("stratum", "Number format, batch size, power limit and other conditions, in one word."),
)
"""What must be equal for two results to be combined."""
CELL_KEY_NAMES = tuple(column.name for column in CELL_KEY)
