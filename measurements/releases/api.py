"""The API's list of releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from joulemark.release import layout
from joulemark.release.layout import own_path
from measurements.answer_cache.sources import made_of
from measurements.ledger.sources import LEAVES
from measurements.published.terms import LICENCE
from measurements.releases.models import Release
from measurements.releases.sources import RELEASES
from measurements.web.openapi import problems

if TYPE_CHECKING:
    from rest_framework.request import Request


class ReleaseSerializer(serializers.Serializer[dict[str, Any]]):
    """A release of the data: immutable files that outlive this site."""

    name = serializers.CharField(help_text="Its day, with a number where the day has several.")
    made_at = serializers.DateTimeField()
    tree_size = serializers.IntegerField(help_text="Entries of the log that it covers.")
    root_hash = serializers.CharField(help_text="Root of the log's tree with so many entries, hex.")
    manifest_sha256 = serializers.CharField(
        help_text="SHA-256 of manifest.json, which is an entry of the log."
    )
    log_index = serializers.IntegerField(
        allow_null=True, help_text="Place of that entry; null for some seconds until it has one."
    )
    n_results = serializers.IntegerField()
    n_rows = serializers.IntegerField(help_text="Rows of all tables, each once.")
    n_files = serializers.IntegerField()
    total_bytes = serializers.IntegerField(help_text="Size of all of its files, in bytes.")
    new_bytes = serializers.IntegerField(help_text="Of these, what no former release has.")
    licence = serializers.CharField()
    manifest_url = serializers.URLField(help_text="Names every file with its size and digest.")
    sums_url = serializers.URLField(help_text="The same for `sha256sum --check`.")


class ReleaseListSerializer(serializers.Serializer[dict[str, Any]]):
    """Every release, the newest first."""

    root_url = serializers.URLField(help_text="What paths in manifests are relative to.")
    releases = ReleaseSerializer(many=True)


@made_of(LEAVES, RELEASES)
class ReleaseListView(APIView):
    """The releases of the data."""

    @extend_schema(
        operation_id="list_releases",
        tags=["releases"],
        responses={200: ReleaseListSerializer, **problems(404)},
    )
    def get(self, _request: Request) -> Response:
        """Answer with every release that is listed."""
        rows = Release.objects.exclude(published_at=None).select_related("leaf")
        answer = {"root_url": settings.RELEASES_URL, "releases": [_described(row) for row in rows]}
        return Response(ReleaseListSerializer(answer).data)


def _described(row: Release) -> dict[str, Any]:
    names = ("name", "made_at", "tree_size", "root_hash", "manifest_sha256", "n_results", "n_rows", "n_files")
    return {
        **{name: getattr(row, name) for name in (*names, "total_bytes", "new_bytes")},
        "log_index": row.leaf.index,
        "licence": LICENCE,
        "manifest_url": f"{settings.RELEASES_URL}{own_path(row.name, layout.MANIFEST)}",
        "sums_url": f"{settings.RELEASES_URL}{own_path(row.name, layout.SUMS)}",
    }
