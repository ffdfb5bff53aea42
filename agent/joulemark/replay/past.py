"""What the rules were told of others when they judged a result: the state of the log before an entry was written."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from joulemark.leaderboard.contexts import (
    MOST_PEERS,
    MOST_PRINTS,
    Peer,
    Prints,
    earlier,
    of_others,
    same_noise,
)
from joulemark.leaderboard.eligibility import COMPARABLE, WITHDRAWN
from joulemark.record.bundle import statement_in
from joulemark.record.trace import Queries, Trace
from joulemark.replay.own_facts import own_context
from joulemark.rules.case import Case
from joulemark.rules.noise_print import BITS, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.reader.release import OpenRelease
    from joulemark.replay.own_facts import Arrival
    from joulemark.replay.state_file import StateFile
    from joulemark.replay.suites import ReleaseSuites

STATES = ", ".join(f"'{state}'" for state in COMPARABLE)
PEERS = f"""
SELECT e.result_id FROM evidence e
JOIN standings s ON s.result_id = e.result_id AND s.since < ?2 AND (s.until IS NULL OR s.until >= ?2)
WHERE e.job = ?1 AND e.derived < ?2 AND e.written < ?2 AND s.state IN ({STATES})
ORDER BY e.written DESC LIMIT {MOST_PEERS}
"""  # noqa: S608 - our own words
DEVICES = "SELECT DISTINCT contributor FROM evidence WHERE device = ? AND derived < ?"
UNREPORTED = f"""
SELECT count(*) FROM tickets t JOIN keys k ON k.key_id = t.key_id
WHERE t.suite = ?1 AND t.workload = ?2 AND t.device = ?3 AND k.contributor = ?4 AND t.written < ?5 AND (
  t.result_id IS NULL
  OR (SELECT a.written FROM arrivals a WHERE a.result_id = t.result_id) >= ?6
  OR EXISTS (SELECT 1 FROM standings s WHERE s.result_id = t.result_id AND s.state = '{WITHDRAWN}' AND s.since < ?6)
)
"""  # noqa: S608 - our own words
CHANGES = """
SELECT DISTINCT s.since FROM standings s JOIN evidence e ON e.result_id = s.result_id
WHERE e.job = ? AND s.since > ? AND s.since < ? ORDER BY s.since DESC LIMIT ?
"""
PEER = "SELECT contributor, seed, sample, inputs, quality, answers FROM evidence WHERE result_id = ?"
PEERS_AT_HAND = 4096
"""Peers that are kept decoded: those of some eighty jobs."""

MOST_MOMENTS = 64
"""Earlier moments that are tried: a batch of results is read before the verdicts of another one are written."""


class PastContexts:
    """Contexts of one process, which opens the state file for reading."""

    def __init__(self, release: OpenRelease, state: StateFile, suites: ReleaseSuites) -> None:
        self._release, self._state, self._suites = release, state, suites
        self._archives = {file.path: file for file in release.manifest.bundles}
        self._prints = lru_cache(maxsize=64)(self._read_prints)
        self._peer = lru_cache(maxsize=PEERS_AT_HAND)(self._read_peer)

    def moments(self, evidence: dict[str, Any], before: int) -> Iterator[int]:
        """The entry before which the context was read, most likely first: the batch's own, then earlier changes."""
        yield before
        rows = self._state.all(CHANGES, evidence["job"], evidence["written"], before, MOST_MOMENTS)
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
        prints = self._prints(evidence["job"], before // MOST_PRINTS) if evidence["noise"] else None
        return {
            "same_trace_as": earlier(traces, before=arrival.written),
            "same_times_as": earlier(times, before=arrival.written),
            "same_noise_as": self._same_noise(evidence, prints, arrival, before),
            "tickets_unreported": self._unreported(arrival, before),
            "device_shared_with": len(devices - {arrival.contributor}),
        }

    def _same_noise(
        self, evidence: dict[str, Any], read: tuple[Prints, Any] | None, arrival: Arrival, before: int
    ) -> str | None:
        if read is None:
            return None
        prints, derived = read
        there = np.flatnonzero((derived < before) & (np.array(prints.leaves) < before))[-MOST_PRINTS:]
        if not len(there):
            return None
        then = Prints(
            leaves=tuple(prints.leaves[place] for place in there),
            result_ids=tuple(prints.result_ids[place] for place in there),
            rows=prints.rows[there],
        )
        return same_noise(evidence["noise"], then, before=arrival.written)

    def _read_prints(self, job: str, block: int) -> tuple[Prints, Any] | None:
        """Prints of a job's results that were written before the end of a block, and when each was derived."""
        rows = self._state.all(
            "SELECT written, result_id, noise, derived FROM evidence WHERE job = ? AND written < ? "
            "AND length(noise) = ? AND derived IS NOT NULL ORDER BY written DESC LIMIT ?",
            job, (block + 1) * MOST_PRINTS, BITS // 8, 2 * MOST_PRINTS,
        )[::-1]  # fmt: skip
        if not rows:
            return None
        prints = Prints(
            leaves=tuple(row[0] for row in rows),
            result_ids=tuple(row[1] for row in rows),
            rows=rows_of([row[2] for row in rows]),
        )
        return prints, np.array([row[3] for row in rows])

    def _unreported(self, arrival: Arrival, before: int) -> int:
        if arrival.ticket is None:
            return 0
        row = self._state.first(
            "SELECT suite, workload, device, written FROM tickets WHERE ticket = ?", arrival.ticket
        )
        if row is None:
            return 0
        suite, workload, device, written = row
        return int(
            self._state.first(UNREPORTED, suite, workload, device, arrival.contributor, written, before)[0]
        )

    def _bundle(self, evidence: dict[str, Any]) -> bytes:
        place = self._release.root.fetched(self._archives[evidence["archive"]])
        descriptor = os.open(place, os.O_RDONLY)
        try:
            return os.pread(descriptor, evidence["size"], evidence["offset"])
        finally:
            os.close(descriptor)
