"""What the rules were told of others when they judged a result: the state of the log before an entry was written."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from joulemark.leaderboard.contexts import (
    MOST_PEERS,
    MOST_PRINTS,
    Peer,
    earlier,
    of_others,
)
from joulemark.leaderboard.control_design import MOST_CONTROLS, PeerControl, control_facts
from joulemark.leaderboard.eligibility import COMPARABLE, ELIGIBLE, WITHDRAWN
from joulemark.record.bundle import statement_in
from joulemark.record.trace import Queries, Trace
from joulemark.replay.own_facts import own_context
from joulemark.rules.case import AnnouncedRuns, Case
from joulemark.rules.control_figures import ControlFigures
from joulemark.rules.noise_print import ALIKE, BITS, likeness, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from joulemark.reader.release import OpenRelease
    from joulemark.replay.own_facts import Arrival
    from joulemark.replay.state_file import StateFile
    from joulemark.replay.suites import ReleaseSuites

STATES, ACCEPTED = (", ".join(f"'{state}'" for state in states) for states in (COMPARABLE, ELIGIBLE))
PEERS = f"""
SELECT e.result_id FROM evidence e
JOIN standings s ON s.result_id = e.result_id AND s.since < ?2 AND (s.until IS NULL OR s.until >= ?2)
WHERE e.job = ?1 AND e.derived < ?2 AND e.written < ?2 AND s.state IN ({STATES})
ORDER BY e.written DESC LIMIT {MOST_PEERS}
"""  # noqa: S608 - our own words
DESIGN = f"""
SELECT e.contributor, e.written, e.control FROM evidence e
JOIN standings s ON s.result_id = e.result_id AND s.since < ?2 AND (s.until IS NULL OR s.until >= ?2)
WHERE e.design = ?1 AND e.control IS NOT NULL AND e.derived < ?2 AND e.written < ?2 AND s.state IN ({ACCEPTED})
ORDER BY e.written DESC LIMIT {MOST_CONTROLS}
"""  # noqa: S608 - our own words
DEVICES = "SELECT DISTINCT contributor FROM evidence WHERE device = ? AND derived < ?"
RUNS = f"""
SELECT t.device = ?3, k.contributor = ?4, ?7 <> '' AND t.network = ?7,
  t.result_id IS NULL
  OR (SELECT a.written FROM arrivals a WHERE a.result_id = t.result_id) >= ?6
  OR EXISTS (SELECT 1 FROM standings s WHERE s.result_id = t.result_id AND s.state = '{WITHDRAWN}' AND s.since < ?6)
FROM tickets t JOIN keys k ON k.key_id = t.key_id
WHERE t.suite = ?1 AND t.workload = ?2 AND t.written < ?5 AND (
  t.key_id IN (SELECT key_id FROM keys WHERE contributor = ?4) OR (?7 <> '' AND t.network = ?7)
)
"""  # noqa: S608 - our own words
CHANGES = """
SELECT DISTINCT s.since FROM standings s JOIN evidence e ON e.result_id = s.result_id
WHERE (e.job = ? OR e.design = ?) AND s.since > ? AND s.since < ? ORDER BY s.since DESC LIMIT ?
"""
PEER = "SELECT contributor, seed, sample, inputs, quality, answers FROM evidence WHERE result_id = ?"
PEERS_AT_HAND = 4096
"""Peers that are kept decoded: those of some eighty jobs."""

MOST_MOMENTS = 64
"""Earlier moments that are tried: a batch of results is read before the verdicts of another one are written."""


class JobPrints(NamedTuple):
    """Noise prints of a job's results in the order of their arrival; when each was written, and its numbers derived."""

    written: NDArray[np.int64]
    derived: NDArray[np.int64]
    result_ids: list[str]
    rows: NDArray[np.uint64]


class PastContexts:
    """Contexts of one process, which opens the state file for reading."""

    def __init__(self, release: OpenRelease, state: StateFile, suites: ReleaseSuites) -> None:
        self._release, self._state, self._suites = release, state, suites
        self._archives = {file.path: file for file in release.manifest.bundles}
        self._prints = lru_cache(maxsize=64)(self._read_prints)
        self._alike = lru_cache(maxsize=4)(self._read_alike)
        self._peer = lru_cache(maxsize=PEERS_AT_HAND)(self._read_peer)

    def moments(self, evidence: dict[str, Any], before: int) -> Iterator[int]:
        """The entry before which the context was read, most likely first: the batch's own, then earlier changes."""
        yield before
        rows = self._state.all(
            CHANGES, evidence["job"], evidence["design"], evidence["written"], before, MOST_MOMENTS
        )
        yield from (since for (since,) in rows)

    def is_revoked(self, arrival: Arrival, before: int) -> bool:
        """Whether the key's results were distrusted then, this one among them."""
        rows = self._state.all(
            "SELECT since FROM revocations WHERE key_id = ? AND written < ?", arrival.key_id, before
        )
        from datetime import datetime

        return any(since and arrival.received_at >= datetime.fromisoformat(since) for (since,) in rows)

    def of_others(self, evidence: dict[str, Any], arrival: Arrival, before: int) -> dict[str, Any] | None:
        """The facts about other results and runs then, None where there are none: then the rules need no context."""
        rows = self._state.all(PEERS, evidence["job"], before)
        peers = [self._peer(result_id) for (result_id,) in rows]
        facts = self._facts_without_peers(evidence, arrival, before)
        if not any(peer.contributor != arrival.contributor for peer in peers) and not any(facts.values()):
            return None
        return {"peers": peers, **facts}

    def case(self, evidence: dict[str, Any], arrival: Arrival, facts: dict[str, Any], before: int) -> Case:
        """The result with the context of then. Its trace has the answers and how many queries ran, and no reading."""
        statement = statement_in(self._bundle(evidence))
        measured = Queries(duration_us=(0,) * evidence["n_measured"])
        trace = Trace(version=1, streams=(), spans=(), queries=(measured,), answers=evidence["answers"])
        origin = self._release.manifest.origin
        suite = self._suites.find(evidence["suite"])
        context = own_context(self._state, arrival, statement, origin=origin)
        alone = Case(statement, trace, replace(context, suite=suite))
        peers = facts.pop("peers", [])
        others = of_others(alone, peers, me=arrival.contributor, suite=suite)
        return alone.knowing(**others, **facts, key_revoked=self.is_revoked(arrival, before))

    def _read_peer(self, result_id: str) -> Peer:
        contributor, seed, sample, inputs, quality, answers = self._state.first(PEER, result_id)
        return Peer(
            contributor=contributor,
            seed=seed,
            sample=sample,
            inputs=inputs,
            quality=tuple(map(tuple, json.loads(quality))),
            answers=answers,
        )

    def _facts_without_peers(self, evidence: dict[str, Any], arrival: Arrival, before: int) -> dict[str, Any]:
        """The facts that no peer is needed for."""
        traces = self._state.all(
            "SELECT written, result_id FROM arrivals WHERE trace_sha256 = ? AND written < ? ORDER BY written LIMIT 1",
            arrival.trace_sha256, arrival.written,
        )  # fmt: skip
        times = self._state.all(
            "SELECT written, result_id FROM evidence WHERE times = ? AND derived < ? AND written < ? "
            "ORDER BY written LIMIT 1",
            evidence["times"], before, arrival.written,
        )  # fmt: skip
        devices = {name for (name,) in self._state.all(DEVICES, evidence["device"], before)}
        return {
            "same_trace_as": earlier(traces, before=arrival.written),
            "same_times_as": earlier(times, before=arrival.written),
            "same_noise_as": self._same_noise(evidence, arrival, before),
            **self._runs(arrival, before),
            "device_shared_with": len(devices - {arrival.contributor}),
            **self._controls(evidence, arrival, before),
        }

    def _controls(self, evidence: dict[str, Any], arrival: Arrival, before: int) -> dict[str, Any]:
        """What others' cards of the result's design were like, as of an entry."""
        rows = self._state.all(DESIGN, evidence["design"], before) if evidence["design"] else ()
        peers = (
            PeerControl(
                contributor=name, leaf=written, figures=ControlFigures.from_numbers(json.loads(control))
            )
            for name, written, control in rows
        )
        return control_facts(peers, me=arrival.contributor, before=arrival.written)

    def _same_noise(self, evidence: dict[str, Any], arrival: Arrival, before: int) -> str | None:
        """As `joulemark.leaderboard.contexts.same_noise` of the latest prints of then."""
        alike = self._alike(evidence["job"], before // MOST_PRINTS, evidence["noise"])
        if alike is None:
            return None
        prints, of_same_run = alike
        there = np.flatnonzero((prints.derived < before) & (prints.written < before))[-MOST_PRINTS:]
        places = there[of_same_run[there]]
        return earlier(
            ((int(prints.written[place]), prints.result_ids[place]) for place in places),
            before=arrival.written,
        )

    def _read_alike(
        self, job: str | None, block: int, noise: bytes | None
    ) -> tuple[JobPrints, NDArray[np.bool_]] | None:
        """Prints of a job, and which of them are of the run that has this noise: at all moments of a verdict alike."""
        prints = self._prints(job, block) if noise else None
        return None if prints is None or not noise else (prints, likeness(noise, prints.rows) >= ALIKE)

    def _read_prints(self, job: str | None, block: int) -> JobPrints | None:
        """Prints of a job's results that were written before the end of a block."""
        rows = self._state.all(
            "SELECT written, result_id, noise, derived FROM evidence WHERE job = ? AND written < ? "
            "AND length(noise) = ? AND derived IS NOT NULL ORDER BY written DESC LIMIT ?",
            job, (block + 1) * MOST_PRINTS, BITS // 8, 2 * MOST_PRINTS,
        )[::-1]  # fmt: skip
        if not rows:
            return None
        return JobPrints(
            written=np.array([row[0] for row in rows]),
            derived=np.array([row[3] for row in rows]),
            result_ids=[row[1] for row in rows],
            rows=rows_of([row[2] for row in rows]),
        )

    def _runs(self, arrival: Arrival, before: int) -> dict[str, Any]:
        """The runs of the result's job that were announced before it arrived, as of an entry."""
        row = self._state.first(
            "SELECT suite, workload, device, network FROM tickets WHERE ticket = ?", arrival.ticket
        )
        if row is None:
            return {}
        suite, workload, device, network = row
        runs = self._state.all(
            RUNS, suite, workload, device, arrival.contributor, arrival.written, before, network
        )
        return {
            "tickets_unreported": sum(same and own and silent for same, own, _near, silent in runs),
            "runs_of_contributor": _announced(silent for _same, own, _near, silent in runs if own),
            "runs_of_network": _announced(silent for _same, _own, near, silent in runs if near),
        }

    def _bundle(self, evidence: dict[str, Any]) -> bytes:
        place = self._release.root.fetched(self._archives[evidence["archive"]])
        with place.open("rb", buffering=0) as file:
            file.seek(evidence["offset"])
            return file.read(evidence["size"])


def _announced(are_silent: Iterable[bool]) -> AnnouncedRuns:
    listed = list(are_silent)
    return AnnouncedRuns(unreported=sum(listed), announced=len(listed))
