"""What the log keeps of decisions, computed from their rows as they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from joulemark.leaderboard.eligibility import StateOfResult
from joulemark.log import leaf as entries
from joulemark.record.errors import RecordError
from joulemark.rules.findings_digest import is_former_digest
from measurements.intake.log_facts import DECISIONS
from measurements.intake.models import Submission
from measurements.ledger.facts import RowFacts
from measurements.ledger.log_facts import Recorded, register
from measurements.ledger.models import Leaf, LeafKind
from measurements.review.contributor_requests import appeal_facts, withdrawal_facts
from measurements.review.hardware_names import name_decision_facts
from measurements.review.models import Appeal, Moderation, NameDecision, Verdict, Withdrawal
from measurements.review.moderation import moderation_facts
from measurements.review.services import verdict_facts

Row = TypeVar("Row", Verdict, Moderation, Withdrawal, Appeal)


def read_verdicts(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Verdicts as they are now. A digest of before is the fact where it is still that of the row's findings."""
    entries_by_leaf = {leaf.pk: _facts_of(leaf) for leaf in leaves}

    def facts_of(verdict: Verdict) -> RowFacts:
        digest = entries_by_leaf[verdict.leaf_id].get("findings_sha256")
        if is_former_digest(digest, verdict.findings):
            return {**verdict_facts(verdict), "findings_sha256": str(digest)}
        return verdict_facts(verdict)

    return _read(Verdict, facts_of, leaves)


def _facts_of(leaf: Leaf) -> entries.Facts:
    """The facts of an entry; none where its body was edited, which the log's own audit says."""
    try:
        return leaf.entry().facts
    except RecordError:
        return {}


def read_moderations(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Moderators' decisions as they are now."""
    return _read(Moderation, moderation_facts, leaves)


def read_withdrawals(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Withdrawals as they are now."""
    return _read(Withdrawal, withdrawal_facts, leaves)


def read_appeals(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Appeals as they are now."""
    return {
        row.leaf_id: Recorded(row.submission_id, appeal_facts(row))
        for row in Appeal.objects.filter(leaf__in=leaves)
    }


def read_name_decisions(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Decisions about names of hardware as they are now; the last one shows where the name stands otherwise."""
    rows = NameDecision.objects.select_related("hardware_class").filter(leaf__in=leaves)
    recorded = {}
    for row in rows:
        facts = dict(name_decision_facts(row))
        last = NameDecision.objects.filter(hardware_class=row.hardware_class_id).order_by("leaf_id").last()
        if last == row and row.hardware_class.name_state != row.state:
            facts["stands"] = row.hardware_class.name_state
        recorded[row.leaf_id] = Recorded(row.hardware_class.code, facts)
    return recorded


def decided_states(subjects: Collection[str]) -> dict[str, tuple[int, str]]:
    """By result the id of its last decision's leaf, and the state in which that and all before it leave the result."""
    results: dict[str, StateOfResult] = defaultdict(StateOfResult)
    states: dict[str, tuple[int, str]] = {}
    leaves = Leaf.objects.filter(subject__in=subjects, kind__in=DECISIONS).order_by("id")
    for pk, kind, subject, body in leaves.values_list("id", "kind", "subject", "body"):
        states[subject] = pk, results[subject].apply(kind, entries.decode(body.encode()).facts)
    return states


def _read(
    model: type[Row], facts_of: Callable[[Row], RowFacts], leaves: Collection[Leaf]
) -> Mapping[int, Recorded]:
    """The last decision about a result that stands in another state shows in which."""
    rows = model._default_manager.filter(leaf__in=leaves)
    results = [row.submission_id for row in rows]
    decided = decided_states(results)
    stands = dict(Submission.objects.filter(pk__in=results).values_list("pk", "state"))
    recorded = {}
    for row in rows:
        facts = dict(facts_of(row))
        last, state = decided.get(row.submission_id, (row.leaf_id, ""))
        stands_in = stands.get(row.submission_id, "nowhere")
        if last == row.leaf_id and stands_in != state:
            facts["stands"] = stands_in
        recorded[row.leaf_id] = Recorded(row.submission_id, facts)
    return recorded


def register_readers() -> None:
    """Register the readers of the rows behind each kind of leaf."""
    register(LeafKind.VERDICT, read_verdicts)
    register(LeafKind.MODERATION, read_moderations)
    register(LeafKind.WITHDRAWAL, read_withdrawals)
    register(LeafKind.APPEAL, read_appeals)
    register(LeafKind.NAME_DECISION, read_name_decisions)
