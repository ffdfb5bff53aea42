"""Addresses of the pages, behind their language."""

from django.urls import path
from django.views.generic import RedirectView

from measurements.answer_cache.sources import made_of
from measurements.boards.claim_values import read_board_values
from measurements.boards.impact_values import find_value
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.impact import pages as impact
from measurements.pages import (
    about,
    accessibility,
    api_reference,
    board,
    board_list,
    board_plots,
    cell,
    changes,
    compare,
    compare_list,
    compare_models,
    contributor,
    dataset,
    dataset_list,
    decision_list,
    device,
    embed,
    glossary,
    hardware,
    hardware_list,
    home,
    log,
    method,
    model,
    model_list,
    needed,
    plot_views,
    privacy,
    published_series,
    reference_operations,
    reference_problems,
    reference_schemas,
    result,
    result_list,
    retirement_list,
    rules,
    search,
    source_code,
    standards,
    suite,
    suite_list,
    task,
    trust,
)
from measurements.pages.plot_sheets import CARD, PNG, SVG
from measurements.published.sources import PUBLISHED
from measurements.web import addresses as _addresses  # noqa: F401 - registers the converters

impact_of_boards = made_of(BOARDS, CATALOG, PUBLISHED)(impact.impact)
"""The calculator looks a board's value up by what it is handed here, and so is made of boards."""
claims_and_boards = made_of(BOARDS, CATALOG, PUBLISHED)(impact.claims)
"""Claims are judged against the boards' values, which it is handed here."""

urlpatterns = [
    path("", home.home, name="home"),
    path("plots/home.<plot_form:form>", plot_views.home_plot, name="home-plot"),
    path("boards/", board_list.board_list, name="boards"),
    path("boards/<name:series>/", board_list.boards_of_series),
    path("boards/<name:series>/<name:task>/", board.board, name="board"),
    path(
        "boards/<name:series>/<name:task>/plot-<int:number>.<plot_form:form>",
        board_plots.board_plot,
        name="board-plot",
    ),
    path("boards/<name:series>/<name:task>/cell/", cell.cell, name="cell"),
    path(
        "boards/<name:series>/<name:task>/cell/plot.<plot_form:form>", plot_views.cell_plot, name="cell-plot"
    ),
    path("published/", RedirectView.as_view(pattern_name="boards", query_string=True)),
    path("published/<name:series>/", published_series.published, name="published"),
    path("changes/<name:series>/<name:task>/", changes.changes, name="changes"),
    path("embed/boards/<name:series>/<name:task>/", embed.embed_board, name="embed-board"),
    path("embed/boards/<name:series>/<name:task>/cell/", embed.embed_cell, name="embed-cell"),
    path("tasks/<name:task>/", task.task, name="task"),
    path("tasks/<name:task>.svg", task.task_plot, {"form": SVG}, name="task-svg"),
    path("tasks/<name:task>.png", task.task_plot, {"form": PNG}, name="task-png"),
    path("tasks/<name:task>/card.png", task.task_plot, {"form": CARD}, name="task-card"),
    path("tasks/<name:task>/quality.<plot_form:form>", task.task_quality_plot, name="task-quality-plot"),
    path("models/", model_list.model_list, name="models"),
    path("models/<subject:model>/", model.model, name="model"),
    path("hardware/", hardware_list.hardware_list, name="hardware-classes"),
    path("hardware/<name:hardware>/", hardware.hardware, name="hardware"),
    path("datasets/", dataset_list.dataset_list, name="datasets"),
    path("datasets/<name:task>/<subject:dataset>/", dataset.dataset, name="dataset"),
    path("suites/", suite_list.suite_list, name="suites"),
    path("suites/<name:suite>/", suite.suite, name="suite"),
    path("compare/", compare_list.compare_list, name="comparisons"),
    path("compare/models/", compare_models.compare_models_page, name="compare-models"),
    path("compare/models/plot.<plot_form:form>", plot_views.compare_models_plot, name="compare-models-plot"),
    path("compare/<name:task>/", compare.compare, name="comparison"),
    path("compare/<name:task>/plot.<plot_form:form>", plot_views.comparison_plot, name="comparison-plot"),
    path("compare/<name:task>/size-<int:number>.<plot_form:form>", plot_views.size_plot, name="size-plot"),
    path(
        "claims/",
        claims_and_boards,
        {"read_values": read_board_values, "share": plot_views.share_claims},
        name="claims",
    ),
    path("claims/plot.<plot_form:form>", plot_views.claims_plot, name="claims-plot"),
    path("impact/", impact_of_boards, {"find_value": find_value}, name="impact"),
    path("needed/", needed.needed, name="needed"),
    path("results/", result_list.result_list, name="results"),
    path("results/<result_id:result_id>/", result.result, name="result"),
    path(
        "results/<result_id:result_id>/power.<plot_form:form>",
        plot_views.result_power_plot,
        name="result-power-plot",
    ),
    path("decisions/", decision_list.decision_list, name="decisions"),
    path("about/", about.about, name="about"),
    path("api/", api_reference.api_reference, name="api-reference"),
    path("api/problems/", reference_problems.reference_problems, name="reference-problems"),
    path("api/schemas/", RedirectView.as_view(pattern_name="api-reference")),
    path("api/schemas/<name:schema_group>/", reference_schemas.reference_schemas, name="reference-schemas"),
    path("api/<name:group>/", reference_operations.reference_operations, name="reference-operations"),
    path("method/", method.method, name="method"),
    path("trust/", trust.trust, name="trust"),
    path("source-code/", source_code.source_code, name="source-code"),
    path("standards/", standards.standards, name="standards"),
    path("search/", search.search, name="search"),
    path("rules/", rules.rules, name="rules"),
    path("retirements/", retirement_list.retirement_list, name="retirements"),
    path("contributors/<name:pseudonym>/", contributor.contributor, name="contributor"),
    path("contributors/<name:pseudonym>/devices/<device_tag:tag>/", device.device, name="device"),
    path("checkpoints/", log.log, name="log"),
    path("glossary/", glossary.glossary, name="glossary"),
    path("privacy/", privacy.privacy, name="privacy"),
    path("accessibility/", accessibility.accessibility, name="accessibility"),
]
