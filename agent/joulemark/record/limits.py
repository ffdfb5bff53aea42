"""Size limits of format version 1. Both sides apply them: the agent before it sends, the platform before it reads."""

from __future__ import annotations

MAX_BUNDLE_BYTES = 2 * 1024 * 1024
"""Largest bundle or envelope that a platform accepts, in bytes."""

MAX_TRACE_BYTES = 16 * 1024 * 1024
"""Largest raw trace after decompression, in bytes."""

MAX_BATCH_BUNDLES = 64
"""Most bundles in one request to the batch door."""

MAX_BATCH_BYTES = 16 * 1024 * 1024
"""Largest body of such a request, in bytes."""
