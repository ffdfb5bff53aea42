"""What a task's table says in JSON and CSV: the rows of one page, in the unit of the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from measurements.boards.board_query import UNITS
from measurements.boards.relative_energy import NoRatioInterval
from measurements.display.choices import BOARD_GRADES, with_none

if TYPE_CHECKING:
    from datetime import datetime

    from measurements.boards.board_table import BoardTable, TableRow


class TableRowSerializer(serializers.Serializer[dict[str, Any]]):
    """A row of a task's table. What is null is not known; the column beside it says why."""

    series = serializers.CharField()
    grade = serializers.ChoiceField(BOARD_GRADES)
    scope = serializers.CharField(
        help_text="What the energy covers: gpu, cpu, gpu+cpu+dram, cpu+dram or node."
    )
    task = serializers.CharField()
    dataset = serializers.CharField(help_text="Empty for a published figure over all data sets of the task.")
    model = serializers.CharField()
    kind = serializers.CharField(help_text="task-specific, general-purpose or unknown.")
    owner = serializers.CharField(
        help_text="Account that publishes the model on the hub; empty if not known."
    )
    family = serializers.CharField(
        help_text="Architecture by its configuration on the hub; empty if not known."
    )
    licence = serializers.CharField(help_text="Licence of the weights; empty if not known.")
    released_on = serializers.DateField(
        allow_null=True,
        help_text="Day since when the hub has the model; null if not known, or older than its record.",
    )
    link = serializers.CharField(help_text="Page of the model; empty if there is none.")
    parameters = serializers.IntegerField(allow_null=True)
    hardware = serializers.CharField(help_text="Hardware class, a code while nobody has confirmed its name.")
    hardware_memory_bytes = serializers.IntegerField(allow_null=True, help_text="Memory of the card.")
    hardware_power_w = serializers.FloatField(allow_null=True, help_text="Default power limit.")
    hardware_architecture = serializers.CharField(
        help_text="Empty if the table of hardware does not have it."
    )
    hardware_year = serializers.IntegerField(allow_null=True, help_text="Year of its announcement.")
    hardware_source = serializers.CharField(help_text="Where these facts come from.")
    stratum = serializers.CharField(help_text="Number format, batch size and power limit.")
    unit = serializers.CharField(help_text=f"Unit of `energy`: one of {', '.join(UNITS)}.")
    energy = serializers.FloatField(allow_null=True, help_text="Null where `no_energy` says why.")
    energy_low = serializers.FloatField(
        allow_null=True,
        help_text="Lower end of the 95 % interval of the true energy; of a published figure the least of its runs.",
    )
    energy_high = serializers.FloatField(allow_null=True, help_text="Upper end of the same.")
    interval = serializers.CharField(help_text="How it was formed; `range-of-runs` for published figures.")
    no_energy = serializers.CharField(
        help_text="Why there is no energy in this unit; empty where there is one."
    )
    no_interval = serializers.CharField(help_text="Why there is no interval; empty where there is one.")
    times_least = serializers.FloatField(
        allow_null=True,
        help_text="Ratio to the least energy of the rows that the query finds under the same conditions.",
    )
    times_least_low = serializers.FloatField(
        allow_null=True, help_text="Lower end of its 95 % interval, from the intervals between contributors."
    )
    times_least_high = serializers.FloatField(allow_null=True, help_text="Upper end of its 95 % interval.")
    no_times_least_interval = serializers.ChoiceField(
        with_none(NoRatioInterval), help_text="Why the ratio has no interval."
    )
    metric = serializers.CharField(
        help_text="The score in `quality`: the one asked for, or the task's only one."
    )
    quality = serializers.FloatField(allow_null=True)
    quality_low = serializers.FloatField(allow_null=True)
    quality_high = serializers.FloatField(allow_null=True)
    latency_p50_s = serializers.FloatField(
        allow_null=True,
        help_text="Median over results of their median seconds a query; null for published figures.",
    )
    peak_memory_bytes = serializers.IntegerField(
        allow_null=True,
        help_text="Most device memory that a result's tensors took; null where no result says so.",
    )
    n_contributors = serializers.IntegerField()
    n_results = serializers.IntegerField(help_text="Results, of a published figure its runs.")
    tier = serializers.CharField(help_text="How far a value has come: docs/trust.md.")
    version = serializers.IntegerField(help_text="Version of the series' board when the value was written.")
    updated_at = serializers.DateTimeField()
    as_of = serializers.DateTimeField(
        allow_null=True, help_text="The moment that was asked for; null for now."
    )


class TableSerializer(serializers.Serializer[dict[str, Any]]):
    """One page of a task's table."""

    task = serializers.CharField()
    query = serializers.DictField(
        child=serializers.CharField(), help_text="The query's parameters, but for defaults."
    )
    page_url = serializers.URLField(help_text="The page that shows the same rows.")
    unit = serializers.CharField(help_text="Unit of the rows' energies.")
    region = serializers.CharField(help_text="Of the carbon intensity; empty in other units.")
    year = serializers.IntegerField(allow_null=True)
    n_rows = serializers.IntegerField(help_text="Rows of all pages.")
    page = serializers.IntegerField()
    n_pages = serializers.IntegerField()
    next = serializers.URLField(allow_null=True, help_text="The next page of this download.")
    as_of = serializers.DateTimeField(allow_null=True)
    versions = serializers.DictField(
        child=serializers.IntegerField(), help_text="Version of each series that has a row here."
    )
    licences = serializers.DictField(child=serializers.CharField(), help_text="Terms of each of them.")
    citations = serializers.DictField(
        child=serializers.CharField(), help_text="What each asks to be cited with."
    )
    rows = TableRowSerializer(many=True)


def table_row_values(table: BoardTable) -> list[dict[str, Any]]:
    """The fields of `TableRowSerializer` for each row, in their order."""
    return [_values(line, table) for line in table.rows]


def _values(line: TableRow, table: BoardTable) -> dict[str, Any]:
    row, model, hardware, energy, relative = line.row, line.model, line.hardware, line.energy, line.relative
    score = line.score or {}
    return {
        "series": row.series,
        "grade": row.grade,
        "scope": row.scope,
        "task": row.task,
        "dataset": row.dataset,
        "model": row.model,
        "kind": row.kind,
        "owner": model.owner,
        "family": model.family,
        "licence": model.licence,
        "released_on": model.released_on.isoformat() if model.released_on else None,
        "link": model.link,
        "parameters": row.parameters,
        "hardware": row.hardware,
        "hardware_memory_bytes": hardware.memory_bytes,
        "hardware_power_w": hardware.power_w,
        "hardware_architecture": hardware.architecture,
        "hardware_year": hardware.year,
        "hardware_source": hardware.facts_source,
        "stratum": row.stratum,
        "unit": table.query.unit,
        "energy": energy.value,
        "energy_low": energy.low,
        "energy_high": energy.high,
        "interval": energy.interval,
        "no_energy": energy.no_value,
        "no_interval": energy.no_interval,
        "times_least": relative.value if relative else None,
        "times_least_low": relative.low if relative else None,
        "times_least_high": relative.high if relative else None,
        "no_times_least_interval": relative.no_interval if relative else "",
        "metric": score.get("metric", ""),
        "quality": score.get("value"),
        "quality_low": score.get("low"),
        "quality_high": score.get("high"),
        "latency_p50_s": line.latency_p50_s,
        "peak_memory_bytes": line.peak_memory_bytes,
        "n_contributors": row.n_contributors,
        "n_results": row.n_results,
        "tier": row.tier,
        "version": row.version,
        "updated_at": _moment(row.updated_at),
        "as_of": _moment(table.as_of) if table.as_of else None,
    }


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
