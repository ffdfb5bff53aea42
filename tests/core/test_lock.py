"""The lock: complete, consistent with the ranges, free of addresses, and what is really installed."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import distributions, requires, version
from itertools import product
from pathlib import Path
from runpy import run_path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = sorted(
    file.relative_to(ROOT).as_posix()
    for file in (*(ROOT / "requirements").glob("*.txt"), *ROOT.glob("requirements*.txt"))
)
PYTHONS, PROCESSORS = ("3.11", "3.12", "3.13"), ("x86_64", "aarch64")
MACHINES = [
    {
        "python_version": python,
        "python_full_version": f"{python}.4",
        "platform_machine": processor,
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_system": "Linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    for python, processor in product(PYTHONS, PROCESSORS)
]
OWN = {"joulemark", "joulemark-platform"}
ENTRY = re.compile(
    r"(?P<requirement>[a-z0-9][^\\#]*?) \\\n(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)"
)


def entries(file: str) -> dict[str, Requirement]:
    """What a lock file names, by canonical name; every line of it is an entry with digests or a comment."""
    text = (ROOT / file).read_text(encoding="utf-8")
    text = re.sub(r"(?m)^#.*\n", "", text)
    assert ENTRY.sub("", text).strip() == "", f"{file} has a line that is no entry with digests"
    found = [Requirement(match["requirement"]) for match in ENTRY.finditer(text)]
    names = [canonicalize_name(requirement.name) for requirement in found]
    assert len(set(names)) == len(names), f"{file} names a library twice"
    return dict(zip(names, found, strict=True))


def applies(requirement: Requirement, machine: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(machine)


def locked_version(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


def ranges(project: str, *extras: str) -> list[Requirement]:
    table = tomllib.loads((ROOT / project).read_text(encoding="utf-8"))["project"]
    lines = [
        *table["dependencies"],
        *(line for extra in extras for line in table["optional-dependencies"][extra]),
    ]
    return [entry for entry in map(Requirement, lines) if entry.name not in {*OWN, "torch"}]


def ranges_in(file: str) -> list[Requirement]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


AGENT, PLATFORM = "agent/pyproject.toml", "pyproject.toml"
RANGES = {
    "requirements.txt": ranges(AGENT, "run") + ranges(PLATFORM),
    "requirements/agent.txt": ranges(AGENT, "run"),
    "requirements/bench.txt": ranges(AGENT, "run") + ranges(PLATFORM, "test", "bench"),
    "requirements/build.txt": ranges_in("requirements/build.in"),
    "requirements/platform.txt": ranges(AGENT) + ranges(PLATFORM),
    "requirements/test.txt": ranges(AGENT, "run") + ranges(PLATFORM, "test"),
    "requirements/tools.txt": ranges_in("requirements/tools.in"),
    "requirements/validators.txt": ranges_in("requirements/validators.in"),
    "requirements/torch-cpu.txt": [],
    "requirements/torch-gpu.txt": ranges_in("requirements/torch.in"),
    "requirements-demo.txt": ranges_in("requirements/demo.in"),
}


def test_every_lock_file_has_its_ranges() -> None:
    assert set(RANGES) == set(LOCKS)


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_file_holds_versions_and_digests_and_no_address(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not re.search(
        r"://|--(extra-)?index|--find-links|^-|@ |file:|/(opt|tmp|work|home|root)/", text, re.MULTILINE
    )
    for requirement in entries(file).values():
        locked_version(requirement)


@pytest.mark.parametrize("file", LOCKS)
@pytest.mark.parametrize(
    "machine", MACHINES, ids=lambda machine: "{python_version}-{platform_machine}".format(**machine)
)
def test_the_lock_is_within_the_ranges_on_each_machine(file: str, machine: dict[str, str]) -> None:
    locked = entries(file)
    for requirement in RANGES[file]:
        if applies(requirement, machine):
            entry = locked[canonicalize_name(requirement.name)]
            assert applies(entry, machine), f"{file} leaves out {requirement.name}"
            assert requirement.specifier.contains(locked_version(entry), prereleases=True)


APART = {"requirements/validators.txt"}
"""Of environments of their own (`renew.APART`)."""


def test_a_library_has_one_version_in_all_files() -> None:
    versions: dict[str, set[str]] = {}
    for file in sorted({*LOCKS} - APART):
        for name, requirement in entries(file).items():
            versions.setdefault(name, set()).add(locked_version(requirement).removesuffix("+cpu"))
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_larger_installations_hold_the_smaller_ones() -> None:
    def names(file: str) -> set[str]:
        return set(entries(file))

    assert names("requirements/agent.txt") | names("requirements/platform.txt") == names("requirements.txt")
    assert names("requirements.txt") < names("requirements/test.txt") < names("requirements/bench.txt")


def test_torch_for_the_processor_brings_no_gpu_library() -> None:
    cpu, gpu = entries("requirements/torch-cpu.txt"), entries("requirements/torch-gpu.txt")
    assert [name for name in cpu if name.startswith(("nvidia", "cuda", "triton"))] == []
    assert [name for name in gpu if name.startswith("nvidia")] != []
    assert set(cpu) < set(gpu)
    assert "torch" not in {name for file in set(LOCKS) - {*TORCH} for name in entries(file)}


TORCH = ("requirements/torch-cpu.txt", "requirements/torch-gpu.txt")
NO_DEPS = {canonicalize_name(requirement.name) for requirement in RANGES["requirements-demo.txt"]}


@pytest.mark.locked
def test_what_is_installed_is_what_is_locked() -> None:
    locked = {
        name: locked_version(requirement)
        for file in (
            *TORCH[1:],
            "requirements-demo.txt",
            "requirements/tools.txt",
            "requirements/build.txt",
            BENCH,
        )
        for name, requirement in entries(file).items()
    }
    installed = {canonicalize_name(found.name): found.version for found in distributions()}
    strangers = {
        name: (found, locked.get(name))
        for name, found in installed.items()
        if name not in {*OWN, "pip"} and found.removesuffix("+cpu") != locked.get(name)
    }
    assert strangers == {}, "make a new environment: rm -r .venv"
    needed = [
        name for name, requirement in entries("requirements/test.txt").items() if applies(requirement, HERE)
    ]
    assert [name for name in needed if name not in installed] == []


@pytest.mark.locked
def test_the_lock_has_everything_that_what_is_installed_requires() -> None:
    missing = []
    for distribution in distributions():
        name = canonicalize_name(distribution.name)
        if name in NO_DEPS or name in OWN:
            continue
        for requirement in map(Requirement, requires(distribution.name) or []):
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            try:
                right = requirement.specifier.contains(version(requirement.name), prereleases=True)
            except ModuleNotFoundError:
                right = False
            if not right and not (
                name == "torch" and requirement.name.startswith(("nvidia", "cuda", "triton"))
            ):
                missing.append(f"{name}: {requirement}")
    assert missing == []


BENCH = "requirements/bench.txt"
HERE = {"extra": ""}


def test_documents_and_make_install_out_of_the_lock() -> None:
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in ("README.md", "docs/operations.md", "Makefile")
    }
    makefile = texts["Makefile"]
    texts["Makefile"] = makefile[: makefile.index("newest:")] + makefile[makefile.index("demo: $(VENV)") :]
    for name, text in texts.items():
        for line in re.findall(r"(?m)^(?:.*bin/)?pip install (.*)$", text):
            own = line.startswith("--no-deps --no-index") or "--quiet --disable-pip-version-check" in line
            assert own or "--no-deps --require-hashes" in line, f"{name}: {line}"
    assert re.search(r"(?m)^LOCKED := \$\(PIP\) --no-deps --require-hashes --no-build-isolation$", makefile)
    assert re.search(r"(?m)^OWN := \$\(PIP\) --no-deps --no-index --no-build-isolation$", makefile)


@pytest.mark.parametrize(
    ("build", "installed", "runs"),
    [
        ("cpu", "2.13.0+cpu", [["torch-cpu.txt"]]),
        ("cpu", None, [["torch-cpu.txt"], ["torch-gpu.txt"]]),
        ("gpu", None, [["torch-gpu.txt"]]),
        ("gpu", "2.13.0", [["torch-gpu.txt"]]),
        ("gpu", "2.13.0+cpu", [["--force-reinstall", "torch-gpu.txt"]]),
    ],
)
def test_a_build_of_torch_that_is_there_does_not_stand_for_the_other(
    monkeypatch: pytest.MonkeyPatch, build: str, installed: str | None, runs: list[list[str]]
) -> None:
    """To pip `2.13.0+cpu` is as good as `2.13.0`; only a GPU's owner sees that it is not."""
    module = run_path(str(ROOT / "requirements/install_torch.py"))
    commands: list[list[str]] = []

    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        commands.append([word.rpartition("/")[2] for word in command if word.endswith(("reinstall", ".txt"))])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", pip)
    monkeypatch.setitem(module["main"].__globals__, "installed_version", lambda: installed)

    assert module["main"](build) == 0

    assert commands == runs


def test_make_installs_the_build_of_torch_that_is_chosen_and_keeps_it_else(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    for name in ("pyproject.toml", "agent/pyproject.toml", "requirements.txt", "requirements-demo.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    stamps = tmp_path / ".venv"
    (stamps / "bin").mkdir(parents=True)
    (stamps / "bin/python").touch()
    for stamp in (".ready-torch-cpu", ".ready", ".ready-agent"):
        (stamps / stamp).touch()

    def builds(*words: str) -> list[str]:
        ran = subprocess.run(
            ["make", "--dry-run", *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return re.findall(r"install_torch\.py (\w+)", ran.stdout)

    assert builds("install-agent") == []
    assert builds("install-agent", "TORCH=gpu") == ["gpu"]
    (stamps / ".ready-torch-cpu").rename(stamps / ".ready-torch-gpu")
    assert builds("demo") == []
    assert builds("demo", "TORCH=cpu") == ["cpu"]


def test_nothing_sends_people_to_an_index_for_our_own_packages() -> None:
    """They are in none: they come out of a clone."""
    folders = ("agent", "docs", "platform", "measurements", "requirements")
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"] + [
        file
        for folder in folders
        for file in (ROOT / folder).rglob("*")
        if file.suffix in {".py", ".md", ".html", ".ipynb"} and "decisions" not in file.parts
    ]
    assert len(files) > 300
    asks = re.compile(r"pip install (?:--?[\w-]+ )*['\"]?joulemark")
    assert [str(file) for file in files if asks.search(file.read_text(encoding="utf-8"))] == []


def test_the_first_page_names_the_commands_of_the_readme() -> None:
    page = html.unescape((ROOT / "measurements/pages/templates/pages/home.html").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [
        line.partition("{{")[0]
        for block in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)
        for line in block.splitlines()
        if not line.startswith("joulemark verify")
    ]
    assert "make install-agent TORCH=gpu" in commands
    assert [line for line in commands if not re.search(f"(?m)^{re.escape(line)}", readme)] == []
