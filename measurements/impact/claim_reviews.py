"""The claims and their verdicts in schema.org's words: a ClaimReview of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from measurements.display.templatetags.figures import verdict_name
from measurements.display.titles import translated
from measurements.web.languages import current_language
from measurements.web.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.impact.claims import CheckedClaim

RATINGS = {"holds": 5, "holds-approximately": 4, "belongs-elsewhere": 2, "does-not-hold": 1}
"""From worst 1 to best 5, as the vocabulary asks for; a verdict that says neither has none."""
BEST, WORST = 5, 1


def claim_reviews(rows: Iterable[tuple[CheckedClaim, str]], page_address: str) -> dict[str, Any]:
    """Each claim with the sentence that explains its verdict; `page_address` is that of the page that shows them."""
    return {
        "@context": "https://schema.org",
        "@graph": [_review(claim, sentence, page_address) for claim, sentence in rows],
    }


def _review(claim: CheckedClaim, sentence: str, page_address: str) -> dict[str, Any]:
    source = claim.source
    rating: dict[str, Any] = {"@type": "Rating", "alternateName": plain_text(verdict_name(claim.verdict))}
    if claim.verdict in RATINGS:
        rating |= {"ratingValue": RATINGS[claim.verdict], "bestRating": BEST, "worstRating": WORST}
    appearance = {"@type": "CreativeWork", "name": plain_text(translated(source.title))}
    return {
        "@type": "ClaimReview",
        "url": f"{page_address}#{claim.id}",
        "inLanguage": current_language(),
        "author": {"@type": "Organization", "name": "Joulemark", "url": settings.ORIGIN},
        "claimReviewed": plain_text(translated(claim.statement)),
        "reviewBody": plain_text(sentence, limit=1000),
        "reviewRating": rating,
        "itemReviewed": {
            "@type": "Claim",
            "appearance": appearance | ({"url": source.url} if source.url else {}),
        },
    }
