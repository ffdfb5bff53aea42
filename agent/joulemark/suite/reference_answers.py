"""Answers that are known beforehand: ``answers.toml``, beside ``suite.toml``, where a suite has them.

A model that is not the one it should be, is fed other rows, or is cut short, answers them otherwise. The file is part
of the suite's digest and holds digests alone, so that nobody reads the answers of a data set out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from joulemark.record.field_types import ShortDigest, Slug
from joulemark.suite.errors import BrokenSuite
from joulemark.suite.schema import Entry
from joulemark.suite.toml_file import decode_toml
from joulemark.translation import gettext as _

ANSWERS = "answers.toml"

LEAST_RIGHT = 0.5
"""Share of the known answers that must come out: arithmetic differs between devices in the last digits, and a text
that differs in one token differs; a model that is another one gets none right."""


class KnownAnswer(Entry, frozen=True, kw_only=True):
    """What a job answers to one query: `answer` as `joulemark.record.trace.answer_digest` has it, in hex."""

    task: Slug
    dataset: Slug
    model: Slug
    query: str
    answer: ShortDigest

    @property
    def key(self) -> str:
        """The key of the job, `task/dataset/model`."""
        return f"{self.task}/{self.dataset}/{self.model}"


class KnownAnswers(Entry, frozen=True, kw_only=True):
    """The known answers of a suite, as its file has them."""

    format: Literal["joulemark-answers/1"]
    answers: tuple[KnownAnswer, ...] = ()

    def to_toml(self) -> bytes:
        """The bytes of the file, in TOML."""
        return ("\n".join(_lines(self)) + "\n").encode()


def decode_answers(content: bytes, *, suite: str, jobs: Iterable[str]) -> tuple[KnownAnswer, ...]:
    """The known answers of these jobs. Raises BrokenSuite when the file does not fit its schema or the suite."""
    answers = decode_toml(content, KnownAnswers, what=f"{ANSWERS} of {suite}").answers
    if strange := {answer.key for answer in answers} - set(jobs):
        raise BrokenSuite(
            _("The {answers} of {suite} has answers of {strange}, which is none of its jobs.").format(
                answers=ANSWERS, suite=suite, strange=min(strange)
            )
        )
    if len({(answer.key, answer.query) for answer in answers}) != len(answers):
        raise BrokenSuite(
            _("The {answers} of {suite} has two answers to one query.").format(answers=ANSWERS, suite=suite)
        )
    return answers


def _lines(file: KnownAnswers) -> Iterator[str]:
    yield f'format = "{file.format}"'
    for answer in file.answers:
        yield "\n[[answers]]"
        for name in answer.__struct_fields__:
            yield f"{name} = {msgspec.json.encode(getattr(answer, name)).decode()}"
