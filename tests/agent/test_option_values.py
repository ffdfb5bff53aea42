"""Options that take a number, a time or a key say what they accept, and take nothing else."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from joulemark import config
from joulemark.cli import main, values
from joulemark.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.config import Folders

WRONG = {
    ("run", "--budget"): (
        [
            "45",
            "-1m",
            "0s",
            "0.9s",
            "1d",
            "m",
            "4 5m",
            " 45m",
            "45m\n",
            "٤m",
            "1e3s",
            "infm",
            "8761h",
            "1_0m",
        ],
        "write a number and s, m or h without a space, from 1s to 8760h, such as 45m",
    ),
    ("run", "--limit"): (
        ["0", "-1", "1.5", "٣", " 3", "1_0", "9" * 5000],
        "write a whole number from 1 to 999999999, such as 8",
    ),
    ("run", "--cpu-watts"): (
        ["0", "51", "nan", "inf", "-1", "1e1", " 9", "٩", "twelve"],
        "write a number of watts above 0 and up to 50, such as 9.5",
    ),
    ("suite", "answer", "demo", "--out", "new", "--queries"): (
        ["0", "many"],
        "write a whole number from 1 to 999999999, such as 8",
    ),
    ("revoke", "--reason", "lost", "--key"): (
        ["", "ab", "g" * 64, " " + "a" * 63, "٣" * 64],
        "write the key's id, 64 digits of 0-9 and a-f",
    ),
    ("revoke", "--reason", "lost", "--since"): (
        ["", "yesterday", "2026-02-30", "2026-03-01 12:00Z", "2026-03-01T25:00", "٢٠٢٦-03-01", "20260301"],
        "write a date, or a date and a time in UTC or with its zone, such as 2026-03-01T12:00Z",
    ),
}


@pytest.mark.parametrize(
    ("words", "wrong", "accepted"),
    [(words, wrong, accepted) for words, (every, accepted) in WRONG.items() for wrong in every],
)
def test_what_cannot_be_used_is_answered_with_what_can(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], wrong: str, accepted: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words[:-1], f"{words[-1]}={wrong}"])
    assert ended.value.code == 2
    assert f"argument {words[-1]}: invalid value {wrong!r}: {accepted}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (values.seconds, "1s", 1.0),
        (values.seconds, "90s", 90.0),
        (values.seconds, "45m", 2700.0),
        (values.seconds, "1.5h", 5400.0),
        (values.seconds, "8760h", 365 * 86400.0),
        (values.positive, "1", 1),
        (values.positive, "007", 7),
        (values.key_digest, "AB" * 32, "ab" * 32),
        (values.moment, "2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        (values.moment, "2026-03-01T12:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        (values.moment, "2026-03-01T12:00:30", datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)),
        (
            values.moment,
            "2026-03-01T12:00+02:00",
            datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_what_can_be_used_is_read(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


def test_watts_go_up_to_what_a_platform_believes() -> None:
    assert (values.watts("0.5", most=50.0), values.watts("50", most=50.0)) == (0.5, 50.0)
    with pytest.raises(ArgumentTypeError):
        values.watts("50.1", most=50.0)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e300", "50.1", "true", '"9"', "[9]", "9" * 400])
def test_a_setting_of_watts_that_no_platform_believes_is_refused(home: Folders, text: str) -> None:
    home.config.mkdir(parents=True)
    home.settings.write_text(f"cpu_watts = {text}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"cpu_watts.*above 0 and at most 50|settings file"):
        config.load()
    home.settings.write_text("cpu_watts = 50\n", encoding="utf-8")
    assert config.load().cpu_watts == 50.0
