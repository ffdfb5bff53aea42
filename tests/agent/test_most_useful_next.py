"""What a run names in its end: the job of which one more result would teach most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.record.messages import Needed, NeededSuite
from tests.agent import fake_suite
from tests.agent.fake_platform import needed_job

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

RUN = ("run", "--meter", "estimate")
FIRST = fake_suite.JOBS[0].key


def test_the_most_useful_job_that_is_left_is_named_in_the_end(
    enrolled: Agent, platform: FakePlatform
) -> None:
    suite = fake_suite.suite()
    platform.needed[suite.digest] = Needed(
        suite=NeededSuite(name=suite.name, version=suite.version, digest=suite.digest),
        jobs=(
            needed_job(FIRST, 1),
            needed_job("sorting/numbers/absent", 0),
            *(needed_job(job.key, 2) for job in suite.jobs[1:]),
        ),
    )
    assert enrolled(*RUN, "--limit", "1") == 0
    assert f"Most useful next: {suite.jobs[1].key}, so far measured by 2 contributors." in enrolled.out
    assert "The same command with `--needed` starts with it." in enrolled.out
    assert enrolled(*RUN, "--limit", "1", "--fresh", "--order", "needed") == 0
    assert "The same command starts with it." in enrolled.out
    answer = enrolled.json(*RUN)
    assert answer["most_useful_next"] == "sorting/numbers/absent"
    assert enrolled(*RUN) == 0
    assert "Most useful next" not in enrolled.out, "nothing was measured"
