"""The API's claims: those of the study, recomputed from its figures, and reported ones beside the boards' values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from joulemark.impact.claims import checked_claims
from joulemark.impact.parity import other_parities, study_parities
from joulemark.impact.reported_rule import judged_claims
from joulemark.impact.study_ratios import ratios_of_study, size_controlled_of_study
from joulemark.suite.published import load_study
from measurements.answer_cache.sources import made_of
from measurements.boards.claim_values import read_board_values
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.downloads.resource_serializers import READS
from measurements.impact.api import WHOLE_TABLES
from measurements.impact.claims_serializer import ClaimsSerializer
from measurements.published.terms import LICENCE, study_citation
from measurements.web.deprecation import deprecated
from measurements.web.known_parameters import takes
from measurements.web.simulated import DownloadJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request


@deprecated(WHOLE_TABLES)
@made_of(BOARDS, CATALOG)
@takes()
class ClaimsView(APIView):
    """Common claims with their verdicts, and others' numbers beside this platform's. Each is a list too."""

    throttle_scope = READS
    renderer_classes = [DownloadJsonRenderer]

    @extend_schema(responses=ClaimsSerializer, operation_id="list_claims", tags=["impact"], deprecated=True)
    def get(self, _request: Request) -> Response:
        """Answer with every claim, and with ratios, size-controlled factor and parities of the study's figures."""
        study = load_study()
        data = {
            "licence": LICENCE,
            "citation": study_citation(),
            "study_digest": study.digest,
            "claims": checked_claims(),
            "reported": judged_claims(read_board_values()),
            "ratios": ratios_of_study(),
            "size_controlled": size_controlled_of_study(),
            "parities": study_parities(study),
            "other_parities": other_parities(),
        }
        return Response(ClaimsSerializer(data).data)
