"""The calculator's questions: one form for the page and for the API, so that both refuse the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.formats import get_format
from django.utils.translation import gettext, gettext_lazy

from joulemark.impact import intensity
from joulemark.impact.intensity import UnknownPlace, intensity_of, own_intensity, row_of
from joulemark.impact.reported import claim_of_query, reported_queries
from joulemark.impact.usage import Usage, own_query, study_query
from joulemark.suite.published import load_study
from measurements.display.places import territory_name
from measurements.display.templatetags.figures import kind_name
from measurements.display.titles import translated
from measurements.impact.values import VALUE, VALUE_NAMED_BY, ValueNotKept, value_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.impact.reported import ReportedClaim
    from joulemark.suite.schema import ModelKind
    from measurements.impact.values import FindValue, FoundValue
    from measurements.web.as_of import Moment


OWN = "own"
"""The choice of an energy of one's own."""

CLAIM = "claim-"
"""How the choice of a reported energy of a query begins; its name follows."""

MOST_WH, MOST_A_DAY, MOST_USERS, MOST_G = 1e6, 1e9, 10**11, 1e5
"""Above these a number is a slip: a megawatt-hour a query, ten for each person alive, a hundred times coal."""

EXAMPLE = {"query": "text_generation", "queries_per_day": 10, "users": 1000, "place": "world"}
"""What the page answers before anybody has asked."""


def study_queries() -> dict[str, tuple[str, ModelKind]]:
    """Every kind of query that the study measured, by its name in addresses: task and kind of model."""
    tasks = load_study().tasks
    specific: dict[str, tuple[str, ModelKind]] = {task.id: (task.id, "task-specific") for task in tasks}
    general: dict[str, tuple[str, ModelKind]] = {
        f"{task.id}-general": (task.id, "general-purpose") for task in tasks if task.compared
    }
    return specific | general


def year_of_value(row: object) -> dict[str, str]:
    """The calculator's parameters for a year with a value of a board. They name it: the calculator reads it there."""
    example = {name: str(value) for name, value in EXAMPLE.items()}
    return example | {"query": VALUE} | value_named(row)


def year_of_claim(name: str) -> dict[str, str]:
    """The calculator's parameters for a year of queries of a reported energy, by its name in `reported_queries`."""
    return {key: str(value) for key, value in EXAMPLE.items()} | {"query": f"{CLAIM}{name}"}


class NumberField(forms.FloatField):
    """A number with a point, or with a comma where the reader's language writes one."""

    def to_python(self, value: Any) -> Any:
        """The number. Raises ValidationError."""
        return super().to_python(_with_point(value))

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What a browser's field for numbers can show again."""
        return _with_point(super().bound_data(data, initial))


def _with_point(value: Any) -> Any:
    comma = isinstance(value, str) and get_format("DECIMAL_SEPARATOR") == ","
    return value.replace(",", ".", 1) if comma else value


class UsageForm(forms.Form):
    """Which query, how often, by how many, and where. `usage` is the answer to a valid form.

    The energy of a query is the study's, the reader's own, or a value of a board (`row`), which is read there and
    never taken from the address: so its grade and scope are the board's. As of a moment only such a value is known.
    `find_value` reads it there: boards lie above this room.
    """

    query = forms.ChoiceField(
        label=gettext_lazy("One query"),
        help_text=gettext_lazy(
            "Mean over the study's models for this task, with the range from lowest to highest."
        ),
    )
    wh_per_query = NumberField(
        label=gettext_lazy("Your energy per query, Wh"),
        help_text=gettext_lazy("For example, a board's Wh per 1,000 queries divided by 1,000."),
        required=False, min_value=0, max_value=MOST_WH,
    )  # fmt: skip
    wh_low = NumberField(label=gettext_lazy("lower end, Wh"), required=False, min_value=0, max_value=MOST_WH)
    wh_high = NumberField(label=gettext_lazy("upper end, Wh"), required=False, min_value=0, max_value=MOST_WH)
    queries_per_day = NumberField(
        label=gettext_lazy("Queries per user per day"), min_value=0, max_value=MOST_A_DAY
    )
    users = forms.IntegerField(label=gettext_lazy("Users"), min_value=0, max_value=MOST_USERS)
    place = forms.ChoiceField(
        label=gettext_lazy("Place of generation"),
        help_text=gettext_lazy("Annual average of the electricity generated there."),
        required=False,
    )
    year = forms.IntegerField(
        label=gettext_lazy("Year of the electricity"),
        help_text=gettext_lazy("Left empty, the latest year of the table."),
        required=False,
    )
    gco2e_per_kwh = NumberField(
        label=gettext_lazy("Your carbon intensity, gCO2e/kWh"),
        help_text=gettext_lazy("If given, it replaces the value of the place."),
        required=False, min_value=0, max_value=MOST_G,
    )  # fmt: skip

    series = forms.CharField(required=False, max_length=150, widget=forms.HiddenInput)
    task = forms.CharField(required=False, max_length=150, widget=forms.HiddenInput)
    dataset = forms.CharField(required=False, max_length=150, widget=forms.HiddenInput)
    model = forms.CharField(required=False, max_length=150, widget=forms.HiddenInput)
    hardware = forms.CharField(required=False, max_length=150, widget=forms.HiddenInput)
    scope = forms.CharField(required=False, max_length=150, widget=forms.HiddenInput)
    stratum = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput, strip=False)

    def __init__(
        self, data: Mapping[str, Any], *, find_value: FindValue, moment: Moment | None = None
    ) -> None:
        super().__init__(data)
        self._find_value = find_value
        self._moment = moment
        self._value: FoundValue | None = None
        choices: list[tuple[str, Any]] = [*_query_choices(), (OWN, gettext("your own energy, given below"))]
        if moment is not None:
            choices = [(VALUE, gettext("a value of a board"))]
            only_values = gettext(
                "For an earlier time only values of boards are known. Leave out as_of and checkpoint, or follow the "
                "link of a value."
            )
            self.fields["query"].error_messages |= {"required": only_values, "invalid_choice": only_values}
        elif data.get("query") == VALUE:
            choices.append((VALUE, gettext("a value of a board")))
        self._query_choices = choices
        self._choose("query", choices)
        self._choose("place", _place_choices())
        if str(data.get("query", "")).startswith(CLAIM):
            self.fields["query"].help_text = gettext(
                "As its source states it. It has not been measured here."
            )
        for name in ("wh_per_query", "wh_low", "wh_high", "queries_per_day", "gco2e_per_kwh"):
            self.fields[name].widget.attrs |= {"step": "any", "inputmode": "decimal"}

    @property
    def row(self) -> object | None:
        """The board's row, where a value of a board was asked for."""
        return None if self._value is None else self._value.row

    @property
    def claim(self) -> ReportedClaim | None:
        """The reported claim whose energy of a query was asked for, of a valid form."""
        query = str(self.cleaned_data.get("query", ""))
        return claim_of_query(query.removeprefix(CLAIM))[0] if query.startswith(CLAIM) else None

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices

    def clean(self) -> dict[str, Any]:
        """Refuse what does not fit together."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        self._check_energy(cleaned)
        if cleaned["query"] == VALUE and not self.errors:
            self._take_value(cleaned)
        if cleaned["gco2e_per_kwh"] is None:
            self._check_place(cleaned)
        return cleaned

    def usage(self) -> Usage:
        """What was asked, with the sources of its numbers. For a valid form."""
        fields = self.cleaned_data
        if self._value is not None:
            query = self._value.query
        elif fields["query"].startswith(CLAIM):
            query = reported_queries()[fields["query"].removeprefix(CLAIM)]
        elif fields["query"] == OWN:
            query = own_query(fields["wh_per_query"], low=fields["wh_low"], high=fields["wh_high"])
        else:
            query = study_query(load_study(), *study_queries()[fields["query"]])
        own = fields["gco2e_per_kwh"]
        return Usage(
            wh_per_query=query,
            queries_per_day=fields["queries_per_day"],
            users=fields["users"],
            intensity=intensity_of(fields["place"], fields["year"]) if own is None else own_intensity(own),
        )

    def _check_energy(self, fields: dict[str, Any]) -> None:
        value, low, high = fields["wh_per_query"], fields["wh_low"], fields["wh_high"]
        if fields["query"] != OWN:
            for name in ("wh_per_query", "wh_low", "wh_high"):
                if fields[name] is not None:
                    self.add_error(
                        name,
                        gettext(
                            "A task of the study and a reported number have their own energy. Leave this empty, or "
                            "choose your own energy above."
                        )
                        if fields["query"] != VALUE
                        else gettext("A value of a board has its own energy. Leave this empty."),
                    )
            return
        if value is None:
            self.add_error("wh_per_query", gettext("Enter the energy of one query."))
        elif (low is None) != (high is None):
            self.add_error("wh_low", gettext("Enter both ends of the range, or neither."))
        elif low is not None and not low <= value <= high:
            self.add_error("wh_low", gettext("The range must contain the energy."))

    def _take_value(self, fields: dict[str, Any]) -> None:
        try:
            board_value = self._find_value({name: fields[name] for name in VALUE_NAMED_BY}, self._moment)
        except ValueNotKept as error:
            self.add_error("query", str(error))
            return
        if board_value is None:
            self.add_error(
                "query",
                gettext(
                    "There is no such value on this board: follow the link of a value, or choose another query."
                ),
            )
            return
        self._value = board_value
        self.fields["query"].help_text = gettext(
            "The value and interval of the board; for a published figure, the range of its runs."
        )
        self._choose(
            "query",
            [choice if choice[0] != VALUE else (VALUE, board_value.title) for choice in self._query_choices],
        )

    def _check_place(self, fields: dict[str, Any]) -> None:
        if not fields["place"]:
            self.add_error("place", gettext("Choose a place, or enter your own carbon intensity."))
            return
        try:
            row_of(fields["place"], fields["year"])
        except UnknownPlace as error:
            self.add_error("year", str(error))


def _query_choices() -> list[tuple[str, Any]]:
    return [
        (gettext("The study of 2024"), _study_choices()),
        (gettext("Reported by others"), _reported_choices()),
    ]


def _reported_choices() -> list[tuple[str, str]]:
    choices = []
    for name in reported_queries():
        claim, value = claim_of_query(name)
        label = f" ({translated(value.label)})" if value.label else ""
        choices.append((f"{CLAIM}{name}", f"{translated(claim.statement)}{label}"))
    return choices


def _study_choices() -> list[tuple[str, str]]:
    titles = {task.id: task.title for task in load_study().tasks}
    return [
        (
            name,
            f"{translated(titles[task])}, {kind_name(kind)}"
            if kind == "general-purpose"
            else translated(titles[task]),
        )
        for name, (task, kind) in study_queries().items()
    ]


def _place_choices() -> list[tuple[str, Any]]:
    rows = intensity.latest()
    regions = [(row.code, translated(row.name)) for row in rows if row.kind == "region"]
    countries = [(row.code, territory_name(row.code)) for row in rows if row.kind == "country"]
    return [
        (gettext("World and regions"), regions),
        (gettext("Countries and territories"), sorted(countries, key=lambda choice: choice[1].casefold())),
    ]
