"""Who writes a release keeps nobody from writing, leaves nothing behind, and comes at the same time each day."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from joulemark.atomic_file import draft_of
from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from joulemark_site import embedded
from joulemark_site.embedded import periodic_work, repeat
from measurements.monitoring.models import PeriodicRun
from measurements.monitoring.periodic_runs import RELEASES
from measurements.releases import services, storage
from measurements.releases.models import Release, WrittenRange
from measurements.releases.range_writer import write_range
from measurements.releases.services import publish_due_release, publish_release
from measurements.releases.snapshot_writer import write_snapshots
from measurements.releases.staging import Staging
from tests.both_databases import sqlite_in_place_of_postgresql
from tests.web.release_reading import manifest_of, rows_of

pytestmark = pytest.mark.django_db


def test_on_sqlite_results_come_in_while_a_release_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joulemark.release.layout.LEAVES_PER_PART", 4)
    file = tmp_path / "embedded.sqlite3"
    came: list[str] = []

    def while_something_comes_in(original: Any) -> Any:
        def reading(*args: Any, **options: Any) -> Any:
            with sqlite_in_place_of_postgresql(file):
                came.append(make_result(Run(by=f"person {len(came)}")).pk)
            return original(*args, **options)

        return reading

    with sqlite_in_place_of_postgresql(file):
        call_command("migrate", verbosity=0)
        demo_catalog()
        before = make_result(Run(by="ada"))
        make_result(Run(by="grace"))
        monkeypatch.setattr(services, "write_range", while_something_comes_in(write_range))
        monkeypatch.setattr(services, "write_snapshots", while_something_comes_in(write_snapshots))
        release = publish_release()
        manifest = manifest_of(tmp_path / "releases", release.name)
        published = {row["result_id"] for row in rows_of(tmp_path / "releases", manifest, "results")}
        assert before.pk in published
        assert len(came) >= 3
        assert came[-1] not in published, "what comes while the release is read is in the next one"
        assert WrittenRange.objects.exists()
        assert connection.vendor == "sqlite"


def test_what_a_killed_writer_left_is_removed_by_the_next_one(tmp_path: Path, settings: LazySettings) -> None:
    demo_catalog()
    make_result(Run(by="ada"))
    staged = Path(settings.RELEASES_WORK_DIR) / "tmp-of-it" / "results.parquet"
    draft = draft_of(tmp_path / "releases" / "parts" / "results" / "0-1.0123456789abcdef.parquet")
    for left in (staged, draft):
        left.parent.mkdir(parents=True)
        left.write_bytes(b"half")
    publish_release()
    assert not staged.parent.exists()
    assert not draft.exists()


def test_what_is_stored_already_waits_for_the_disk_too_with_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer that stored it may have been killed before it waited."""
    synced: list[Path] = []
    monkeypatch.setattr(storage, "sync_path", synced.append)
    monkeypatch.setattr(storage, "sync_folder", synced.append)
    for _writer in range(2):
        synced.clear()
        staging = Staging(tmp_path)
        file = staging.place("results.parquet")
        file.write_bytes(b"rows")
        staging.store(file, lambda _sha256: "parts/results/0-1.0123456789abcdef.parquet")
        staging.sync()
        root = tmp_path / "releases"
        assert set(synced) == {
            root / "parts" / "results" / "0-1.0123456789abcdef.parquet",
            root / "parts" / "results",
            root / "parts",
            root,
        }


def test_a_release_a_day_is_made_at_the_same_look_each_day(settings: LazySettings) -> None:
    settings.RELEASES_EVERY_S, settings.RELEASE_LOOK_S = 24 * 3600, 3600
    demo_catalog()
    make_result(Run(by="ada"))
    assert publish_due_release() is not None
    make_result(Run(by="grace"))
    for age, is_due in ((timedelta(hours=23), False), (timedelta(hours=24, minutes=-5), True)):
        Release.objects.update(made_at=timezone.now() - age)
        assert (publish_due_release() is not None) == is_due


def test_the_one_process_of_an_embedded_platform_makes_a_release_on_each_day_with_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    """Its thread, on a clock that stands still but for the thread's pauses: news on all days but the third."""
    settings.RELEASES_EVERY_S, settings.RELEASE_LOOK_S = 24 * 3600, 3600
    start = timezone.now().replace(hour=0, minute=30)
    clock = [start]
    monkeypatch.setattr(timezone, "now", lambda: clock[0])
    monkeypatch.setattr(embedded, "close_old_connections", lambda: None)
    (periodic,) = [work for work in periodic_work(every_s=60) if work.task == RELEASES]
    days: list[int] = []

    def wait(pause_s: float) -> bool:
        clock[0] += timedelta(seconds=pause_s)
        day = (clock[0] - start).days
        if day not in days and day != 2:
            make_result(Run(by=f"person {day}"))
        days.append(day)
        return day == 5

    with sqlite_in_place_of_postgresql(tmp_path / "embedded.sqlite3"):
        call_command("migrate", verbosity=0)
        demo_catalog()
        repeat(periodic, wait)
        made = list(Release.objects.order_by("id").values_list("name", "made_at", "published_at"))
        assert PeriodicRun.objects.get(name=RELEASES).finished_at == clock[0] - timedelta(hours=1)
    in_the_first_hour = start + timedelta(hours=1)
    assert [made_at for _name, made_at, _listed in made] == [
        in_the_first_hour,
        in_the_first_hour + timedelta(days=1),
        start + timedelta(days=3),
        start + timedelta(days=4),
    ]
    assert [name for name, *_ in made] == [str(made_at.date()) for _name, made_at, _listed in made]
    assert all(listed is not None for *_, listed in made)


def test_a_look_at_what_is_not_due_loads_nothing_that_writes() -> None:
    loaded = "import sys, django; django.setup(); from measurements.releases import tasks; "
    look = "tasks.is_release_due = lambda: False; tasks.publish(); "
    code = f"{loaded}{look}assert 'pyarrow' not in sys.modules, 'pyarrow is loaded'"
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))


def test_who_comes_second_looks_again_and_makes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    demo_catalog()
    make_result(Run(by="ada"))
    alone, made = services._alone, []

    @contextmanager
    def alone_after_another_process() -> Iterator[bool]:
        monkeypatch.setattr(services, "_alone", alone)
        made.append(publish_release())
        yield True

    monkeypatch.setattr(services, "_alone", alone_after_another_process)
    assert publish_due_release() is None
    assert list(Release.objects.all()) == made
