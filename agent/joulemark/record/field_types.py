"""The texts that fields of records, of suites and of others' reports hold, each defined once.

A pattern is written as JSON Schema reads it too: anchored at both ends, and `END` also refuses the line break that
`$` alone would let pass at the end.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

END = "$(?!\n)"

Sha256 = Annotated[str, Meta(pattern=f"^[0-9a-f]{{64}}{END}", description="SHA-256 in lower-case hex")]
Nonce = Annotated[str, Meta(pattern=f"^[0-9a-f]{{32}}{END}", description="128 random bits in lower-case hex")]
ShortDigest = Annotated[str, Meta(pattern=f"^[0-9a-f]{{8}}{END}")]
Commit = Annotated[str, Meta(pattern=f"^[0-9a-f]{{40}}{END}", description="a git commit on the hub")]
Slug = Annotated[str, Meta(pattern=f"^[a-z0-9][a-z0-9._-]{{0,99}}{END}")]
FieldPath = Annotated[str, Meta(pattern=f"^[a-z0-9_.]{{1,100}}{END}")]
Word = Annotated[str, Meta(min_length=1, max_length=200, pattern=f"^[^\\x00-\\x1f\\x7f]+{END}")]
Address = Annotated[str, Meta(min_length=1, max_length=2000, pattern=f"^[^\\x00-\\x20\\x7f]+{END}")]
HttpsAddress = Annotated[str, Meta(max_length=2000, pattern=f"^https://[^\\x00-\\x20\\x7f]+{END}")]
DisplayName = Annotated[str, Meta(min_length=1, max_length=60, pattern=f"^[^\\x00-\\x1f\\x7f]+{END}")]
HubId = Annotated[
    str, Meta(pattern=f"^[A-Za-z0-9][A-Za-z0-9._-]{{0,95}}(/[A-Za-z0-9][A-Za-z0-9._-]{{0,95}})?{END}")
]
FieldName = Annotated[str, Meta(pattern=f"^[a-z_]{{1,40}}{END}")]
EntryName = Annotated[str, Meta(pattern=f"^[a-z0-9._-]+/[a-z0-9._-]+{END}")]
DecimalText = Annotated[str, Meta(pattern=rf"^\d+(\.\d+)?{END}")]
CountryCode = Annotated[str, Meta(pattern=f"^[A-Z]{{3}}{END}", description="ISO 3166-1 alpha-3")]
SemanticVersion = Annotated[str, Meta(pattern=rf"^\d+\.\d+\.\d+(-[a-zA-Z0-9.]+)?{END}")]
Alias = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9_\-.]{{3,64}}{END}")]
