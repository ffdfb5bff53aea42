"""The container's recipe: fixed, locked, not root, of files that are there. `make container-check` runs hadolint."""

from __future__ import annotations

import json
import re
import shlex
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
RECIPE, IGNORED = ROOT / "agent" / "Dockerfile", ROOT / ".dockerignore"
LOCKED = {"--no-deps", "--require-hashes", "--requirement"}
OWN = {"--no-deps", "--no-index", "--no-build-isolation"}


class Step(NamedTuple):
    """An instruction and what follows it, on one line."""

    instruction: str
    words: str


def steps() -> list[Step]:
    text = re.sub(r"(?m)^#.*\n", "", RECIPE.read_text(encoding="utf-8"))
    text = text.replace("\\\n", " ")
    return [Step(*line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def of(instruction: str) -> list[str]:
    return [step.words for step in steps() if step.instruction == instruction]


def commands() -> list[list[str]]:
    """Every command of every RUN, as words."""
    return [shlex.split(part) for words in of("RUN") for part in words.split("&&")]


def in_context(path: str) -> bool:
    """Whether the builder gets a file: the last line of .dockerignore that fits it or a folder above it decides."""
    pure = PurePosixPath(path)
    candidates = [str(pure), *(str(parent) for parent in pure.parents if str(parent) != ".")]
    included = True
    for line in IGNORED.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        plain = pattern.removeprefix("**/")
        names = candidates if plain == pattern else [PurePosixPath(name).name for name in candidates]
        if any(fnmatch(name, plain) and name.count("/") == plain.count("/") for name in names):
            included = line.startswith("!")
    return included


def copied() -> dict[str, PurePosixPath]:
    """Where each COPY puts what, below the working folder."""
    targets: dict[str, PurePosixPath] = {}
    for words in of("COPY"):
        *sources, target = words.split()
        for source in sources:
            whole = source.endswith("/")
            targets[source.rstrip("/")] = PurePosixPath(target) / (
                "" if whole else PurePosixPath(source).name
            )
    return targets


def test_the_base_is_a_fixed_release_with_cudas_runtime() -> None:
    (base,) = of("FROM")
    image, tag = base.split(":")
    assert image == "nvidia/cuda"
    assert re.fullmatch(r"\d+\.\d+\.\d+-(base|runtime)-ubuntu\d\d\.\d\d", tag)
    lock = (ROOT / "requirements" / "torch-gpu.txt").read_text(encoding="utf-8")
    toolkit = re.search(r"(?m)^cuda-toolkit==(\d+\.\d+)\.", lock)
    assert toolkit is not None
    assert tag.startswith(f"{toolkit[1]}."), "the base and torch are of one release of CUDA"


def test_it_runs_as_somebody_who_is_not_root_and_owns_the_volume() -> None:
    (user,) = of("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), (
        "a number, so that a cluster can tell that it is not root"
    )
    (added,) = [command for command in commands() if command[0] == "useradd"]
    assert added[added.index("--uid") + 1] == user.split(":")[0]
    assert [command for command in commands() if command[0] == "install"] == [
        ["install", "--directory", "--owner=joulemark", "--group=joulemark", "--mode=0700", "/data"]
    ]
    order = [step.instruction for step in steps()]
    assert "RUN" not in order[order.index("USER") :], "nothing is made by another after the change of user"
    assert json.loads(of("VOLUME")[0]) == ["/data"]


def test_key_outbox_and_caches_lie_in_the_volume() -> None:
    variables = dict(word.split("=", 1) for words in of("ENV") for word in shlex.split(words))
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "HF_HOME"):
        assert PurePosixPath(variables[name]).is_relative_to("/data")
    assert {"compute", "utility"} <= set(variables["NVIDIA_DRIVER_CAPABILITIES"].split(",")), "torch and NVML"


def test_whatever_pip_installs_is_locked() -> None:
    pips = [command for command in commands() if command[0] == "pip"]
    assert len(pips) == 5
    for command in pips:
        options, *_ = {word for word in command if word.startswith("--")}, command
        assert command[:2] == ["pip", "install"]
        assert options >= LOCKED or options >= OWN
        if "--requirement" in command:
            named = command[command.index("--requirement") + 1]
            assert PurePosixPath(named) in copied().values()
            assert (ROOT / named).is_file()
    requirements = {c[c.index("--requirement") + 1] for c in pips if "--requirement" in c}
    assert requirements == {
        "requirements/torch-gpu.txt", "requirements/build.txt", "requirements/agent.txt", "requirements-demo.txt",
    }, "what `make install-agent TORCH=gpu` installs"  # fmt: skip


def test_what_apt_installs_leaves_nothing_behind() -> None:
    (installs,) = [words for words in of("RUN") if "apt-get install" in words]
    assert "--no-install-recommends" in installs
    assert (
        installs.index("apt-get update")
        < installs.index("apt-get install")
        < installs.index("rm -rf /var/lib/apt/lists/*")
    )


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    for source in copied():
        assert (ROOT / source).exists(), source
        assert in_context(source), f".dockerignore leaves out {source}"
    assert not of("ADD")
    built_from = ["agent/pyproject.toml", "agent/README.md", "agent/LICENSE", "agent/joulemark/cli/__init__.py",
                  "agent/joulemark/suite/data/demo/suite.toml"]  # fmt: skip
    assert all(map(in_context, built_from))


@pytest.mark.parametrize(
    "private",
    [
        ".git/config", ".venv/bin/python", "var/key.pem", ".demo/joulemark.sqlite3", "build/report.json", "README.md",
        "measurements/urls.py", "agent/notebook/joulemark.ipynb", "agent/joulemark/__pycache__/errors.pyc",
        "agent/joulemark/errors.pyc", "requirements/tools.in",
    ],
)  # fmt: skip
def test_nothing_else_reaches_the_builder(private: str) -> None:
    assert not in_context(private)


def test_it_starts_the_command_and_the_documents_say_how() -> None:
    (entry,), (command,) = of("ENTRYPOINT"), of("CMD")
    assert (json.loads(entry), json.loads(command)) == (["joulemark"], ["doctor"])
    heading = RECIPE.read_text(encoding="utf-8")
    page = (ROOT / "docs" / "agent.md").read_text(encoding="utf-8")
    for line in re.findall(r"(?m)^#   (docker .*)$", heading):
        assert line in page, f"docs/agent.md does not say: {line}"
        assert line in heading
    run = re.search(r"docker run .*", page)
    assert run is not None
    assert {"--gpus", "all", "--volume", "joulemark:/data"} <= set(run[0].split())


@pytest.mark.parametrize("recipe", ["Dockerfile", "agent/Dockerfile"])
def test_what_hadolint_would_refuse_is_excused_where_it_stands(recipe: str) -> None:
    """Packages of the distribution have no version, and say so: hadolint itself runs only in `make container-check`."""
    lines = (ROOT / recipe).read_text(encoding="utf-8").splitlines()
    installing = [number for number, line in enumerate(lines) if line.startswith("RUN apt-get")]
    assert installing
    assert {lines[number - 1] for number in installing} == {"# hadolint ignore=DL3008"}
