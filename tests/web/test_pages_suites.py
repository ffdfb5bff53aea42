"""Pages say which suites can be run here, each with a command that works, and what the operator has yet to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from joulemark.suite import load_suite, read_archive, suite_names
from joulemark.suite.archive import encode_archive
from measurements.catalog.suites import current_digests
from measurements.intake.suite_services import hand_out_suite
from tests.pinned import pinned_files

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
PAGES = ("/", "/needed/", "/about/")
WAITING = ["a100-2024", "a100-2024-lean", "a100-2024-open", "quick", "quick-2026", "tasks-2026"]
"""In tasks-2026-reasoning no job can be run by this version, so nobody is told to pin it."""


def text_of(client: Client, page: str, language: str = "en") -> str:
    return client.get(page, headers={"accept-language": language}).content.decode()


def commanded(page: str) -> set[str]:
    """The suites that the commands of a page run."""
    return set(re.findall(r"joulemark run --suite ([^\s<]+)", page))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_the_operator_has_yet_to_do(client: Client, prepared: None, page: str) -> None:
    shown = text_of(client, page)
    assert re.findall(r"manage\.py pin_suite (\S+)", shown) == WAITING
    assert "6 suites are not pinned on this platform yet" in shown
    assert "6 наборов заданий на этой платформе ещё не закреплены" in text_of(client, page, "ru")


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_asked_of_an_operator_who_has_done_it(
    client: Client, prepared: None, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    for module in ("measurements.pages.needed", "measurements.pages.suite_hints"):
        monkeypatch.setattr(f"{module}.unpinned_suites", lambda *_: [])
    assert "pin_suite" not in text_of(client, page)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_runs_what_an_agent_can_have(client: Client, prepared: None, page: str) -> None:
    """A suite that its software holds pinned, or the current version of one that this platform hands out."""
    runnable = {name for name in suite_names() if load_suite(name).is_pinned} | set(current_digests())
    assert commanded(text_of(client, page)) <= runnable
    hand_out_suite(archive=encode_archive(pinned_files()))
    shown = text_of(client, page)
    assert commanded(shown) <= runnable | {"tiny"}
    assert ("tiny" in commanded(shown)) == (page != "/about/")


def test_a_former_version_is_not_needed_and_can_still_be_had(client: Client, prepared: None) -> None:
    former, _ = hand_out_suite(archive=encode_archive(pinned_files()))
    current = encode_archive(pinned_files(version="1.20260202", commit="b" * 40))
    hand_out_suite(archive=current)
    shown = text_of(client, "/needed/")
    assert "Suite tiny 1.20260202" in shown
    assert "1.20260131" not in shown
    assert client.get(f"/api/v1/needed/?suite={former.suite.digest}").status_code == 200
    about = text_of(client, "/about/")
    assert f'href="/api/v1/suites/{read_archive(current).digest}.tar"' in about
    assert former.suite.digest not in about
