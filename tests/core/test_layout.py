"""The house stands as drawn: source roots are not packages, and Python's own `platform` is still Python's."""

from __future__ import annotations

import ast
import importlib.util
import statistics
import subprocess
import sysconfig
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
SOURCE_ROOTS = {"platform": "joulemark_site", "agent": "joulemark", "simulation": "joulemark_simulation"}


def test_platform_is_the_standard_library_module() -> None:
    spec = importlib.util.find_spec("platform")
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(sysconfig.get_path("stdlib"))


@pytest.mark.parametrize("root", SOURCE_ROOTS)
def test_a_source_root_holds_exactly_one_package(root: str) -> None:
    packages = [path.parent.name for path in (ROOT / root).glob("*/__init__.py")]
    assert not (ROOT / root / "__init__.py").exists()
    assert packages == [SOURCE_ROOTS[root]]


def test_no_room_is_empty() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    empty = [name for name in tracked if (ROOT / name).exists() and not (ROOT / name).read_bytes()]
    assert [name for name in empty if not name.endswith(("__init__.py", "py.typed"))] == []


def test_files_are_small() -> None:
    names = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in names if (ROOT / name).exists()}
    assert statistics.median(lengths.values()) < 150
    assert {name: n for name, n in lengths.items() if n > 400} == {}


def test_each_page_has_one_module_and_one_template_named_alike() -> None:
    pages = ROOT / "measurements" / "pages"
    templates = {path.stem for path in (pages / "templates" / "pages").glob("[!_]*.html")}
    rendered = {
        path.stem
        for path in pages.glob("*.py")
        if f'"pages/{path.stem}.html"' in path.read_text(encoding="utf-8")
    }
    assert templates == rendered
    for path in pages.glob("*.py"):
        assert path.read_text(encoding="utf-8").count("render(request") == int(path.stem in templates), (
            path.name
        )


def test_a_template_lies_in_the_app_that_it_is_named_for() -> None:
    for path in (ROOT / "measurements").glob("*/templates/*/*.html"):
        assert path.parts[-2] == path.parts[-4]


def test_no_app_is_more_than_a_quarter_of_all() -> None:
    lengths = {
        app.name: sum(
            len(path.read_text(encoding="utf-8").splitlines())
            for path in app.rglob("*.py")
            if "migrations" not in path.parts
        )
        for app in (ROOT / "measurements").iterdir()
        if (app / "apps.py").exists()
    }
    assert max(lengths.values()) <= sum(lengths.values()) / 4, lengths


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not for types either, nor within a function: whoever reads one module need not read it through another."""
    graph = grimp.build_graph(
        "joulemark", "measurements", "joulemark_site", exclude_type_checking_imports=False, cache_dir=None
    )
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


def _modules_imported_by(path: Path) -> set[str]:
    """The first part of every module's name that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name.partition(".")[0] for alias in aliases}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module.partition(".")[0])
    return names


def _paths_named_in(path: Path) -> set[str]:
    """Strings of a file that are the name of a folder or lie in one."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text.partition("/")[0] for text in texts if " " not in text}


@pytest.mark.parametrize("root", ["benchmarks", "simulation"])
def test_what_tests_share_with_benchmarks_lies_in_the_simulation(root: str) -> None:
    """Benchmarks import nothing of tests and name no path in them; the simulation nothing of either."""
    above = ("tests", "benchmarks")[: 1 if root == "benchmarks" else 2]
    refused = {*above, *(path.stem for path in (ROOT / "tests").rglob("*.py"))}
    files = list((ROOT / root).rglob("*.py"))
    assert len(files) > 20
    for path in files:
        assert not _modules_imported_by(path) & refused, path
        assert not _paths_named_in(path) & set(above), path
