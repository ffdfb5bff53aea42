"""What is asked of a task's table: one frozen query, read from an address and written to it, for every format.

Equal queries have one address: what is left at its default is not written, numbers are written in one way, parameters
stand in the order of the fields. `parse(parse_qsl(query.encoded)) == query` for every query.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlencode

from django.utils.text import slugify
from django.utils.translation import gettext

from joulemark.consensus.unit_energy import Unit
from joulemark.impact.intensity import UnknownPlace, row_of
from measurements.display.choices import BOARD_GRADES, ModelKind, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROWS_PER_PAGE = 100
MAX_TEXT = 80
MAX_NAME = 200
WH, J, CO2E = "wh", "j", "gco2e"
TOKEN_UNITS: dict[str, str] = {f"j-{unit}": unit for unit in get_args(Unit)}
"""Joules per token and per right answer, by the word of an address."""
UNITS = (WH, J, *TOKEN_UNITS, CO2E)
CONDITIONS, ENERGY, LEAST, QUALITY = "conditions", "energy", "least", "quality"
SORTS = (
    *(CONDITIONS, ENERGY, LEAST, QUALITY),
    *("model", "dataset", "hardware", "series", "latency", "memory", "parameters", "licence", "released", "results"),
)  # fmt: skip
"""Columns by which rows are sorted; with a minus in front the other way round. Missing values are last in any case."""
TIERS = {slugify(tier): str(tier) for tier in Tier.values}
"""Tiers by the word of an address."""
NUMBER = re.compile(r"(\d{1,9})(?:[.,](\d{1,6}))?", re.ASCII)
COUNT = re.compile(r"(\d{1,15})(?:[.,](\d{1,3}))?\s?([KMB]?)", re.ASCII | re.IGNORECASE)
SCALES = {"B": 10**9, "M": 10**6, "K": 10**3, "": 1}
WHOLE = re.compile(r"[1-9]\d{0,5}", re.ASCII)


class QueryRefused(ValueError):
    """A query that the table does not answer: `code` for programs, the message says what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class UnknownParameter(QueryRefused):
    """A parameter that the table does not have."""

    def __init__(self, name: str) -> None:
        sentence = gettext("The table has no parameter “%(name)s”. Leave it out; there are: %(names)s.")
        super().__init__(
            "JM-QUERY-PARAMETER",
            sentence
            % {"name": name[:MAX_NAME], "names": ", ".join(field.name for field in fields(BoardQuery))},
        )


class BadValue(QueryRefused):
    """A value that its parameter does not take, or not beside the others."""

    def __init__(self, sentence: str) -> None:
        super().__init__("JM-QUERY-VALUE", sentence)


@dataclass(frozen=True, kw_only=True)
class BoardQuery:
    """Filters, order, unit and page of a task's table; "" and None ask for nothing.

    `min_parameters` and `max_parameters` bound a model's number of weights; `min_quality` asks for a score of `metric`
    that is at least as good; `max_memory_gb` (1e9 bytes) bounds the peak device memory of a run, `max_card_gb` the
    memory of the card that it was measured on, `max_latency_s` the median seconds of a query. `region` and `year` name
    the carbon intensity of the unit gCO2e. Raises BadValue for fields that do not fit together.
    """

    series: str = ""
    dataset: str = ""
    hardware: str = ""
    kind: str = ""
    owner: str = ""
    family: str = ""
    licence: str = ""
    min_parameters: int | None = None
    max_parameters: int | None = None
    tier: str = ""
    scope: str = ""
    grade: str = ""
    metric: str = ""
    min_quality: Decimal | None = None
    max_memory_gb: Decimal | None = None
    max_card_gb: Decimal | None = None
    max_latency_s: Decimal | None = None
    q: str = ""
    unit: str = WH
    region: str = ""
    year: int | None = None
    sort: str = CONDITIONS
    page: int = 1

    def __post_init__(self) -> None:
        """Give the unit gCO2e a region and a year, which no other unit has, and refuse what contradicts itself."""
        least, most = self.min_parameters, self.max_parameters
        if least is not None and most is not None and least > most:
            raise BadValue(
                gettext(
                    "min_parameters is more than max_parameters: no model has such a size. Change one of them."
                )
            )
        if not self.metric and (self.min_quality is not None or self.sort_column == QUALITY):
            raise BadValue(
                gettext(
                    "A quality is that of one score: name it in the parameter metric, or leave the quality out."
                )
            )
        if self.unit != CO2E:
            object.__setattr__(self, "region", "")
            object.__setattr__(self, "year", None)
        else:
            try:
                row = row_of(self.region or "world", self.year)
            except UnknownPlace as error:
                raise BadValue(
                    gettext(
                        "There is no carbon intensity of %(region)s for %(year)s: leave the year out, or take a place "
                        "and a year of /api/v1/intensities.csv."
                    )
                    % {"region": self.region[:MAX_TEXT] or "world", "year": self.year or gettext("any year")}
                ) from error
            object.__setattr__(self, "region", row.code)
            object.__setattr__(self, "year", row.year)

    @property
    def sort_column(self) -> str:
        """The column by which rows are sorted."""
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        """Whether the largest comes first."""
        return self.sort.startswith("-")

    @property
    def parameters(self) -> dict[str, str]:
        """What an address has of it, in the order of the fields."""
        every = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        return {name: _written(name, value) for name, value, default in every if value != default}

    @property
    def encoded(self) -> str:
        """The part of an address behind its question mark."""
        return urlencode(self.parameters)

    @property
    def filters(self) -> dict[str, str]:
        """Those of its parameters that leave rows out."""
        return {name: value for name, value in self.parameters.items() if name not in OF_THE_VIEW}

    @property
    def is_common(self) -> bool:
        """Whether its answer is worth keeping: of these there are few, while anybody can make up any number of others.

        One or two choices out of lists, without free text and without a number; emissions of the world alone.
        """
        names = self.parameters.keys() - {"page", "region", "year", "metric"}
        return not names & FREE and len(names) <= MAX_COMMON and self.region in ("", "world")

    def but(self, **changes: Any) -> BoardQuery:
        """The same query with other values, from its first page on."""
        return replace(self, **({"page": 1} | changes))


OF_THE_VIEW = frozenset({"unit", "region", "year", "sort", "page", "metric"})
"""Parameters that leave no row out."""
LIMITS = frozenset(
    {"min_parameters", "max_parameters", "min_quality", "max_memory_gb", "max_card_gb", "max_latency_s"}
)
"""Parameters that are numbers, and leave rows out."""
FREE = LIMITS | {"q"}
"""Parameters of which there are any number of values."""
MAX_COMMON = 2


def parse(parameters: Iterable[tuple[str, str]]) -> BoardQuery:
    """The query of an address. An empty value asks for nothing, as in a form. Raises QueryRefused."""
    pairs = list(parameters)
    for name, times in Counter(name for name, _ in pairs).items():
        if name not in READERS:
            raise UnknownParameter(name)
        if times > 1:
            raise BadValue(
                gettext("The parameter %(name)s is given more than once: give it once.") % {"name": name}
            )
    return BoardQuery(**{name: READERS[name](name, value) for name, value in pairs if value.strip()})


def parse_text(_name: str, text: str) -> str:
    """Free text with single spaces. Raises BadValue for control characters, and where it is too long."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in plain):
        raise BadValue(
            gettext("The text to search for has characters that cannot be written: leave them out.")
        )
    if len(plain) > MAX_TEXT:
        raise BadValue(
            gettext("The text to search for has more than %(most)d characters: shorten it.")
            % {"most": MAX_TEXT}
        )
    return plain


def _name(name: str, value: str) -> str:
    plain = value.strip()
    if len(plain) > MAX_NAME or any(unicodedata.category(character) in {"Cc", "Cs"} for character in plain):
        raise BadValue(
            gettext("The value of %(name)s is no name: choose one from the form.") % {"name": name}
        )
    return plain


def _number(name: str, value: str) -> Decimal:
    match = NUMBER.fullmatch(value.strip())
    if match is None:
        raise BadValue(
            gettext("The value of %(name)s is not a number such as 0.85 or 24: write one, or leave it out.")
            % {"name": name}
        )
    return Decimal(f"{match[1]}.{match[2] or '0'}").normalize()


def _count(name: str, value: str) -> int:
    match = COUNT.fullmatch(value.strip())
    number = None if match is None else Decimal(f"{match[1]}.{match[2] or '0'}") * SCALES[match[3].upper()]
    if number is None or number != int(number) or not 1 <= number < 10**15:
        raise BadValue(
            gettext(
                "The value of %(name)s is not a number of parameters such as 7B, 350M or 66000000: write one."
            )
            % {"name": name}
        )
    return int(number)


def _whole(name: str, value: str) -> int:
    if not WHOLE.fullmatch(value.strip()):
        raise BadValue(
            gettext("The value of %(name)s is not a whole number from 1 on: write one, or leave it out.")
            % {"name": name}
        )
    return int(value)


def _one_of(words: Iterable[str]) -> Callable[[str, str], str]:
    every = tuple(words)

    def read(name: str, value: str) -> str:
        word = value.strip()
        if word not in every:
            raise BadValue(unknown_value(name, word, every))
        return word

    return read


def unknown_value(name: str, value: str, there_are: Iterable[str], *, most: int = 30) -> str:
    """The sentence for a value that is none of those that there are."""
    every = list(there_are)
    sentence = gettext("“%(value)s” is no value of %(name)s here. Choose one of: %(values)s.")
    values = ", ".join(every[:most]) + (", …" if len(every) > most else "")
    return sentence % {
        "value": value[:MAX_TEXT],
        "name": name,
        "values": values or gettext("(there is none)"),
    }


def _written(name: str, value: Any) -> str:
    if name in ("min_parameters", "max_parameters"):
        return write_count(value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def write_count(count: int) -> str:
    """A number of parameters as an address has it: 7000000000 is 7B."""
    for letter, scale in SCALES.items():
        if count >= scale and count * 1000 % scale == 0:
            return f"{(Decimal(count) / scale).normalize():f}{letter}"
    return str(count)


READERS: dict[str, Callable[[str, str], Any]] = {field.name: _name for field in fields(BoardQuery)} | {
    "kind": _one_of(ModelKind.values),
    "tier": _one_of(TIERS),
    "grade": _one_of(word for word, _ in BOARD_GRADES),
    "min_parameters": _count,
    "max_parameters": _count,
    "min_quality": _number,
    "max_memory_gb": _number,
    "max_card_gb": _number,
    "max_latency_s": _number,
    "q": parse_text,
    "unit": _one_of(UNITS),
    "year": _whole,
    "sort": _one_of(word for sort in SORTS for word in (sort, f"-{sort}")),
    "page": _whole,
}
"""How the value of each parameter is read."""
