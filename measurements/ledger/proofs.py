"""Proofs that a leaf is in the log."""

from __future__ import annotations

from joulemark.log.tiles import inclusion_proof
from joulemark.record.messages import LogProof
from measurements.ledger import tile_store
from measurements.ledger.errors import Damaged, NotSequenced
from measurements.ledger.models import Leaf
from measurements.ledger.published import read_published


def prove(leaf: Leaf) -> LogProof:
    """The leaf's place with its inclusion proof and the published checkpoint. Raises NotSequenced while it waits."""
    try:
        published = read_published()
    except Damaged as error:
        raise NotSequenced("The log's checkpoint is being published again; ask again in a minute.") from error
    if leaf.index is None or published is None or published.checkpoint.size <= leaf.index:
        raise NotSequenced("The log gives this leaf its place within seconds; ask again then.")
    try:
        proof = inclusion_proof(leaf.index, published.checkpoint.size, tile_store.read_tile)
    except FileNotFoundError as error:
        raise NotSequenced(
            "The log's files are being made again from the database; ask again in a minute."
        ) from error
    return LogProof(index=leaf.index, proof=tuple(proof), checkpoint=published.note)
