"""What the list of suites contains. Field names carry their unit, and none is ever renamed or removed."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class SuiteLeafSerializer(serializers.Serializer[dict[str, Any]]):
    """Where the log says that the suite was pinned."""

    index = serializers.IntegerField(
        allow_null=True, help_text="Place in the log; null while it waits for one."
    )
    url = serializers.URLField(
        allow_null=True, help_text="What the tables say of that leaf now; null while it waits for its place."
    )


class OfferedSuiteSerializer(serializers.Serializer[dict[str, Any]]):
    """A suite that this platform hands out and takes results of."""

    name = serializers.CharField()
    version = serializers.CharField()
    title = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 over the suite's files.")
    current = serializers.BooleanField(help_text="The version of this name that was pinned last.")
    cells = serializers.IntegerField(help_text="Jobs: a model on a data set for a task.")
    runnable_cells = serializers.IntegerField(
        help_text="Jobs that can run; of the others the hub would not give a model or data set."
    )
    archive_bytes = serializers.IntegerField(help_text="Size of the archive at `archive_url`.")
    weights_bytes = serializers.IntegerField(
        help_text="What a volunteer downloads for all jobs that can run: weights on the hub, each model once."
    )
    data_bytes = serializers.IntegerField(
        allow_null=True, help_text="The same of data sets on the hub; null where their size is not known."
    )
    data_bytes_reason = serializers.CharField(allow_null=True, help_text="Why `data_bytes` is null.")
    pinned_at = serializers.DateTimeField(help_text="When this platform began to hand it out.")
    archive_url = serializers.URLField(help_text="The suite's files as a tar archive, which never changes.")
    log = SuiteLeafSerializer()


class UnpinnedSuiteSerializer(serializers.Serializer[dict[str, Any]]):
    """A suite of the software that no result is taken of here, because it fixes no revisions."""

    name = serializers.CharField()
    version = serializers.CharField()
    title = serializers.CharField()
    cells = serializers.IntegerField()
    sentence = serializers.CharField(help_text="What the platform's operator must do.")


class SuiteListSerializer(serializers.Serializer[dict[str, Any]]):
    """Every suite that this platform hands out, in the order of pinning, and those that wait. Fields may be added."""

    suites = OfferedSuiteSerializer(many=True)
    unpinned = UnpinnedSuiteSerializer(many=True)
