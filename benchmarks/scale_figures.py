"""The figures of one address in benchmarks/scale.py, and the order in which its page is asked for."""

from __future__ import annotations

import gzip
import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import redis

from benchmarks import report
from benchmarks.scale_bytes import write_answer
from benchmarks.scale_servers import CLIENTS, Cost

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.reading import Answer
    from benchmarks.scale_pages import Page
    from benchmarks.scale_rows import LargePlatform
    from benchmarks.scale_servers import Web
    from joulemark_simulation.services import Services

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
PATIENCE_S = float(os.environ.get("BENCH_PATIENCE", "2"))
WARM_S = 0.3
"""About so long one client asks for a warm page, and sixteen in each round."""
COLD_ANSWERS = 3
RENEWALS = 3
"""How often a page is asked for as cold, and as renewed."""
GREW_BYTES = 20 * 2**20
"""A process that an answer made larger than this is replaced, so that the next page's peak is its own."""
BESIDE_MEMORY = "warm, beside memory"
BEGAN_S = time.monotonic()
EMPTY = "/api/v1/platform"
"""An answer that costs next to nothing."""


def note_progress(words: str) -> None:
    """A line on standard error, with the seconds since the program began."""
    print(f"{time.monotonic() - BEGAN_S:6.0f} s  {words}", file=sys.stderr, flush=True)


@dataclass
class Figures:
    """What was measured of one address, by the metric's words: values of the rounds and their unit."""

    title: str
    values: dict[str, tuple[str, list[float]]] = field(default_factory=dict)

    def note(self, metric: str, unit: str, *values: float) -> None:
        """Keep the values of a metric."""
        self.values[metric] = (unit, list(values))

    def note_cost(self, when: str, *costs: Cost) -> None:
        """Keep what a request costs each time, in ms of each side."""
        self.note(f"{when} CPU", "ms", *(cost.web_s * 1e3 for cost in costs))
        self.note(f"{when} CPU, database", "ms", *(cost.database_s * 1e3 for cost in costs))

    def middle(self, metric: str) -> float | None:
        """The median of a metric; None where it was not measured."""
        unit_values = self.values.get(metric)
        return None if unit_values is None else statistics.median(unit_values[1])

    @property
    def cold_ms(self) -> float:
        """CPU of the web process and of the database of a cold answer."""
        return self.both_ms("cold")

    def both_ms(self, when: str) -> float:
        """CPU of the web process and of the database of an answer that is `cold`, `warm` or `renewed`."""
        return (self.middle(f"{when} CPU") or 0.0) + (self.middle(f"{when} CPU, database") or 0.0)

    def rows(self, tool: str) -> list[report.Row]:
        """The usual rows."""
        return [
            report.row(self.title, tool, metric, unit, values)
            for metric, (unit, values) in self.values.items()
        ]


@dataclass(kw_only=True)
class Measuring:
    """The platform's server, the server of bytes, and what makes a page cold."""

    running: Services
    platform: LargePlatform
    web: Web
    memory: Web
    kept: Path
    floor_bytes: int = 0

    def page(self, page: Page) -> Figures:
        """Everything about one address."""
        figures, address = Figures(page.title), page.address
        self.web.ask(EMPTY)
        self.floor_bytes = self.floor_bytes or self.web.peak_bytes()
        self.web.reset_peak()
        answer, cost = self._cost_of_one(address)  # loads code and templates
        is_slow = 1 / cost.rate > PATIENCE_S
        costs = [cost]
        if not is_slow:
            answer, costs = self._costs_of_cold(address)
            is_slow = 1 / costs[-1].rate > PATIENCE_S
        figures.note_cost("cold", *costs)
        figures.note("statements", "", int(answer.headers.get("x-statements", "0")))
        self._note_sizes(figures, answer)
        warm = self.web.cost_of(lambda: self.web.ask_times(address, 1))
        warm_s = 1 / warm.rate
        if not is_slow:
            number = max(3, min(50, round(WARM_S / warm_s)))
            warm = self.web.cost_of(lambda: self.web.ask_times(address, number))
        figures.note_cost("warm", warm)
        if not is_slow:
            figures.note_cost("renewed", self._cost_of_renewed(address))
            self.cool()
            together = self.web.cost_of(lambda: self.web.ask_together(address, CLIENTS))
            of_all = CLIENTS * (together.web_s + together.database_s)
            figures.note(f"cold CPU, {CLIENTS} at once", "ms", of_all * 1e3)
            self._note_rates(figures, address, warm_s)
        figures.note("peak memory", "MB", self.web.peak_bytes() / 1e6)
        if self.web.closed:
            figures.note("closed without answer", "", self.web.closed)
            self.web.closed = 0
        if self.web.peak_bytes() > self.floor_bytes + GREW_BYTES:
            self.web.begin_again()
        note_progress(f"{page.title}: cold {figures.cold_ms:.0f} ms")
        return figures

    def cool(self) -> None:
        """Have a result of the board change, and Redis forget everything."""
        self.platform.change()
        redis.Redis.from_url(self.running.redis_url or "").flushall()

    def renew(self) -> None:
        """Have a result of the board change, and do what the platform's tasks do then with addresses that are hot."""
        from measurements.answer_cache.renewal import RENEWAL

        self.platform.change()
        RENEWAL.run()

    def _costs_of_cold(self, address: str) -> tuple[Answer, list[Cost]]:
        """A cold answer and what it costs, several times: one alone scatters; the peak is of cold answers only."""
        costs = []
        for _ in range(COLD_ANSWERS):
            self.cool()
            self.web.reset_peak()
            answer, cost = self._cost_of_one(address)
            costs.append(cost)
        return answer, costs

    def _cost_of_renewed(self, address: str) -> Cost:
        """The mean of a few, since one alone meets a processor that has just done something else."""
        costs = []
        for _ in range(RENEWALS):
            self.renew()
            costs.append(self._cost_of_one(address)[1])
        return Cost(
            web_s=statistics.fmean(cost.web_s for cost in costs),
            database_s=statistics.fmean(cost.database_s for cost in costs),
            rate=statistics.fmean(cost.rate for cost in costs),
        )

    def _cost_of_one(self, address: str) -> tuple[Answer, Cost]:
        answers: list[Answer] = []

        def ask() -> tuple[int, float]:
            answer, seconds = self.web.ask_timed(address)
            answers.append(answer)
            return 1, seconds

        cost = self.web.cost_of(ask)
        return answers[0], cost

    def _note_sizes(self, figures: Figures, answer: Answer) -> None:
        is_compressed = answer.headers.get("content-encoding") == "gzip"
        raw = gzip.decompress(answer.body) if is_compressed else answer.body
        figures.note("raw", "KB", len(raw) / 1e3)
        figures.note("sent", "KB", len(answer.body) / 1e3)

    def _note_rates(self, figures: Figures, address: str, warm_s: float) -> None:
        """Rates of sixteen clients, of the platform and of its bytes from memory in turn."""
        write_answer(self.kept, address, self.web.ask(address))
        number = max(CLIENTS, min(640, round(WARM_S / warm_s)))
        rates, ratios = [], []
        for _ in range(ROUNDS):
            ours = self.web.cost_of(lambda: self.web.ask_together(address, number))
            bytes_alone = self.memory.cost_of(lambda: self.memory.ask_together(address, number))
            rates.append(ours.rate)
            ratios.append(ours.rate / bytes_alone.rate)
        figures.note(f"warm, {CLIENTS} clients", "1/s", *rates)
        figures.note(BESIDE_MEMORY, "x", *ratios)


def stock_figures(web: Web, title: str, address: str) -> Figures:
    """What stock Django's page costs; it knows no cold and warm."""
    figures = Figures(title)
    answer = web.ask(address)
    figures.note_cost("cold", web.cost_of(lambda: web.ask_times(address, 5)))
    figures.note("raw", "KB", len(answer.body) / 1e3)
    rates = [web.cost_of(lambda: web.ask_together(address, CLIENTS)).rate for _ in range(ROUNDS)]
    figures.note(f"warm, {CLIENTS} clients", "1/s", *rates)
    figures.note("peak memory", "MB", web.peak_bytes() / 1e6)
    return figures
