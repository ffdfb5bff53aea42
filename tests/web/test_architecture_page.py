"""docs/architecture.md names the apps' modules and tables as they are, and its picture has their references."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignKey, Model

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
CONFIGS = {
    config.name.rpartition(".")[2]: config
    for config in apps.get_app_configs()
    if config.name.startswith("measurements.")
}
"""By the app's folder."""
IN_EVERY_APP = {
    "admin",
    "api",
    "apps",
    "management",
    "migrations",
    "models",
    "pages",
    "signals",
    "services",
    "tasks",
}
IN_EVERY_APP |= {"templatetags", "urls"}
LINE = re.compile(r"^  (\w+) (\S+)--(\S+) (\w+) : \"(\w+)\"$", re.MULTILINE)

Reference = tuple[str, str, str, str, str]
"""The table that is pointed at, how many of each belong together, the table that points, and its field."""


def rows(heading: str) -> dict[str, str]:
    """The table under a heading: what stands behind each app."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE))


def tables(app: str) -> dict[str, type[Model]]:
    return {model.__name__: model for model in CONFIGS[app].get_models() if not model._meta.proxy}


def drawn() -> list[Reference]:
    picture = PAGE.split("```mermaid\nerDiagram\n")[1].split("```")[0]
    found = LINE.findall(picture)
    assert len(found) == len(picture.splitlines())
    return found


def test_every_table_of_an_app_is_named() -> None:
    listed = {app: re.findall(r"\w+", names) for app, names in rows("The main tables").items()}
    assert {app: sorted(names) for app, names in listed.items()} == {
        app: sorted(tables(app)) for app in CONFIGS if tables(app)
    }


def test_the_picture_has_every_reference_between_its_tables() -> None:
    pictured = {name for line in drawn() for name in (line[0], line[3])}
    in_brackets = {
        name
        for names in rows("The main tables").values()
        for inside in re.findall(r"\((.+?)\)", names)
        for name in inside.split(", ")
    }
    models = {name: model for app in CONFIGS for name, model in tables(app).items()}
    assert pictured == models.keys() - in_brackets
    expected = [
        (
            field.related_model.__name__,
            "|o" if field.null else "||",
            "o|" if field.unique else "o{",
            name,
            field.name,
        )
        for name in pictured
        for field in models[name]._meta.get_fields()
        if isinstance(field, ForeignKey) and field.related_model.__name__ in pictured - {name}
    ]
    assert sorted(drawn()) == sorted(expected)


@pytest.mark.parametrize("app", sorted(CONFIGS))
def test_every_module_of_an_app_is_named(app: str) -> None:
    package = import_module(CONFIGS[app].name)
    modules = {found.name for found in pkgutil.iter_modules(package.__path__)} - IN_EVERY_APP
    named = set(re.findall(r"`(\w+)`", rows("The modules of each app")[app]))
    if app == "downloads":
        modules = {name for name in modules if not name.startswith("api_") and "serializer" not in name}
        named -= {"serializers"}
    if app == "pages":
        templates = Path(package.__path__[0]) / "templates" / "pages"
        modules = {name for name in modules if not (templates / f"{name}.html").exists()}
    assert named - IN_EVERY_APP == modules
