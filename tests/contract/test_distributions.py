"""What `make dist` makes: complete, repeatable, described, and a working command where nothing else is."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from packaging.metadata import Metadata

import joulemark
from tests.fresh_environment import Distributions, FreshEnvironment, build_distributions, make_environment
from tests.processes import ROOT

pytestmark = [pytest.mark.processes]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    return build_distributions(ROOT / "agent", tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def fresh(built: Distributions, tmp_path_factory: pytest.TempPathFactory) -> FreshEnvironment:
    environment = make_environment(tmp_path_factory.mktemp("fresh"))
    environment.install(built.wheel)
    return environment


def of_tree() -> dict[str, str]:
    """SHA-256 of each file that belongs to the package, by its name in the wheel: what git has or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "agent/joulemark"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    return {name.removeprefix("agent/"): digest((ROOT / name).read_bytes()) for name in names}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_wheel_has_every_file_of_the_tree_and_no_other(built: Distributions) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        files = {name: digest(wheel.read(name)) for name in wheel.namelist()}
    information = {name for name in files if name.startswith(f"joulemark-{joulemark.__version__}.dist-info/")}
    assert {name: value for name, value in files.items() if name not in information} == of_tree()
    kinds = {PurePosixPath(name).suffix for name in of_tree()}
    assert {".py", ".toml", ".csv", ".jsonl", ".txt"} <= kinds, "suites, tables and texts are data files"
    assert {PurePosixPath(name).name for name in information} == {
        "METADATA", "WHEEL", "RECORD", "entry_points.txt", "LICENSE",
    }  # fmt: skip


def test_the_source_distribution_makes_the_same_wheel_and_both_repeat(
    built: Distributions, tmp_path: Path
) -> None:
    with tarfile.open(fileobj=io.BytesIO(built.source.read_bytes())) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (project,) = (tmp_path / "source").iterdir()
    out_of_source = build_distributions(project, tmp_path / "wheel")
    assert out_of_source.wheel.read_bytes() == built.wheel.read_bytes()
    again = build_distributions(ROOT / "agent", tmp_path / "again")
    assert again.source.read_bytes() == built.source.read_bytes()
    with zipfile.ZipFile(built.wheel) as wheel:
        assert {entry.date_time for entry in wheel.infolist()} == {(2026, 1, 1, 0, 0, 0)}, "SOURCE_DATE_EPOCH"


def test_the_source_distribution_has_nothing_but_the_package_and_its_papers(built: Distributions) -> None:
    with tarfile.open(built.source) as archive:
        names = {
            PurePosixPath(name).relative_to(f"joulemark-{joulemark.__version__}")
            for name in archive.getnames()
        }
    assert {name.parts[0] for name in names} == {
        "joulemark", "README.md", "LICENSE", "PKG-INFO", "pyproject.toml", ".gitignore",
    }  # fmt: skip


def test_its_description_is_one_that_an_index_takes(built: Distributions) -> None:
    """What `twine check --strict` asks in `make dist`: valid fields, a description, and of which type it is."""
    with zipfile.ZipFile(built.wheel) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Metadata.from_email(wheel.read(name), validate=True)
    assert (metadata.name, str(metadata.version)) == ("joulemark", joulemark.__version__)
    assert metadata.license_expression == "Apache-2.0"
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description == (ROOT / "agent" / "README.md").read_text(encoding="utf-8")
    assert metadata.summary
    assert str(metadata.requires_python) == ">=3.11"
    assert metadata.provides_extra == ["data", "run"]


def test_the_licence_beside_the_agent_is_the_projects() -> None:
    assert (ROOT / "agent" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_installed_command_works_where_nothing_else_of_the_project_is(fresh: FreshEnvironment) -> None:
    where = fresh.run(str(fresh.python), "-c", "import joulemark; print(joulemark.__file__)").stdout.strip()
    assert Path(where).is_relative_to(fresh.folder)
    assert fresh.run("joulemark", "--version").stdout.strip() == f"joulemark {joulemark.__version__}"

    names = json.loads(fresh.run("joulemark", "suite", "list", "--json").stdout)
    assert {"demo", "quick", "a100-2024"} <= {suite["name"] for suite in names["suites"]}
    plan = fresh.run("joulemark", "run", "--suite", "demo", "--offline", "--meter", "estimate", "--dry-run")
    assert plan.returncode == 0, plan.stderr


def test_the_installed_doctor_says_what_a_machine_without_key_and_platform_lacks(
    fresh: FreshEnvironment,
) -> None:
    done = fresh.run(
        "joulemark",
        "doctor",
        "--quick",
        "--json",
        JOULEMARK_PLATFORM="http://127.0.0.1:9",
        CUDA_VISIBLE_DEVICES="",
    )
    assert done.returncode == 7, done.stderr
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert answer["can_measure_offline"] is True
    states = {finding["what"]: finding["state"] for finding in answer["findings"]}
    assert (states["key"], states["platform"], states["torch"]) == ("warning", "not available", "ok")
    jobs = [finding["state"] for finding in answer["findings"] if finding["area"] == "workload"]
    assert jobs == ["ok"] * 8, "the suite's data, and the libraries that read it, are there"
