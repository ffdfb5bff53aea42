"""Maintenance: what each mode leaves out, at every address, and what agents and readers are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from joulemark_site import maintenance
from joulemark_site.maintenance import LONGEST_WAIT_S, SHORTEST_WAIT_S, Maintenance, Mode

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
READ = ("/", "/boards/", "/api/v1/platform", "/api/v1/boards/", "/log/checkpoint")
WRITTEN = ("/api/v1/results", "/api/v1/enrolments", "/api/v1/tickets", "/en/about/", "/admin/login/", "/")


@pytest.fixture(autouse=True)
def data_folder(settings: Any, tmp_path: Path) -> Path:
    """A data folder without a mode in it."""
    settings.DATA_DIR = tmp_path
    return tmp_path


def run(*words: str) -> str:
    """The command's output."""
    output = StringIO()
    call_command("maintenance", *words, stdout=output)
    return output.getvalue()


@pytest.mark.parametrize("path", WRITTEN)
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_in_either_mode(client: Client, mode: Mode, path: str, method: str) -> None:
    run(mode)
    answer = getattr(client, method)(path, b"{}", content_type="application/octet-stream")
    assert (answer.status_code, answer["Retry-After"]) == (503, str(SHORTEST_WAIT_S))
    assert answer["Cache-Control"] == "no-store"
    if path.startswith("/api/"):
        assert (answer.json()["code"], answer["Content-Type"]) == (
            maintenance.CODE,
            "application/problem+json",
        )


@pytest.mark.parametrize("path", READ)
def test_reads_are_answered_as_ever_unless_it_is_closed(client: Client, path: str) -> None:
    before = client.get(path)
    run("read-only")
    assert client.get(path).status_code == before.status_code
    run("closed")
    assert client.get(path).status_code == 503
    run("off")
    assert client.get(path).status_code == before.status_code


def test_a_closed_page_is_in_the_readers_language_and_needs_no_database(
    client: Client, django_db_blocker: Any
) -> None:
    run("closed")
    with django_db_blocker.block():
        english = client.get("/", headers={"accept-language": "en"}).content.decode()
        russian = client.get("/", headers={"accept-language": "ru"}).content.decode()
    assert "<h1>Maintenance</h1>" in english
    assert 'lang="ru"' in russian
    assert "<h1>Обслуживание</h1>" in russian


def test_probes_keep_words_of_their_own(client: Client) -> None:
    run("closed")
    assert client.get("/livez").status_code == 200
    assert "checks" in client.get("/readyz").json()


@given(left_s=st.floats(-1e6, 1e6) | st.none())
def test_the_wait_is_what_is_left_within_its_limits(left_s: float | None) -> None:
    ends_at = None if left_s is None else NOW + timedelta(seconds=left_s)
    wait_s = Maintenance(mode=Mode.CLOSED, ends_at=ends_at).wait_s(NOW)
    assert SHORTEST_WAIT_S <= wait_s <= LONGEST_WAIT_S
    if left_s is not None and SHORTEST_WAIT_S <= left_s <= LONGEST_WAIT_S:
        assert abs(wait_s - left_s) <= 1


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("ends_at", [None, NOW])
def test_what_is_begun_is_current_until_it_is_ended(mode: Mode, ends_at: datetime | None) -> None:
    begun = Maintenance(mode=mode, ends_at=ends_at)
    maintenance.begin(begun)
    assert maintenance.current() == begun
    maintenance.end()
    assert maintenance.current() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"mode": "open", "ends_at": null}', "null"])
def test_a_damaged_file_closes_the_platform_and_is_named(
    client: Client, data_folder: Path, text: str
) -> None:
    (data_folder / "maintenance.json").write_text(text)
    assert client.get("/").status_code == 503
    with pytest.raises(CommandError, match=r"maintenance\.json cannot be read"):
        run()
    assert run("off") == "normal operation\n"
    assert client.get("/").status_code == 200


def test_the_command_says_what_is_so() -> None:
    assert run() == "normal operation\n"
    assert run("read-only") == "read-only; end it with `manage.py maintenance off`\n"
    assert run("closed", "--minutes", "20").startswith("closed until about 20")
    assert run().startswith("closed until about 20")
    for minutes in ("0", "-1", "100000"):
        with pytest.raises(CommandError, match="--minutes"):
            run("closed", "--minutes", minutes)
