"""Published series change their app and nothing else: rows, tables, constraints and permissions stay, both ways."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.processes import ROOT, SOURCE_ROOTS

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(300)]

PROGRAM = """
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

def migrate(*target):
    call_command("migrate", *target, verbosity=0)

def rows(table):
    # without the flags of sources: their column came later, and is empty here
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY id")
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row)) for row in cursor.fetchall()]
    assert {row.pop("validity", "") for row in found} <= {""}
    return found

def constraints(table):
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, table)

def tables():
    return {name: (rows(name), constraints(name)) for name in ("boards_publishedseries", "boards_publishedfigure")}

def app_labels():
    ContentType.objects.clear_cache()
    kinds = ContentType.objects.filter(model__in=("publishedseries", "publishedfigure"))
    return sorted(kinds.values_list("app_label", "model"))

def readers_may():
    return sorted(Group.objects.get().permissions.values_list("content_type__app_label", "codename"))

for app in ("contenttypes", "auth", "admin", "catalog"):
    migrate(app)
migrate("boards", "0010")
assert app_labels() == [("boards", "publishedfigure"), ("boards", "publishedseries")], app_labels()
at_first = {name: held for name, (_, held) in tables().items()}
migrate()
call_command("load_published", verbosity=0)
migrate("boards", "0010")
again = {name: held for name, (_, held) in tables().items()}
if connection.vendor != "sqlite":  # which names what has no name by its place in the text of a table
    assert again == at_first, (again, at_first)
readers = Group.objects.create(name="readers")
readers.permissions.set(Permission.objects.filter(codename__in=("view_publishedseries", "view_publishedfigure")))
before = tables()
n_series, n_figures = (len(content) for content, _ in before.values())
assert n_series == 1, n_series
assert n_figures > 100, n_figures

for _ in range(2):  # there, back, and there again
    migrate()
    assert tables() == before
    assert app_labels() == [("published", "publishedfigure"), ("published", "publishedseries")], app_labels()
    assert readers_may() == [("published", "view_publishedfigure"), ("published", "view_publishedseries")]
    migrate("boards", "0010")
    assert tables() == before
    assert app_labels() == [("boards", "publishedfigure"), ("boards", "publishedseries")], app_labels()
    assert readers_may() == [("boards", "view_publishedfigure"), ("boards", "view_publishedseries")]

migrate()
from measurements.published.models import PublishedFigure, PublishedSeries

figure = PublishedFigure.objects.select_related("series").first()
assert figure.series.slug == "study-2024"
figure.pk = None
try:
    with transaction.atomic():
        figure.save(force_insert=True)
except IntegrityError:
    pass
else:
    raise AssertionError("the same figure stands twice")
call_command("load_published", verbosity=0)
assert tables() == before, "loading the same again writes nothing"
PublishedSeries.objects.all().delete()
assert not PublishedFigure.objects.exists()
print("MOVED")
"""


@pytest.mark.parametrize("database", ["PostgreSQL", "SQLite"])
def test_published_series_move_with_all_that_they_have(tmp_path: Path, database: str) -> None:
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment |= {"JOULEMARK_DATA_DIR": str(tmp_path), "PYTHONPATH": SOURCE_ROOTS}
    if database == "PostgreSQL":
        server = os.environ["DATABASE_URL"]
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS published_before WITH (FORCE)")
            connection.execute("CREATE DATABASE published_before")
        environment["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path="/published_before"))
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "MOVED"
