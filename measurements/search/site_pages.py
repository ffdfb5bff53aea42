"""The pages of the site that have no subject of their own to be found by: name of the address, title, further words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, kw_only=True)
class SitePage:
    """A page; `subject` are words in both languages that a reader may look for and the title lacks."""

    name: str
    title: str
    subject: tuple[str, ...] = ()


SITE_PAGES = (
    SitePage(name="home", title=_("Front page"), subject=("home", "ladder", "лестница", "главная")),
    SitePage(
        name="boards",
        title=_("Boards"),
        subject=("leaderboards", "ranking", "series", "доски", "рейтинг", "серии"),
    ),
    SitePage(
        name="comparisons",
        title=_("Comparison"),
        subject=("general-purpose", "task-specific", "ratio", "отношение"),
    ),
    SitePage(
        name="compare-models",
        title=_("Compare models"),
        subject=("six", "models", "side", "by", "side", "рядом", "модели"),
    ),
    SitePage(
        name="models",
        title=_("Models"),
        subject=("networks", "checkpoints", "parameters", "сети", "параметры"),
    ),
    SitePage(
        name="hardware-classes",
        title=_("Hardware"),
        subject=("GPU", "cards", "processors", "видеокарты", "процессоры"),
    ),
    SitePage(name="datasets", title=_("Data sets"), subject=("questions", "prompts", "вопросы", "данные")),
    SitePage(name="suites", title=_("Suites"), subject=("benchmark", "protocol", "наборы", "протокол")),
    SitePage(
        name="results",
        title=_("Results"),
        subject=("submissions", "evidence", "bundles", "отправки", "записи"),
    ),
    SitePage(
        name="claims", title=_("Claims checked"), subject=("ChatGPT", "Gemini", "утверждения", "проверка")
    ),
    SitePage(
        name="impact",
        title=_("Impact"),
        subject=("calculator", "CO2", "carbon", "kWh", "year", "калькулятор", "углерод", "год"),
    ),
    SitePage(
        name="needed",
        title=_("What to measure"),
        subject=("join", "contribute", "volunteer", "участвовать", "помочь"),
    ),
    SitePage(
        name="method",
        title=_("Method"),
        subject=("uncertainty", "grade", "scope", "interval", "неопределённость", "охват"),
    ),
    SitePage(
        name="trust",
        title=_("Trust"),
        subject=("signature", "forgery", "lies", "log", "подпись", "ложь", "журнал", "доверие"),
    ),
    SitePage(
        name="about",
        title=_("What the numbers mean"),
        subject=("study", "2024", "suites", "исследование", "наборы"),
    ),
    SitePage(
        name="source-code",
        title=_("Source code"),
        subject=("licence", "Apache-2.0", "reproduce", "лицензия", "исходный"),
    ),
    SitePage(
        name="api-reference",
        title=_("API reference"),
        subject=("REST", "OpenAPI", "JSON", "CSV", "download", "справочник"),
    ),
    SitePage(
        name="reference-problems",
        title=_("Problem codes"),
        subject=("API", "refusals", "errors", "RFC", "9457", "отказы", "ошибки"),
    ),
    SitePage(
        name="rules",
        title=_("Rules"),
        subject=("checks", "codes", "JM", "verdict", "правила", "проверки", "коды"),
    ),
    SitePage(
        name="retirements",
        title=_("Retired results"),
        subject=("withdrawn", "rejected", "отозваны", "отклонены"),
    ),
    SitePage(
        name="decisions",
        title=_("Moderators' decisions"),
        subject=("appeals", "moderation", "жалобы", "модерация"),
    ),
    SitePage(
        name="log",
        title=_("Log"),
        subject=("checkpoints", "witnesses", "transparency", "Merkle", "свидетели"),
    ),
    SitePage(
        name="glossary",
        title=_("Glossary"),
        subject=("terms", "definitions", "words", "термины", "определения"),
    ),
    SitePage(
        name="data",
        title=_("Data"),
        subject=("download", "releases", "Parquet", "CSV", "скачать", "выпуски", "данные"),
    ),
    SitePage(name="privacy", title=_("Privacy"), subject=("personal", "data", "cookies", "личные", "данные")),
    SitePage(
        name="standards",
        title=_("Standards"),
        subject=("ITU", "ISO", "SCI", "AI", "Act", "BoAmps", "CycloneDX", "export", "стандарты", "экспорт"),
    ),
    SitePage(
        name="accessibility",
        title=_("Accessibility"),
        subject=("WCAG", "keyboard", "screen", "reader", "клавиатура"),
    ),
)
