"""What is announced to go: headers as the RFCs write them, and a notice that is never too short."""

from __future__ import annotations

from datetime import date

import pytest
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from measurements.web.deprecation import NOTICE_DAYS, Deprecation, deprecated

WHY = "https://joulemark.example/api/"


def test_an_answer_says_since_when_until_when_and_where_to_read_on() -> None:
    notice = Deprecation(since=date(2026, 12, 2), sunset=date(2028, 1, 1), documentation=WHY)
    answer = HttpResponse(headers={"Link": '</next>; rel="next"'})
    notice.mark(answer)
    assert answer["Deprecation"] == "@1796169600"
    assert answer["Sunset"] == "Sat, 01 Jan 2028 00:00:00 GMT"
    assert answer["Link"] == f'</next>; rel="next", <{WHY}>; rel="deprecation"; type="text/html"'


def test_nothing_goes_before_the_notice_is_over() -> None:
    since = date(2026, 1, 1)
    assert Deprecation(since=since, documentation=WHY).headers.keys() == {"Deprecation", "Link"}
    Deprecation(since=since, sunset=date(2027, 1, 1), documentation=WHY)
    assert (date(2027, 1, 1) - since).days == NOTICE_DAYS
    with pytest.raises(ValueError, match="365 days"):
        Deprecation(since=since, sunset=date(2026, 12, 31), documentation=WHY)


def test_every_answer_of_a_marked_view_says_so_and_no_other() -> None:
    class Kept(APIView):
        throttle_classes = ()

        def get(self, request: Request) -> Response:
            """Answer with nothing."""
            return Response({})

    @deprecated(Deprecation(since=date(2026, 12, 2), documentation=WHY))
    class Going(Kept):
        pass

    for method, status in (("get", 200), ("delete", 405)):
        request = getattr(APIRequestFactory(), method)("/")
        assert Going.as_view()(request)["Deprecation"] == "@1796169600"
        assert Going.as_view()(request).status_code == status
        assert "Deprecation" not in Kept.as_view()(request)
