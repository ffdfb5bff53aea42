"""What drivers, libraries and systems say never costs a measurement: it is null with a reason, or refused before."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import metadata
from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.errors import FactsUnusable
from joulemark.meters.device import DeviceFacts, cpu, host
from joulemark.record import statement as record
from joulemark.record.codec import decode, encode
from joulemark.record.statement import Host
from joulemark.record.text import hidden_characters
from joulemark.session import facts
from joulemark.session.facts import describe, require_calendar
from joulemark.session.software import PACKAGES, package_versions
from joulemark.session.statement import _quality
from joulemark_simulation import records
from joulemark_simulation.nvml.cards import H100
from joulemark_simulation.nvml.scenario import Scenario, WrongAnswer
from tests.agent.gpu_sessions import Sessions
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS = st.text(st.characters(codec=None), max_size=300) | st.sampled_from(
    ["", " ", "\x00", "\udc80", "\u202e", "a\nb", "x" * 201, "\u200b", "\ufeff", "NVIDIA\x7f"]
)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.0, -0.0, nan, inf, -inf, 1e16])
COUNTS = st.integers(-(2**70), 2**70) | st.sampled_from([0, -1, 2**53, 2**53 + 1, 2**64 - 1])
PREDICATE = records.bundle().statement().predicate
DEVICE = st.builds(
    DeviceFacts,
    identity=st.just("GPU-1"),
    kind=st.sampled_from(["gpu", "cpu"]),
    name=WORDS,
    memory_bytes=st.none() | COUNTS,
    power_limit_w=st.none() | NUMBERS,
    power_limit_default_w=st.none() | NUMBERS,
    driver=st.none() | WORDS,
    vbios=st.none() | WORDS,
    ecc=st.none() | st.booleans(),
    mig=st.none() | st.booleans(),
    absent=st.just({}),
)
HOST = st.builds(
    Host,
    system=WORDS,
    architecture=WORDS,
    cpu=st.none() | WORDS,
    cpu_count=COUNTS,
    memory_bytes=st.none() | COUNTS,
)


class Distribution(metadata.Distribution):
    """An installed package whose files say anything, or break."""

    def __init__(self, version: object) -> None:
        self._version = version

    @property
    def version(self) -> Any:
        if isinstance(self._version, Exception):
            raise self._version
        return self._version

    def read_text(self, filename: str) -> None:
        """Nothing is there."""

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError


VERSIONS = st.lists(
    WORDS
    | st.none()
    | st.builds(int)
    | st.sampled_from(
        [KeyError("Version"), TypeError("x"), OSError("x"), UnicodeDecodeError("utf-8", b"", 0, 1, "x")]
    ),
    max_size=3,
)


@pytest.mark.laws
@law()
@given(device=DEVICE, machine=HOST, versions=st.dictionaries(st.sampled_from(PACKAGES), VERSIONS))
def test_every_fact_gives_a_statement_that_decodes_or_is_refused_before(
    device: DeviceFacts, machine: Host, versions: dict[str, list[object]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "host", lambda: (machine, {}))
        patch.setattr(
            metadata, "distributions", lambda *, name: [Distribution(one) for one in versions.get(name, ())]
        )
        try:
            found = describe(device, tag="ab" * 32)
        except FactsUnusable as error:
            required = {"name": device.name, "system": machine.system, "architecture": machine.architecture}
            wrong = [
                name for name, text in required.items() if not text.strip() or len(text) > 200 or hidden(text)
            ]
            wrong += ["cpu_count"] if not 0 <= machine.cpu_count <= 2**53 else []
            sentence = str(error)
            assert any(f"The {name} " in sentence for name in wrong), "only what is required is refused"
            return
    said = replace(
        PREDICATE,
        device=found.device,
        host=found.host,
        software=found.software,
        absent={
            **{path: why for path, why in PREDICATE.absent.items() if not path.startswith("device.")},
            **found.absent,
        },
    )
    back = decode(encode(said), record.Predicate, what="result")
    assert back == said
    for name, given_value in (("memory_bytes", device.memory_bytes), ("power_limit_w", device.power_limit_w)):
        kept = getattr(back.device, name)
        assert kept in (None, given_value)
        assert (kept is None) == (f"device.{name}" in back.absent)
    if device.power_limit_w is not None and 0 < device.power_limit_w <= 1e15:
        assert back.device.power_limit_w == device.power_limit_w, "what can be written is written"
    for name, of in versions.items():
        good = [
            one for one in of if isinstance(one, str) and one.strip() and len(one) <= 200 and not hidden(one)
        ]
        assert back.software.packages.get(name) == (good[0] if good else None)
        assert (name in back.software.unreadable) == (bool(of) and not good)


def hidden(text: str) -> bool:
    return bool(hidden_characters(text))


def test_an_installed_package_without_metadata_is_named_as_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("gguf-0.0.1", None), ("tokenizers-9.9", None), ("tokenizers-9.8", "Version: 9.8\n")):
        folder = tmp_path / f"{name}.dist-info"
        folder.mkdir()
        if text:
            (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: x\n{text}", encoding="utf-8")
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert package_versions() == ({"tokenizers": "9.8"}, {"gguf": "no-version"})


@pytest.mark.parametrize("year", [1970, 2019, 2200, 9999])
def test_a_calendar_that_stands_elsewhere_is_refused_before_anything_is_measured(year: int) -> None:
    with pytest.raises(FactsUnusable, match=f"{year}-01-01.*timedatectl"):
        require_calendar(datetime(year, 1, 1, tzinfo=UTC))
    require_calendar(datetime(2026, 1, 1, tzinfo=UTC))


def test_a_processor_whose_name_cannot_be_seen_has_none(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model name\t: Fast\u200b CPU\nMemTotal: 1 kB\n", encoding="utf-8")
    assert cpu(identity="x", cpuinfo=cpuinfo).name.startswith("unnamed ")
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: " + "9" * 5000 + " kB\n", encoding="ascii")
    assert host(cpuinfo=cpuinfo, meminfo=meminfo)[1] == {"memory_bytes": "not-in-meminfo"}


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_a_metric_that_is_no_number_is_no_value(value: float) -> None:
    from types import SimpleNamespace as Namespace

    metrics = [Namespace(metric="f1", value=value, n=3, higher_is_better=True)]
    metrics.append(Namespace(metric="accuracy", value=0.5, n=3, higher_is_better=True))
    work: Any = Namespace(quality=metrics)
    numbers, missing = _quality(work)
    assert ([one.metric for one in numbers], missing) == (["accuracy"], {"f1": "not-a-number"})


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    with Sessions(Scenario(card=H100)) as running:
        yield running


@pytest.mark.parametrize(
    ("function", "answer", "field", "reason"),
    [
        ("nvmlDeviceGetVbiosVersion", "zeros", "vbios", "empty"),
        ("nvmlDeviceGetVbiosVersion", "garbage", "vbios", None),
        ("nvmlSystemGetDriverVersion", "zeros", "driver", "empty"),
        ("nvmlDeviceGetEnforcedPowerLimit", "zeros", "power_limit_w", "out-of-range"),
        ("nvmlDeviceGetPowerManagementDefaultLimit", "zeros", "power_limit_default_w", "out-of-range"),
        ("nvmlDeviceGetMemoryInfo", "ones", "memory_bytes", "out-of-range"),
    ],
)
def test_a_card_that_says_nonsense_of_itself_is_measured(
    sessions: Sessions, tmp_path: Path, function: str, answer: str, field: str, reason: str | None
) -> None:
    machine = Scenario(
        card=H100.full(), by_activity=True, wrong_answers=(WrongAnswer(function=function, answer=answer),)
    )
    words = ("run", "--offline", "--meter", "nvml", "--only", "writing/letters/small")
    ended = sessions.run(tmp_path, machine, *words, environment={"JOULEMARK_TEST_NO_KERNEL": "1"})
    assert ended.code == 0, ended.err
    (kept,) = ended.results()
    said = kept.bundle.statement().predicate
    assert getattr(said.device, field) is None
    assert said.absent[f"device.{field}"] == (reason or said.absent[f"device.{field}"])
