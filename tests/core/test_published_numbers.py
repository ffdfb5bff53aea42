"""Numbers in every convention are read as what they are, or refused: never as another number. And what to do then."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from joulemark.published.ai_energy_score import ScoreOptions, read_scores
from joulemark.published.codecarbon import LogOptions, read_logs
from joulemark.published.errors import BadRow, BadRows, UnreadableInput
from joulemark.published.figures import InputFile, PublishedRuns
from joulemark.published.names import NameMap
from joulemark.published.table import TableForm, TableRow, read_table
from joulemark.published.untrusted import LeaveOut
from tests.laws import law

GROUPS = ("", ",", ".", " ", "\u00a0", "\u2009", "\u202f", "'", "\u2019")
NUMBERS = st.decimals(min_value=0, max_value=10**12, places=6, allow_nan=False).flatmap(
    lambda number: st.integers(0, 6).map(lambda places: round(number, places))
)


def written(number: Decimal, *, mark: str, group: str, indian: bool) -> str:
    """A number as people write it: an oracle of its own, digit by digit."""
    whole, _, part = f"{number:f}".partition(".")
    if group:
        first, rest = (whole[:-3], whole[-3:]) if len(whole) > 3 else ("", whole)
        size = 2 if indian else 3
        pieces: list[str] = []
        while first:
            first, piece = first[:-size], first[-size:]
            pieces.insert(0, piece)
        whole = group.join([*pieces, rest])
    return whole + (mark + part if part else "")


def cells(texts: list[str], form: TableForm) -> list[float | None]:
    """What is read of a column of these cells; None where the row is refused."""
    body = "".join(f'x,"{text}"\n' for text in texts)
    problems: list[BadRow] = []
    rows = read_table(InputFile(name="t.csv", content=f"name,value\n{body}".encode()), {}, problems, form)
    assert not problems
    return [_number(row) for row in rows]


def _number(row: TableRow) -> float | None:
    try:
        return row.number("value")
    except BadRow as error:
        refused = error
    assert refused.rule == "ambiguous"
    assert "--decimal" in refused.reason
    return None


@pytest.mark.laws
@law()
@given(
    st.lists(NUMBERS, min_size=1, max_size=6), st.sampled_from(".,"), st.sampled_from(GROUPS),
    st.sampled_from(["indian", "by three"]), st.sampled_from(["told", "not told"]),
)  # fmt: skip
def test_a_number_is_read_as_itself_or_refused(
    numbers: list[Decimal], mark: str, group: str, size: str, saying: str
) -> None:
    assume(mark != group)
    texts = [written(number, mark=mark, group=group, indian=size == "indian") for number in numbers]
    point: Literal["point", "comma"] = "point" if mark == "." else "comma"
    form = TableForm(decimal=point if saying == "told" else None)
    found = cells(texts, form)
    for number, value in zip(numbers, found, strict=True):
        assert value is None or value == float(number)
    if saying == "told":
        assert None not in found, "with the option every number is read"


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["0,497"], [0.497]),
        (["1,234"], [None]),
        (["1.234"], [None]),
        (["1,234", "0,5"], [1.234, 0.5]),
        (["1.234", "0.5"], [1.234, 0.5]),
        (["1,234", "1,234.5"], [1234.0, 1234.5]),
        (["1.234.567,8", "1.234"], [1234567.8, 1234.0]),
        (["12,34,567"], [1234567.0]),
        (["1 234", "2\u00a0345,5"], [1234.0, 2345.5]),
        (["1'234.5"], [1234.5]),
        (["1e-3", "2.5E+4"], [0.001, 25000.0]),
        (["007"], [7.0]),
        (["nan", ""], [None, None]),
    ],
)
def test_cells_of_a_column_decide_together(texts: list[str], numbers: list[float | None]) -> None:
    assert cells(texts, TableForm()) == numbers


def test_other_columns_of_numbers_decide_and_versions_do_not() -> None:
    problems: list[BadRow] = []
    content = b'value,other,python_version\n"1,234","0,5",3.11\n'
    (row,) = read_table(InputFile(name="t.csv", content=content), {}, problems)
    assert row.number("value") == 1.234
    (row,) = read_table(
        InputFile(name="t.csv", content=b'value,python_version\n"1,234",3.11\n'), {}, problems
    )
    with pytest.raises(BadRow, match="--decimal point or --decimal comma"):
        row.number("value")


HEADING = (
    "timestamp,project_name,run_id,duration,emissions,cpu_energy,gpu_energy,ram_energy,energy_consumed,gpu_count,gpu_model,"
    "cpu_model,tracking_mode"
)


def row(*, run: int, energy: str = "0.003", gpu: str = "0.001", project: str = "m") -> str:
    """A line in CodeCarbon's columns; its parts add up where nothing is said."""
    return f"2026-01-01,{project},r{run},12.5,0.0004,0.0005,{gpu},0.0015,{energy},1,NVIDIA T4,Xeon,machine"


def logs(*rows: str, heading: str = HEADING, **options: Any) -> PublishedRuns:
    """What is read of a log with these lines."""
    content = "\n".join([heading, *rows]) + "\n"
    told = LogOptions(queries=1000, task="t", **options)
    return read_logs([InputFile(name="log.csv", content=content.encode())], told, NameMap())


def test_untrusted_rows_are_left_out_by_place_by_rule_or_all_and_counted() -> None:
    rows = [row(run=0), row(run=1, energy="0.9"), row(run=2, gpu="0", energy="0.002"), row(run=3, energy="0")]
    with pytest.raises(BadRows) as refused:
        logs(*rows)
    assert len(refused.value.rows) == 3
    assert (
        "--leave-out-rows with a place (log.csv:3), with a rule (no-gpu-energy, nothing-read, parts)"
        in str(refused.value)
    )
    by_rule = logs(*rows, leave_out=LeaveOut(frozenset({"parts", "nothing-read", "log.csv:4"})))
    everything = logs(*rows, leave_out=LeaveOut(frozenset({"untrusted"})))
    for reading in (by_rule, everything):
        assert len(reading.runs) == 1
        assert sorted((one.where, one.reason) for one in reading.left_out) == [
            ("log.csv:3", "cannot be trusted (parts)"),
            ("log.csv:4", "cannot be trusted (no-gpu-energy)"),
            ("log.csv:5", "cannot be trusted (nothing-read)"),
        ]
    with pytest.raises(BadRows):
        logs(*rows, leave_out=LeaveOut(frozenset({"parts"})))


def test_a_row_that_can_be_trusted_is_not_left_out_and_a_slip_in_a_name_is_told() -> None:
    for name in ("log.csv:2", "part", "log.csv:99"):
        with pytest.raises(UnreadableInput, match="no row that cannot be trusted is there"):
            logs(row(run=0), leave_out=LeaveOut(frozenset({name})))


def test_what_is_true_of_a_whole_file_is_said_once() -> None:
    heading = HEADING.replace("energy_consumed", "energy_used")
    with pytest.raises(BadRows) as refused:
        logs(*(row(run=number) for number in range(193)), heading=heading)
    (line,) = refused.value.rows
    assert line.startswith(
        "log.csv: the table has no column energy_consumed; where it is called otherwise, name it"
    )
    assert line.endswith("(193 rows)")


def test_the_default_name_of_a_project_is_no_model() -> None:
    with pytest.raises(BadRows, match="--model, or in the map's"):
        logs(row(run=0, project="codecarbon"))
    (run,) = logs(row(run=0, project="codecarbon"), model="distilbert").runs
    assert run.subject.model == "distilbert"


@pytest.mark.parametrize(("name", "sign"), [("semicolon", ";"), ("tab", "\t")])
def test_a_table_with_other_separators_is_named_and_read_when_told(name: str, sign: str) -> None:
    content = f"model{sign}total_gpu_energy\na{sign}0,497\n".encode()
    files = [InputFile(name="x.csv", content=content)]
    with pytest.raises(UnreadableInput, match=f"--separator {name}"):
        read_scores(files, ScoreOptions(), NameMap())
    (run,) = read_scores(files, ScoreOptions(form=TableForm(separator=name)), NameMap()).runs
    assert run.energy_kwh_per_1000 == 0.497


def test_a_table_without_a_heading_says_what_to_give() -> None:
    with pytest.raises(UnreadableInput, match="give a file whose first line names its columns"):
        read_scores([InputFile(name="x.csv", content=b"hello\n")], ScoreOptions(), NameMap())
