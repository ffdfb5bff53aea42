"""Proofs that a leaf is in the log."""

from __future__ import annotations

from joulemark.log.checkpoints import parse
from joulemark.log.notes import claimed_text
from joulemark.log.tiles import inclusion_proof
from joulemark.record.messages import LogProof
from measurements.ledger import folder
from measurements.ledger.errors import NotSequenced
from measurements.ledger.models import Leaf


def prove(leaf: Leaf) -> LogProof:
    """The leaf's place with its inclusion proof and the published checkpoint. Raises NotSequenced while it waits."""
    note = folder.published()
    size = parse(claimed_text(note)).size if note else 0
    if leaf.index is None or note is None or size <= leaf.index:
        raise NotSequenced("The log gives this leaf its place within seconds; ask again then.")
    try:
        proof = inclusion_proof(leaf.index, size, folder.read_tile)
    except FileNotFoundError as error:
        raise NotSequenced(
            "The log's files are being made again from the database; ask again in a minute."
        ) from error
    return LogProof(index=leaf.index, proof=tuple(proof), checkpoint=note)
