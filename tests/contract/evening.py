"""An evening of a volunteer in which everything goes away once: `python -m tests.contract.evening`, `make evening`.

The platform is killed in each stage of a run (ticket, warm-up, windows, upload, verdict) and started again after some
time, the hub is dead for twice as long, and a share of all answers is 503. The plan must end complete all the same:
every job measured with a ticket, received once and judged, and no run announced that never ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

TESTS = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(TESTS.parent / part) for part in ("simulation", ".", "platform", "agent")]

from joulemark.suite import weights_digest
from joulemark.suite.lock import PinnedDataSet, PinnedModel, second_format
from joulemark.suite.schema import PinnedFile, WeightsFile
from joulemark_simulation.tiny_models.suite import write_parquet
from tests.fake_hub import FakeHub, RunningHub
from tests.faulty_proxy import FaultyProxy
from tests.processes import Platform, embedded_platform, kill, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

STAGES = ("ticket", "warm-up", "window", "upload", "verdict")
"""One job for each: the platform goes away in this stage of it."""
PROGRAM = Path(__file__).with_name("run_evening.py")
COMMIT = "12" * 20
PROTOCOL = {"queries": 3, "windows_min": 3, "windows_max": 4, "warmup_queries": 2, "idle_s": 0.01}
MANIFEST = """
name = "evening"
version = "1"
title = "Evening"

[protocol]
{protocol}
half_width_target = 0.5
budget_s = 120.0
sample = "seeded"

[[tasks]]
id = "text_generation"
title = "Text generation"
modality = "text-to-text"
quality_metrics = []

[[datasets]]
id = "prose"
task = "text_generation"
title = "Prose"
hub_id = "someone/prose"
split = "train"
columns = ["text"]
keep = 40

{models}
[[cells]]
task = "text_generation"
datasets = ["prose"]
models = {names}
prompt = "{{text}}"
max_new_tokens = 10
"""
MODEL = """
[[models]]
id = "{name}"
title = "{name}"
kind = "task-specific"
parameters = 1000
parameters_are = "reported"
hub_id = "someone/{name}"
"""


@dataclass
class Evening:
    """What happened: when the platform was killed and where, what the agent said, and what it answered."""

    killed: list[str] = field(default_factory=list)
    hub_dead: int = 0
    lines: list[str] = field(default_factory=list)
    code: int = -1
    answer: dict[str, Any] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    tickets: int = 0
    submissions: int = 0
    busy: int = 0
    asked: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every job has a result that was received once and judged, and no ticket was left over."""
        sent = [row for row in self.answer.get("results", ()) if row["state"] == "sent"]
        judged = [row for row in self.statuses if row["state"] not in {"received", "checking"}]
        return (
            self.code == 0
            and len(sent) == len(judged) == self.tickets == self.submissions == len(STAGES)
            and not any(self.answer[name] for name in ("failed", "failed_before", "put_off", "left_out"))
        )


def write_suite(folder: Path, hub: FakeHub, protocol: Mapping[str, object]) -> None:
    """A suite of a job for each stage, with its lock, and what it names on the hub."""
    names = [f"writer-{number}" for number in range(1, len(STAGES) + 1)]
    folder.mkdir()
    manifest = MANIFEST.format(
        protocol="\n".join(f"{name} = {value}" for name, value in protocol.items()),
        models="".join(MODEL.format(name=name) for name in names),
        names=json.dumps(names),
    )
    (folder / "suite.toml").write_text(manifest, encoding="utf-8")
    rows = folder.parent / "rows.parquet"
    write_parquet(rows, [{"text": f"row {number}"} for number in range(40)])
    hub.dataset("someone/prose", files={"data/train-00000-of-00001.parquet": rows.read_bytes()})
    models = []
    for name in names:
        weights = name.encode() * 50_000
        files = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": weights}
        hub.model(f"someone/{name}", files=files)
        digest = hashlib.sha256(weights).hexdigest()
        models.append(
            PinnedModel(
                id=name,
                hub_id=f"someone/{name}",
                revision=COMMIT,
                weights_sha256=weights_digest({"model.safetensors": digest}),
                weights=(WeightsFile(name="model.safetensors", sha256=digest, bytes=len(weights)),),
                beside=tuple(
                    PinnedFile(name=file, sha256=hashlib.sha256(b"{}").hexdigest(), bytes=2)
                    for file in ("config.json", "tokenizer.json")
                ),
            )
        )
    lock = second_format(
        suite="evening",
        suite_version="1",
        models=tuple(models),
        datasets=(PinnedDataSet(id="prose", hub_id="someone/prose", revision=COMMIT, branch="main"),),
        unavailable=(),
    )
    (folder / "lock.toml").write_bytes(lock.to_toml())


class Outages:
    """Takes the platform away once in each stage, and the hub once; both come back after their time.

    In the stages `killed` its process is killed; in the others nobody listens at its address, which costs no start.
    """

    def __init__(
        self,
        platform: Platform,
        web: FaultyProxy,
        hub: FaultyProxy,
        evening: Evening,
        *,
        outage_s: float,
        killed: frozenset[str],
    ) -> None:
        self._platform, self._web, self._hub, self._killed = platform, web, hub, killed
        self._evening, self._outage_s = evening, outage_s
        self._process = platform.start_web()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._job = 0
        web.behind, hub.behind = self.behind, self.behind_hub

    def behind(self, method: str, path: str) -> bool:
        """The platform has answered: kill it in the stages that are told by what is asked; the answer is lost."""
        if method == "POST" and path.endswith("/tickets"):
            return self._kill_in("ticket")
        if method == "POST" and path.endswith("/results"):
            if self._kill_in("upload"):
                return True
            self._kill_in("verdict")
        return False

    def behind_hub(self, _method: str, path: str) -> bool:
        """The hub goes away while the third model's weights are fetched."""
        if "writer-3" in path and path.endswith("model.safetensors") and not self._evening.hub_dead:
            self._evening.hub_dead = 1
            self._play(self._hub.die, 2 * self._outage_s, self._hub.revive)
            return True
        return False

    def heard(self, line: str) -> None:
        """A line of the agent's progress: kill the platform in the stages that it tells of."""
        if found := re.match(r"\[(\d+)/\d+\] ([\w-]+)", line):
            self._job = int(found[1])
            self._kill_in(found[2])

    def wait(self) -> None:
        """Until everything is back."""
        for thread in self._threads:
            thread.join()

    def _kill_in(self, stage: str) -> bool:
        """Take the platform away if it is this stage's turn: that of the job with its number, once."""
        with self._lock:
            if stage in self._evening.killed or stage not in STAGES or STAGES[self._job - 1] != stage:
                return False
            self._evening.killed.append(stage)
            if stage in self._killed:
                kill(self._process)
                self._play(lambda: None, self._outage_s, self._restart)
            else:
                self._play(self._web.die, self._outage_s, self._web.revive)
        return True

    def _restart(self) -> None:
        with self._lock:
            self._process = self._platform.start_web()

    def _play(self, begin: Callable[[], None], seconds: float, end: Callable[[], None]) -> None:
        def run() -> None:
            begin()
            time.sleep(seconds)  # the length of the outage is what is tested
            end()

        thread = threading.Thread(target=run)
        thread.start()
        self._threads.append(thread)


@contextlib.contextmanager
def evening(
    folder: Path,
    *,
    outage_s: float,
    killed: frozenset[str] = frozenset(STAGES),
    share: float = 0.05,
    pauses: tuple[float, float] = (1.0, 60.0),
    card: Mapping[str, str] | None = None,
    protocol: Mapping[str, object] = PROTOCOL,
    echo: Callable[[str], None] = lambda _: None,
) -> Iterator[Evening]:
    """Play it in `folder`. `card` is the environment of a simulated one, without which the processor is estimated."""
    found = Evening()
    (folder / "tmp").mkdir()
    with (
        RunningHub() as hub,
        FaultyProxy(share=share, seed=2) as web,
        FaultyProxy(hub.origin, share, 3) as way,
    ):
        write_suite(folder / "suite", hub, protocol)
        with embedded_platform(
            folder=folder, JOULEMARK_SUITES=str(folder / "suite"), JOULEMARK_ORIGIN=web.origin
        ) as platform:
            web.upstream = platform.origin
            outages = Outages(platform, web, way, found, outage_s=outage_s, killed=killed)
            environment = {
                **platform.environment,
                "JOULEMARK_PLATFORM": web.origin,
                "JOULEMARK_TEST_PAUSES": json.dumps(pauses),
                "HF_ENDPOINT": way.origin,
                "HF_HOME": str(folder / "hf"),
                "TMPDIR": str(folder / "tmp"),
                "COLUMNS": "200",
                **{f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
                **({} if card is None else {**card, "JOULEMARK_TEST_CARD": "1"}),
            }

            def joulemark(*words: str) -> subprocess.Popen[str]:
                return subprocess.Popen(
                    [sys.executable, str(PROGRAM), *words, "--json"],
                    env=environment,
                    cwd=folder,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )

            enrolling = joulemark("enrol")
            words = enrolling.communicate()
            assert enrolling.returncode == 0, words
            meter = "estimate" if card is None else "nvml"
            running = joulemark("run", "--yes", "--suite", str(folder / "suite"), "--meter", meter)
            assert running.stdout is not None
            assert running.stderr is not None
            read_answer = running.stdout.read
            answer: list[str] = []
            reader = threading.Thread(target=lambda: answer.append(read_answer()))
            reader.start()
            for line in running.stderr:
                found.lines.append(line.rstrip())
                echo(line.rstrip())
                outages.heard(line)
            found.code = running.wait()
            reader.join()
            outages.wait()
            found.answer = json.loads(answer[0])
            found.busy, found.asked = web.failed + way.failed, len(web.asked) + len(way.asked)
            web.share = 0.0
            sent = [row["result_id"] for row in found.answer["results"]]

            def statuses() -> list[dict[str, Any]]:
                return [json.loads(platform.get(f"/api/v1/results/{digest}")[1]) for digest in sent]

            process = platform.running[-1]
            wait_until(
                lambda: all(row.get("state") != "received" for row in statuses()),
                beside=process,
                what="every result is judged",
            )
            found.statuses = statuses()
            found.tickets = int(str(platform.one("SELECT count(*) FROM intake_ticket")))
            found.submissions = int(str(platform.one("SELECT count(*) FROM intake_submission")))
            yield found


def main() -> int:
    """At full length on a simulated card: the platform dead for 30 s in each stage, the hub for a minute."""
    from joulemark_simulation.nvml.cards import A100
    from joulemark_simulation.nvml.running import running
    from joulemark_simulation.nvml.scenario import Idle, Scenario, Sensor

    scenario = Scenario(
        card=A100,
        by_activity=True,
        idle=Idle(watts=50.0, extra_w=4.0, decay_s=8.0, warm_s=4.0),
        sensor=Sensor(noise_w=1.0),
    )
    protocol = {
        **PROTOCOL,
        "queries": 10,
        "warmup_queries": 200,
        "windows_min": 5,
        "windows_max": 8,
        "idle_s": 5.0,
    }
    began_s = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(scenario, real_clock=True) as simulation,
        evening(
            Path(folder),
            outage_s=30.0,
            card=simulation.environment,
            protocol=protocol,
            echo=lambda line: print(f"{time.monotonic() - began_s:6.1f} s  {line}", flush=True),
        ) as found,
    ):
        states = [row["state"] for row in found.statuses]
        print(f"Killed in: {', '.join(found.killed)}; hub dead: {found.hub_dead}.")
        print(f"{found.busy} of {found.asked} answers were 503.")
        print(
            f"Results: {len(states)} ({', '.join(states)}); tickets {found.tickets}, received {found.submissions}."
        )
        for row in found.statuses:
            for code, severity, sentence in row["findings"]:
                print(f"  {code} ({severity}) {sentence}")
        is_whole = found.is_complete and len(found.killed) == len(STAGES) and found.hub_dead == 1
        print(f"{'Complete' if is_whole else 'NOT complete'} after {time.monotonic() - began_s:.0f} s.")
        return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
