"""A page that follows a result: the real command on a simulated card, a real platform, and a browser that looks on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import Idle, Scenario, Sensor
from tests.browser.served_site import WIDTHS, chromium
from tests.contract.evening import PROGRAM, PROTOCOL, write_suite
from tests.fake_hub import RunningHub
from tests.processes import Platform, platform, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(400)]

JOB = "text_generation/prose/writer-1"
SCENARIO = Scenario(
    card=A100,
    by_activity=True,
    idle=Idle(watts=50.0, extra_w=4.0, decay_s=8.0, warm_s=4.0),
    sensor=Sensor(noise_w=1.0),
)
SHORT: Mapping[str, object] = {
    **PROTOCOL,
    "queries": 10,
    "warmup_queries": 100,
    "windows_min": 5,
    "windows_max": 6,
    "idle_s": 4.0,
}
VERDICT_MS = 60_000


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A platform without a worker, and the environment of a volunteer's command beside it."""

    platform: Platform
    environment: Mapping[str, str]
    suite: Path

    def joulemark(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the real command with models that only take time."""
        return subprocess.Popen(
            [sys.executable, str(PROGRAM), *words, "--json"],
            env=dict(self.environment),
            cwd=self.platform.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """PostgreSQL, Redis, gunicorn, a hub with one suite, and a card in real time."""
    (tmp_path / "tmp").mkdir()
    queue = os.environ["REDIS_URL"].replace("db=0", "db=6")
    suite = tmp_path / "suite"
    with RunningHub() as hub, running(SCENARIO, real_clock=True) as card:
        write_suite(suite, hub, SHORT)
        with platform(
            name="joulemark_live",
            folder=tmp_path,
            database_url=os.environ["DATABASE_URL"],
            redis_url=queue,
            JOULEMARK_SUITES=str(suite),
        ) as served:
            served.start_web()
            environment = {
                **served.environment,
                **card.environment,
                "PYTHONPATH": served.environment["PYTHONPATH"],
                "JOULEMARK_PLATFORM": served.origin,
                "JOULEMARK_TEST_CARD": "1",
                "HF_ENDPOINT": hub.origin,
                "HF_HOME": str(tmp_path / "hf"),
                "TMPDIR": str(tmp_path / "tmp"),
                **{f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
            }
            yield Scene(platform=served, environment=environment, suite=suite)


def state(page: Page) -> str:
    """What the badge beside the heading says."""
    return page.locator("main .lead .badge.state").inner_text()


def test_a_page_follows_a_result_from_the_upload_to_the_board(scene: Scene) -> None:
    """Nothing judges until a worker is started: a page with scripts then shows the verdict by itself, one without
    them when its link is followed; and the value is in the task's table.
    """
    enrolling = scene.joulemark("enrol", "--name", "Live volunteer")
    assert enrolling.wait() == 0, enrolling.communicate()
    agent = scene.joulemark("run", "--yes", "--suite", str(scene.suite), "--meter", "nvml", "--only", JOB)
    submitted = "SELECT count(*) FROM intake_submission"
    wait_until(
        lambda: scene.platform.one(submitted) == 1, beside=agent, what="the upload is there", limit_s=240
    )
    result_id = str(scene.platform.one("SELECT result_id FROM intake_submission"))
    with chromium() as browser:
        live = browser.new_context(viewport=WIDTHS["desktop"]).new_page()
        plain = browser.new_context(viewport=WIDTHS["phone"], java_script_enabled=False).new_page()
        for page in (live, plain):
            page.goto(f"{scene.platform.origin}/en/results/{result_id}/")
            assert state(page) == "waits for a verdict"
            assert page.get_by_text("There is no verdict yet.").is_visible()
        live.get_by_text("This page asks for the verdict and shows it as soon as it is there.").wait_for()
        assert plain.get_by_text("The verdict is not there yet.").is_visible()

        scene.platform.start_worker("--beat")
        live.locator("main .lead .badge.state.accepted").wait_for(timeout=VERDICT_MS)
        assert state(live) == "accepted"
        assert live.locator("[data-follow]").count() == 0, "it has stopped asking"
        assert live.get_by_text("All rules passed.").is_visible()
        assert state(plain) == "waits for a verdict"
        plain.get_by_role("link", name="Reload this page").click()
        assert state(plain) == "accepted"
        assert plain.locator("svg .band.window").count() >= 5, "the power of each window is drawn"
        _find_in_table(live, result_id)
    out, said = agent.communicate()
    assert agent.returncode == 0, said
    (sent,) = json.loads(out)["results"]
    assert sent["result_id"] == result_id


def _find_in_table(page: Page, result_id: str) -> None:
    """From the result to the table of its task, and back by the links of its row."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Boards").click()
    page.get_by_role("link", name="Text generation", exact=True).first.click()
    row: Any = page.get_by_role("row", name="writer-1")
    row.get_by_role("link", name="results").click()
    page.get_by_role("row", name="writer-1").get_by_role("link").first.click()
    assert result_id in page.url
