"""What the log holds of a ticket's nonce and seed, which its volunteer must learn before anybody else."""

from __future__ import annotations

import hashlib


def challenge_digest(nonce: str, sample_seed: int) -> str:
    """SHA-256 (hex) of nonce and seed: whoever names both was given the ticket."""
    return hashlib.sha256(f"{nonce} {sample_seed}".encode()).hexdigest()
