"""Processor time of one answer, by how much of it is there already: `make bench-answers`.

PostgreSQL and Redis, one process, the platform's whole stack of middleware. A board page of 40 rows is asked for cold
(a title has changed, so that it is computed), warm, by a reader who has it (304), and by another process (out of
Redis); beside it a view in the same stack that returns the same bytes from memory. What is counted is the processor
time of this process, in rounds of alternating order. So is that of a scrape of /metrics, which nothing keeps.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]

from benchmarks import report
from benchmarks.measured_platform import environment, prepare
from joulemark_simulation.services import services

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
WARM_REQUESTS = 200
COLD_REQUESTS = 5
ROWS = 40
BOARD = "/en/boards/demo-1-measured/text_classification/"
SAME = "/same-bytes/"
METRICS = "/metrics"
TOKEN = "a-token-of-this-benchmark-alone"  # noqa: S105 - opens the figures of this benchmark's own platform
OURS, MEMORY = "joulemark", "the same bytes from memory"

Answer = tuple[str, dict[str, str], bytes]
_titles = count()
_same: dict[str, Any] = {}


def __getattr__(name: str) -> Any:
    """The addresses of the platform and one more: this module is the benchmark's URL configuration."""
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.urls import path

    from joulemark_site import urls

    return [*urls.urlpatterns, path(SAME.strip("/") + "/", same_bytes)]


def same_bytes(_request: Any) -> Any:
    """What a board page costs if nothing has to be known of it."""
    from django.http import HttpResponse

    return HttpResponse(_same["content"], headers=_same["headers"])


def main() -> None:
    """Measure, print the table and write build/bench/answers.json."""
    with services(durable=True) as running, tempfile.TemporaryDirectory() as folder:
        ours = environment(running, folder)
        prepare(ours)
        os.environ |= {**ours, "DJANGO_SETTINGS_MODULE": "joulemark_site.settings"}
        import django
        from django.conf import settings

        django.setup()
        settings.ROOT_URLCONF = "benchmarks.answers"
        settings.ALLOWED_HOSTS = ["*"]
        settings.METRICS_TOKEN = TOKEN
        make_board()
        report.publish("answers", measured(), packages=["Django", "psycopg", "redis"])


def make_board() -> None:
    """A board with rows of several contributors."""
    from joulemark_simulation import result_rows
    from measurements.boards.services import refresh_stale_cells

    result_rows.demo_catalog()
    for number in range(ROWS):
        for by in ("ada", "grace"):
            result_rows.make_result(
                result_rows.Run(by=by, device=by, grade="measured", hardware=f"Card {number}")
            )
    refresh_stale_cells()


def measured() -> list[report.Row]:
    """Every number: milliseconds of processor time a request."""
    from django.core.handlers.wsgi import WSGIHandler

    from joulemark_simulation.result_rows import SPECIFIC
    from measurements.answer_cache import middleware
    from measurements.answer_cache.answer_memory import AnswerMemory
    from measurements.catalog.models import AiModel

    handler = WSGIHandler()
    status, headers, content = ask(handler, BOARD)
    assert status.startswith("200"), status
    assert headers["Content-Encoding"] == "gzip"
    _same["content"] = content
    _same["headers"] = {name: headers[name] for name in ("Content-Type", "Content-Encoding", "ETag")}
    assert ask(handler, SAME)[2] == content

    def change() -> None:
        changed = AiModel.objects.filter(slug=SPECIFIC).update(title=f"Title {next(_titles)}")
        assert changed == 1

    def forget() -> None:
        middleware.MEMORY = AnswerMemory(32 * 2**20)

    def nothing() -> None:
        """Leave it as it is."""

    cases: list[tuple[str, str, Callable[[], None], int]] = [
        ("warm", BOARD, nothing, WARM_REQUESTS),
        ("from memory", SAME, nothing, WARM_REQUESTS),
        ("not modified", BOARD, nothing, WARM_REQUESTS),
        ("from Redis", BOARD, forget, WARM_REQUESTS),
        ("cold", BOARD, change, COLD_REQUESTS),
        ("scrape", METRICS, nothing, COLD_REQUESTS),
    ]
    costs: dict[str, list[float]] = {name: [] for name, *_ in cases}
    for number in range(ROUNDS):
        for name, path, before, times in cases if number % 2 else reversed(cases):
            more = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"} if path == METRICS else {}
            status, headers, _ = ask(handler, path, more)  # what is learnt once is learnt here
            assert status.startswith("200"), (path, status)
            if name == "not modified":
                more["HTTP_IF_NONE_MATCH"] = headers["ETag"]
            costs[name].append(cost_ms(handler, path, before, times, more))
    ratios = [memory / warm for memory, warm in zip(costs["from memory"], costs["warm"], strict=True)]
    case = f"a board of {ROWS} rows, {len(content) / 1024:.0f} KiB compressed"
    metric, unit = "processor time", "ms"
    return [
        report.row(case, OURS, f"{metric}, computed", unit, costs["cold"]),
        report.row(case, OURS, f"{metric}, out of Redis", unit, costs["from Redis"]),
        report.row(case, OURS, f"{metric}, warm", unit, costs["warm"]),
        report.row(case, OURS, f"{metric}, not modified", unit, costs["not modified"]),
        report.row(case, MEMORY, metric, unit, costs["from memory"]),
        report.row(METRICS, OURS, f"{metric}, not kept", unit, costs["scrape"]),
        report.row(case, f"{OURS}, warm", f"rate beside {MEMORY}", "x", ratios),
    ]


def cost_ms(handler: Any, path: str, before: Callable[[], None], times: int, more: dict[str, str]) -> float:
    """Milliseconds of this process' processor time a request; what happens before each is not counted."""
    spent = 0.0
    for _ in range(times):
        before()
        began = time.process_time()
        ask(handler, path, more)
        spent += time.process_time() - began
    return spent / times * 1e3


def ask(handler: Any, path: str, more: dict[str, str] | None = None) -> Answer:
    """The status, headers and bytes of an answer, as a web server asks for it."""
    answered: list[tuple[str, list[tuple[str, str]]]] = []
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": True,
        "wsgi.run_once": False, "HTTP_HOST": "127.0.0.1:8000", "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
        "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.9", "HTTP_ACCEPT": "text/html,*/*;q=0.8",
        "REMOTE_ADDR": "127.0.0.1", **(more or {}),
    }  # fmt: skip
    response: Iterable[bytes] = handler(environ, lambda status, headers: answered.append((status, headers)))
    content = b"".join(response)
    close = getattr(response, "close", None)
    if close is not None:
        close()
    status, headers = answered[0]
    return status, dict(headers), content


if __name__ == "__main__":
    sys.modules["benchmarks.answers"] = sys.modules[
        "__main__"
    ]  # the settings name it, and it is here already
    main()
