"""JSON files whose publisher has a schema: each report is decoded against its rules, which are types here.

A report that breaks a rule is a `BadRow` that names the rule's place; nothing of it is taken.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec

from joulemark.published.errors import BadRow, UnreadableInput
from joulemark.published.plausible import is_printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.published.figures import InputFile

Report = TypeVar("Report", bound=msgspec.Struct)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parsed_json(file: InputFile) -> Any:
    """The file as JSON; a byte order mark before it is ignored. Raises UnreadableInput."""
    try:
        return json.loads(
            file.content.removeprefix(BYTE_ORDER_MARK), parse_constant=_refuse, object_pairs_hook=_once
        )
    except json.JSONDecodeError as error:
        raise UnreadableInput(f"{file.name}:{error.lineno}: not JSON.") from error
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"{file.name}: not JSON (byte {error.start} is not UTF-8).") from error
    except RecursionError as error:
        raise UnreadableInput(f"{file.name}: not JSON that can be read (nested too deeply).") from error
    except ValueError as error:
        raise UnreadableInput(f"{file.name}: not JSON ({error}).") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, each of whose names stands there once: of two values nobody can say which was meant."""
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(name for name in values if [other for other, _ in pairs].count(name) > 1)
        raise ValueError(f"{twice[:40]!a} stands twice in one object")
    return values


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def reports_of(file: InputFile) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, report) of a file that holds one report or a list of them. Raises UnreadableInput."""
    whole = parsed_json(file)
    listed = whole if isinstance(whole, list) else [whole]
    if not listed:
        raise UnreadableInput(f"{file.name} is an empty list: it has no report.")
    for place, report in enumerate(listed, start=1):
        if not isinstance(report, dict):
            raise UnreadableInput(f"{file.name} holds something else than reports: each is a JSON object.")
        yield f"{file.name}:{place}", report


def decoded(where: str, report: dict[str, Any], schema: type[Report], *, publisher: str) -> Report:
    """The report as its publisher's schema has it. Raises BadRow (rule `schema`)."""
    try:
        typed = msgspec.convert(report, schema)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise BadRow(where, f"breaks the schema of {publisher}: {error}", rule="schema") from None
    for name, text in _texts(report):
        if not is_printable(text.replace("\n", " ").replace("\t", " ")):
            raise BadRow(where, f"{name} is {text[:40]!a}, with characters that cannot be shown")
    return typed


def _texts(part: object, name: str = "the report") -> Iterator[tuple[str, str]]:
    """(field, text) of every text in a report."""
    if isinstance(part, str):
        yield name, part
    elif isinstance(part, dict):
        for key, value in part.items():
            yield name, str(key)
            yield from _texts(value, str(key))
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value, name)
