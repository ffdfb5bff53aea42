"""Nothing of who measured where is sent, kept or shown: every byte of a run and of a platform is looked through."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from joulemark.record import bundle as bundles
from tests.processes import Platform, embedded_platform

TESTS = Path(__file__).parents[1]

from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import Idle, Scenario, Sensor

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

HOST, USER, HOME = "zaphods-workstation", "zbeeblebrox", "magrathea"
UUID = "GPU-5ca1ab1e-1234-4321-8888-feedfacef00d"
ADDRESS, FORWARDED = "203.0.113.77", "198.51.100.23"
PAGES = ("/", "/results/", "/boards/", "/decisions/", "/about/", "/log/checkpoint")
API = ("results/", "decisions/", "platform", "health", "boards/")


@dataclass
class Seen:
    """A platform that has received a result of this machine, and everything that can be read of it."""

    platform: Platform
    bundle: Path
    result_id: str
    told: str


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """A run on a simulated GPU, signed, sent, judged and shown."""
    folder = tmp_path_factory.mktemp("privacy")
    home = folder / HOME / USER
    home.mkdir(parents=True)
    card = Scenario(
        card=replace(A100.full(), uuid=UUID),
        by_activity=True,
        idle=Idle(watts=60.0, extra_w=5.0, decay_s=10.0, warm_s=5.0),
        sensor=Sensor(noise_w=1.0),
    )
    with (
        embedded_platform(folder=folder / "platform-of-others", JOULEMARK_PROXIES="1") as platform,
        running(card) as simulation,
    ):
        platform.start_web()

        def joulemark(*words: str) -> tuple[int, str, str]:
            environment = {
                **simulation.environment,
                "HOME": str(home),
                "USER": USER,
                "LOGNAME": USER,
                "TMPDIR": str(home),
                "JOULEMARK_PLATFORM": platform.origin,
                "JOULEMARK_TEST_NAMES": json.dumps({"host": HOST, "user": USER}),
                **{f"XDG_{kind}_HOME": str(home / kind) for kind in ("CONFIG", "STATE", "CACHE")},
            }
            done = subprocess.run(
                [sys.executable, str(TESTS / "contract" / "run_named.py"), *words],
                env=environment,
                cwd=home,
                capture_output=True,
                text=True,
                check=False,
            )
            return done.returncode, done.stdout, done.stderr

        assert joulemark("enrol")[0] == 0
        ran = joulemark("run", "--offline", "--meter", "nvml", "--only", "writing/*", "--json")
        assert ran[0] == 0, ran[2]
        (row,) = json.loads(ran[1])["results"]
        shown = joulemark("show", row["result_id"])
        assert joulemark("submit")[0] == 0
        answer = platform.get(f"/api/v1/results/{row['result_id']}")
        assert answer[0] == 200, answer
        refused = Request(  # noqa: S310 - our own origin
            platform.origin + "/api/v1/results",
            data=b"{}",
            headers={"X-Forwarded-For": f"{ADDRESS}, {FORWARDED}", "User-Agent": f"{HOST}/{USER}"},
        )
        with pytest.raises(OSError, match="400"):
            urlopen(refused, timeout=30)  # noqa: S310 - our own origin
        yield Seen(platform, Path(row["file"]), row["result_id"], shown[1])


SECRETS = {
    "host name": HOST,
    "user name": USER,
    "home folder": HOME,
    "GPU's UUID": UUID,
    "GPU's UUID without its beginning": UUID.removeprefix("GPU-"),
    "address before the proxy": ADDRESS,
    "address": FORWARDED,
}


def leaks(data: bytes) -> set[str]:
    """What can be read in these bytes."""
    return {what for what, word in SECRETS.items() if word.encode().lower() in data.lower()}


def test_the_words_would_be_found(seen: Seen) -> None:
    assert leaks(b"at " + HOST.upper().encode()) == {"host name"}
    assert leaks(str(seen.bundle).encode()) == {"user name", "home folder"}


def test_a_bundle_says_nothing_of_who_and_where(seen: Seen) -> None:
    data = seen.bundle.read_bytes()
    bundle = bundles.parse(data)
    parts = {
        "file": data,
        "statement": bundle.envelope.payload,
        "trace": zlib.decompress(bundle.trace),
        "receipt": bundle.receipt.payload if bundle.receipt else b"",
    }
    assert {name: leaks(part) for name, part in parts.items() if leaks(part)} == {}
    said = bundle.statement().predicate
    assert said.device.name == "NVIDIA A100-SXM4-80GB"
    assert len(said.device.tag) == 64
    assert leaks(seen.told.encode()) == set(), "what `show` prints is what is sent"


def test_a_platform_keeps_nothing_of_who_and_where(seen: Seen) -> None:
    kept = [path for path in seen.platform.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite3" for path in kept)
    assert any("tile" in path.parts for path in kept)
    found = {path.name: leaks(path.read_bytes()) for path in kept}
    assert {name: what for name, what in found.items() if what} == {}
    assert seen.platform.log("web.log").count("refused") >= 1, "the refusal is logged, without its address"


def test_a_platform_shows_nothing_of_who_and_where(seen: Seen) -> None:
    mine = f"results/{seen.result_id}"
    addresses = [*PAGES, f"/{mine}/", *(f"/api/v1/{part}" for part in (*API, mine, f"{mine}/bundle"))]
    addresses.append("/api/v1/log/rows/?start=0&end=100")
    for address in addresses:
        status, body = seen.platform.get(address)
        assert status == 200, address
        assert leaks(body) == set(), address
    assert os.environ.get("USER", "") != USER
