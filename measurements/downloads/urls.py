"""Addresses of the downloads and of the API's own description, under /api/v1/."""

from django.urls import path
from django.views.generic import RedirectView

from measurements.downloads import api
from measurements.downloads.api_board_page import BoardPageView
from measurements.downloads.api_claims import ClaimsView
from measurements.downloads.api_decisions import DecisionListView
from measurements.downloads.api_exports import (
    ModelExportView,
    ModelYamlExportView,
    ResultExportView,
    ResultYamlExportView,
    ValueExportView,
    ValueYamlExportView,
)
from measurements.downloads.api_impact import ImpactView
from measurements.downloads.api_needed import NeededView
from measurements.downloads.api_results import BundleView, ResultListView
from measurements.downloads.api_schema import SchemaView
from measurements.downloads.api_standing import ResultStandingView
from measurements.downloads.api_suites import SuiteArchiveView, SuiteListView
from measurements.downloads.api_tables import TableView
from measurements.downloads.resource_catalog import DATASETS, HARDWARE_LIST, MODELS_LIST, SUITES, TASKS_LIST
from measurements.downloads.resource_cells import CELLS, COMPARISONS, HISTORY
from measurements.downloads.resource_impact import INTENSITIES, REPORTED_CLAIMS, STUDY_CLAIMS
from measurements.downloads.resource_needs import NEEDS
from measurements.downloads.resource_results import RESULTS_LIST
from measurements.downloads.resource_review import CONTRIBUTORS_LIST, EVIDENCE, LOG_ENTRIES, VERDICTS
from measurements.downloads.resource_rules import RULES
from measurements.downloads.resource_study import PARITIES, RATIOS, SIZE_CONTROLLED
from measurements.downloads.resource_views import detail_view, file_addresses, list_addresses
from measurements.impact.api import IntensitiesView, WholeIntensitiesView
from measurements.web import addresses as _addresses  # noqa: F401 - registers the converters
from measurements.web.format_choice import as_file

urlpatterns = [
    path("boards/", api.BoardListView.as_view(), name="api-boards"),
    path("boards/<name:series>/<name:task>.csv", as_file(api.BoardView, "csv"), name="api-board-csv"),
    path("boards/<name:series>/<name:task>.json", as_file(api.BoardView, "json"), name="api-board-json"),
    path("boards/<name:series>/<name:task>/", BoardPageView.as_view(), name="api-board"),
    *list_addresses(CELLS, "cells"),
    *list_addresses(HISTORY, "cells/<cell_id:cell_id>/history"),
    path("cells/<cell_id:cell_id>/", detail_view(CELLS).as_view(), name="api-cell"),
    *list_addresses(COMPARISONS, "comparisons"),
    path("comparisons/<name:task>.csv", as_file(api.ComparisonView, "csv"), name="api-comparison-csv"),
    path("comparisons/<name:task>.json", as_file(api.ComparisonView, "json"), name="api-comparison-json"),
    path("comparisons/<name:task>/", api.ComparisonView.as_view(), name="api-comparison"),
    *list_addresses(CONTRIBUTORS_LIST, "contributors"),
    path("contributors/<name:pseudonym>/", detail_view(CONTRIBUTORS_LIST).as_view(), name="api-contributor"),
    *list_addresses(DATASETS, "datasets"),
    path("datasets/<name:task>/<subject:dataset>/", detail_view(DATASETS).as_view(), name="api-dataset"),
    *list_addresses(EVIDENCE, "evidence"),
    path("evidence/<result_id:result_id>/", detail_view(EVIDENCE).as_view(), name="api-evidence"),
    *list_addresses(HARDWARE_LIST, "hardware"),
    path("hardware/<name:hardware>/", detail_view(HARDWARE_LIST).as_view(), name="api-hardware"),
    *list_addresses(LOG_ENTRIES, "log/entries"),
    path("log/entries/<place:leaf_index>/", detail_view(LOG_ENTRIES).as_view(), name="api-log-entry"),
    *list_addresses(MODELS_LIST, "models"),
    path("models/<subject:model>/", detail_view(MODELS_LIST).as_view(), name="api-model"),
    *list_addresses(RULES, "rules"),
    path("rules/<code:code>/", detail_view(RULES).as_view(), name="api-rule"),
    *list_addresses(TASKS_LIST, "tasks"),
    path("tasks/<name:task>.csv", as_file(TableView, "csv"), name="api-task-csv"),
    path("tasks/<name:task>.json", as_file(TableView, "json"), name="api-task-json"),
    path("tasks/<name:task>/", TableView.as_view(), name="api-task"),
    path(
        "exports/<json_export:export_form>/results/<result_id:result_id>",
        ResultExportView.as_view(),
        name="api-export-result",
    ),
    path(
        "exports/<json_export:export_form>/values/<name:series>/<name:task>",
        ValueExportView.as_view(),
        name="api-export-value",
    ),
    path(
        "exports/<json_export:export_form>/models/<subject:model>",
        ModelExportView.as_view(),
        name="api-export-model",
    ),
    path(
        "exports/<yaml_export:export_form>/results/<result_id:result_id>",
        ResultYamlExportView.as_view(),
        name="api-export-result-yaml",
    ),
    path(
        "exports/<yaml_export:export_form>/values/<name:series>/<name:task>",
        ValueYamlExportView.as_view(),
        name="api-export-value-yaml",
    ),
    path(
        "exports/<yaml_export:export_form>/models/<subject:model>",
        ModelYamlExportView.as_view(),
        name="api-export-model-yaml",
    ),
    path("claims/", ClaimsView.as_view(), name="api-claims"),
    *list_addresses(PARITIES, "claims/parities"),
    *list_addresses(RATIOS, "claims/ratios"),
    *list_addresses(REPORTED_CLAIMS, "claims/reported"),
    *list_addresses(SIZE_CONTROLLED, "claims/size-controlled"),
    *list_addresses(STUDY_CLAIMS, "claims/study"),
    path("intensities.csv", as_file(IntensitiesView, "csv"), name="api-intensities-csv"),
    path("intensities/", WholeIntensitiesView.as_view(), name="api-intensities"),
    *list_addresses(INTENSITIES, "intensities/years"),
    path("impact/", ImpactView.as_view(), name="api-impact"),
    path("decisions/", DecisionListView.as_view(), name="api-decisions"),
    path("needed/", NeededView.as_view(), name="api-needed"),
    *file_addresses(RESULTS_LIST, "results"),
    path("results/", ResultListView.as_view(), name="api-results"),
    path("results/<result_id:result_id>/bundle", BundleView.as_view(), name="api-bundle"),
    path("results/<result_id:result_id>/standing", ResultStandingView.as_view(), name="api-standing"),
    path("suites/", SuiteListView.as_view(), name="api-suites"),
    *list_addresses(SUITES, "suites/versions"),
    *list_addresses(NEEDS, "suites/<digest:digest>/needs"),
    path("suites/<digest:digest>/", detail_view(SUITES).as_view(), name="api-suite"),
    path("suites/<digest:digest>.tar", SuiteArchiveView.as_view(), name="api-suite-archive"),
    *list_addresses(VERDICTS, "verdicts"),
    path("verdicts/<place:leaf_index>/", detail_view(VERDICTS).as_view(), name="api-verdict"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", RedirectView.as_view(pattern_name="api-reference", permanent=True), name="docs"),
]
