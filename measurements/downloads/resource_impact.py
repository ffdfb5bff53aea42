"""Resources of impact: yearly carbon intensities, and claims with their verdicts.

They lie in the software; the boards' values that stand beside reported claims lie in the database.
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from joulemark.impact import intensity
from joulemark.impact.claims import checked_claims
from joulemark.impact.intensity import PlaceKind
from joulemark.impact.reported_rule import judged_claims
from joulemark.release.columns import BY_ROW, flag, structured, text, words
from joulemark.release.tables import table_named
from joulemark.suite.published import load_study
from measurements.boards.claim_values import read_board_values
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.display.choices import PUBLISHED_GRADE, RESULT_GRADES, Boundary, ClaimVerdict
from measurements.downloads.resource import Filter, Order, Resource, fields_of
from measurements.downloads.resource_columns import one_of, word_of
from measurements.downloads.resource_query import read_number_from
from measurements.impact.reported_serializers import ReportedClaimSerializer
from measurements.impact.serializers import ClaimSerializer
from measurements.published.terms import LICENCE

_CLAIMS = table_named("published_claims")


def intensity_rows() -> list[dict[str, Any]]:
    """Every place in every year, with whose number it is and under which terms."""
    table = intensity.about()
    of_table = {
        "source": f"{table.title}, as republished by {table.republished_by} ({table.republished})",
        "licence": table.licence,
    }
    return [msgspec.structs.asdict(row) | of_table for row in intensity.rows()]


PLACE_KINDS: tuple[str, ...] = get_args(PlaceKind)
INTENSITIES = Resource(
    name="intensities_years",
    singular="intensity",
    description="Average carbon intensity of electricity by place and year: lifecycle emissions, location-based, of "
    "what was generated there.",
    tag="impact",
    fields=fields_of(table_named("intensities").columns, {}, choices={"kind": PLACE_KINDS}),
    rows=intensity_rows,
    key=(Order(source="code", kind="text"), Order(source="year", kind="int")),
    filters=(
        word_of("code", "ISO 3166-1 alpha-3 code of a country, or a word for a region."),
        one_of("kind", "Country or region.", PLACE_KINDS),
        Filter(name="year", read=read_number_from(0), description="Year that it describes.", is_free=True),
    ),
    sorts={
        "intensity": lambda _: Order(source="gco2e_per_kwh", kind="float"),
        "year": lambda _: Order(source="year", kind="int"),
    },
    licence=BY_ROW,
    sources=(),
)


def claim_rows() -> list[dict[str, Any]]:
    """Claims about the study with their verdicts."""
    digest = load_study().digest
    return [
        {
            **row,
            "claim": row["id"],
            "source": row["source"]["title"],
            "year": row["source"]["year"],
            "url": row["source"]["url"],
            "checked": row["source"]["checked"],
            "grade": "published",
            "study_digest": digest,
            "licence": LICENCE,
        }
        for row in (ClaimSerializer(claim).data for claim in checked_claims())
    ]


VERDICTS = tuple(word for word, _ in ClaimVerdict.choices)
STUDY_CLAIMS = Resource(
    name="claims_study",
    singular="study_claim",
    description="Common claims about the energy of AI, recomputed from the published study, with a verdict. The scope "
    "of each number stands beside it.",
    tag="impact",
    fields=fields_of(
        [
            *_CLAIMS.columns,
            flag("checked", "Read in the source itself."),
            structured("beside", "Recomputed numbers that its sentence has besides."),
            text("sentence", "What the figures say of it, with the numbers in."),
            text("board", "Task whose figures it is about.", nullable=True),
            text("study_digest", "Of the study's data, from which everything here is computed."),
        ],
        {},
        choices={"verdict": ClaimVerdict.choices, "grade": PUBLISHED_GRADE},
    ),
    rows=claim_rows,
    key=(Order(source="claim", kind="text"),),
    filters=(
        word_of("claim", "Name of the claim."),
        one_of("verdict", "What the figures say of it.", VERDICTS),
        word_of("board", "Task whose figures it is about."),
    ),
    sources=(),
)


def reported_rows() -> list[dict[str, Any]]:
    """What others have reported, beside the boards' values."""
    return [
        {
            **row,
            "claim": row["id"],
            "source": row["source"]["title"],
            "year": row["source"]["year"],
            "url": row["source"]["url"],
            "licence": LICENCE,
        }
        for row in ReportedClaimSerializer(judged_claims(read_board_values()), many=True).data  # type: ignore[arg-type]
    ]


BOUNDARIES = tuple(word for word, _ in Boundary.choices)
GRADES = tuple(word for word, _ in RESULT_GRADES)
REPORTED_CLAIMS = Resource(
    name="claims_reported",
    singular="reported_claim",
    description="Numbers that others have reported, beside the measured values of this platform's boards. No stated "
    "number is this platform's.",
    tag="impact",
    fields=fields_of(
        [
            *(_CLAIMS.column(name) for name in ("claim", "statement", "source", "year", "url", "unit")),
            flag("checked", "Read in the source itself."),
            text("boundary", "What the stated energy covers."),
            text("grade", "How the source came to its number; null where it does not say.", nullable=True),
            structured(
                "values", "Each stated number with its verdict, and the boards' number and its scope."
            ),
            words("contradicts", "Claims whose numbers of the same quantity exclude these."),
            _CLAIMS.column("licence"),
        ],
        {},
        choices={"boundary": Boundary.choices, "grade": RESULT_GRADES},
    ),
    rows=reported_rows,
    key=(Order(source="claim", kind="text"),),
    filters=(
        word_of("claim", "Name of the claim."),
        one_of("boundary", "What the stated energy covers.", BOUNDARIES),
        one_of("grade", "How the source came to its number.", GRADES),
        word_of("unit", "Unit of the stated number."),
    ),
    sources=(BOARDS, CATALOG),
)
