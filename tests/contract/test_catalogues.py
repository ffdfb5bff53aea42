"""The Russian of both halves: every marked sentence is translated, nothing is left over, and none is forgotten.

`tests/catalogues.py` reads code and templates. A new sentence needs `_()` where it is written and an entry in its
catalogue (CONTRIBUTING.md says how).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from gettext import GNUTranslations
from pathlib import Path

import polib
import pytest

from joulemark import translation
from tests.catalogues import (
    AGENT,
    HALVES,
    PLATFORM,
    ROOT,
    Half,
    fields_of,
    marked_in_code,
    marked_in_template,
    misfilled_in_code,
    translated_at_import,
    unmarked_in_code,
)

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)  # noqa: RUF001  the letters of the translations
BOTH_HALVES = pytest.mark.parametrize("half", HALVES, ids=lambda half: half.name)


def entries(half: Half) -> dict[tuple[str, str | None], polib.POEntry]:
    file = polib.pofile(str(half.catalogue))
    found = {(entry.msgid, entry.msgid_plural or None): entry for entry in file}
    assert len(found) == len(file), "an entry comes twice"
    return found


def texts(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


@BOTH_HALVES
def test_every_sentence_is_in_the_catalogue(half: Half) -> None:
    known = entries(half)
    assert {f"{place}: {key[0]}" for key, place in half.sentences().items() if key not in known} == set()


@BOTH_HALVES
def test_no_entry_is_dead(half: Half) -> None:
    used = half.sentences()
    assert [key for key in entries(half) if key not in used] == []


@BOTH_HALVES
def test_every_entry_is_translated(half: Half) -> None:
    for key, entry in entries(half).items():
        assert not entry.fuzzy, key
        assert not entry.obsolete, key
        assert all(texts(entry)), key


@BOTH_HALVES
def test_placeholders_are_the_same(half: Half) -> None:
    for (singular, plural), entry in entries(half).items():
        for text in texts(entry):
            assert fields_of(text) in (fields_of(singular), fields_of(plural or singular)), singular


@BOTH_HALVES
def test_a_percent_sign_is_doubled_where_the_sentence_doubles_it(half: Half) -> None:
    """A template fills its sentence by `%`: a single sign in the Russian would show the English instead."""
    for (singular, _plural), entry in entries(half).items():
        if "%%" in singular:
            for text in (entry.msgstr, *entry.msgstr_plural.values()):
                assert not re.search("(?<!%)%(?![%(sd])", text.replace("%%", "")), singular


@BOTH_HALVES
def test_plurals_have_three_forms_and_the_rule_of_russian(half: Half) -> None:
    with half.catalogue.with_suffix(".mo").open("rb") as file:
        catalogue = GNUTranslations(file)
    plural_form: Callable[[int], int] = vars(catalogue)["plural"]
    forms = [plural_form(n) for n in (1, 21, 101, 2, 4, 22, 0, 5, 11, 12, 111, 1000)]
    assert forms == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2]
    for (singular, plural), entry in entries(half).items():
        if plural is not None:
            assert sorted(entry.msgstr_plural) == [0, 1, 2], singular


@BOTH_HALVES
def test_the_compiled_catalogue_is_that_of_the_source(half: Half) -> None:
    compiled = {
        (entry.msgid, entry.msgid_plural or None): texts(entry)
        for entry in polib.mofile(str(half.catalogue.with_suffix(".mo")))
    }
    assert compiled == {key: texts(entry) for key, entry in entries(half).items()}


@BOTH_HALVES
def test_russian_is_written_in_cyrillic(half: Half) -> None:
    """A sentence with English words of its own has Russian ones; names, units and code may stay."""
    for (singular, _), entry in entries(half).items():
        words = re.sub(r"`[^`]*`|\{[^}]*\}|%\(\w+\)\w|https?://\S+|[\w-]*[_\d/][\w/.-]*", " ", singular)
        if len(re.findall(r"\b[a-z]{4,}\b", words)) >= 3:
            assert all(CYRILLIC.search(text) for text in texts(entry)), singular


def test_one_sentence_has_one_translation_in_both_halves() -> None:
    agent, platform = entries(AGENT), entries(PLATFORM)
    differing = {
        key[0]: (texts(agent[key]), texts(platform[key]))
        for key in agent.keys() & platform.keys()
        if texts(agent[key]) != texts(platform[key]) and key[0] not in ONE_WORD_TWO_ROLES
    }
    assert differing == {}


ONE_WORD_TWO_ROLES = {"GPU minutes", "accepted", "none", "rejected", "withdrawn"}
"""Words that are a heading or stand for a neuter noun on pages, and are part of a line about a result in a terminal."""


ENGLISH_ON_PURPOSE = {
    "consensus": "raised to programmers",
    "exports": "writes files of other projects, which have one language",
    "impact": "the platform has its own texts of what this room says",
    "published": "importers, which operators of a platform run; their messages go to a log",
    "rules": "findings are part of the public record, which has one language",
    "record/codec.py": "faults of a schema name fields and types; they are the same in the platform's API",
    "record/duplicates.py": "as record/codec.py",
    "record/expectations.py": "as record/codec.py",
    "record/faults.py": "as record/codec.py",
    "record/json_schema.py": "writes docs/schema",
    "record/schema.py": "writes docs/schema",
    "record/messages.py": "as record/codec.py",
    "record/requests.py": "as record/codec.py",
    "record/statement.py": "as record/codec.py",
    "release/attestation.py": "as release/manifest.py",
    "release/board_tables.py": "describes columns, as the platform's API does",
    "release/columns.py": "as release/board_tables.py",
    "release/layout.py": "raised to programmers, by whom a release is written",
    "release/leaf_tables.py": "as release/board_tables.py",
    "release/manifest.py": "as release/layout.py; what a reader of a release may meet is marked all the same",
    "release/page.py": "writes a page in English",
    "release/subject_tables.py": "as release/board_tables.py",
    "suite/page.py": "writes docs/suite.md",
    "suite/schemas.py": "writes docs/schema",
    "suite/published.py": "the study's tables are data, and their faults are those of this software",
    "hub/admission.py": "sentences of a lock, which has one language",
    "hub/pin.py": "a pinned copy states these sentences, and its digest has one language",
    "energy/sensors.py": "raised to programmers",
}
"""Rooms and files below agent/joulemark whose sentences are not translated, with the reason."""

CODE = ("not available", "first kernel", "data set", "single source", "waiting for the verdict")
"""Codes of two words; they are translated where they are shown."""

BASES = ("least of the suite", "measured here", "reference GPU")

SQL = ("SELECT ", "\nSELECT ", "INSERT ", "UPDATE ", "BEGIN ", "PRAGMA ", "\nCREATE TABLE ")
"""Statements of the file in which a replay keeps how far it is."""

EXEMPT_TEXTS = {
    "audit/store.py": ("stored audit",),
    "cli/__init__.py": ("joulemark ", "joulemark: "),
    "cli/damage.py": ("joulemark: ",),
    "cli/doctor.py": CODE,
    "cli/export.py": ("not judged",),
    "cli/join.py": (*CODE, "joulemark run", "joulemark join ", "joulemark results"),
    "config.py": ("joulemark join ",),
    "cli/plan_words.py": BASES,
    "cli/progress_text.py": CODE,
    "cli/run.py": ("joulemark: ",),
    "cli/show.py": ("joulemark: ",),
    "cli/suite_fetch.py": CODE,
    "meters/estimate.py": ("Green Algorithms v3.0 (Lannelongue et al. 2021), TDP_cpu.csv, row {processor}",),
    "record/control.py": ("joulemark control ", "`runs` must be"),
    "suite/describe.py": ("data set",),
    "hub/client.py": ("Bearer ",),
    "log/add_checkpoint.py": ("text/plain; charset=utf-8", "old "),
    "platform_client.py": ("text/plain; charset=utf-8",),
    "witness/server.py": ("joulemark: ",),
    "hub/fetched_files.py": ("note of what ",),
    "hub/missing.py": CODE,
    "identity.py": ("stored enrolment",),
    "log/leaf.py": ("log entry",),
    "log/notes.py": ("cosignature/v1",),
    "meters/check.py": CODE,
    "meters/device.py": ("^model name", "unnamed "),
    "meters/nvml/choice.py": ("no driver",),
    "meters/nvml/card.py": ("pip install ",),
    "meters/nvml/readings.py": ("NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION ",),
    "meters/rapl/meter.py": ("intel-rapl ",),
    "record/field_types.py": ("SHA-256 in ", "128 random bits ", "a git commit "),
    "record/trace.py": ("the population has ", "the places must "),
    "release/attestation.py": ("attestation of the release",),
    "replay/board_step.py": SQL,
    "replay/evidence_step.py": SQL,
    "replay/history.py": SQL,
    "replay/log_step.py": (*SQL, "events §"),
    "replay/own_facts.py": (*SQL, "§ WHERE "),
    "replay/past.py": SQL,
    "replay/snapshot_step.py": SQL,
    "replay/state_file.py": SQL,
    "replay/state_lock.py": ("BEGIN EXCLUSIVE",),
    "replay/verdict_step.py": SQL,
    "replay/workers.py": ("the process was not",),
    "session/budget.py": BASES,
    "session/comparison.py": CODE,
    "session/job_end.py": CODE,
    "session/checkup.py": (*CODE, "joulemark join ", "sudo timedatectl "),
    "session/folder_check.py": CODE,
    "session/machine_lock.py": ("not a regular file",),
    "session/run.py": CODE,
    "session/sensor_timing.py": ("these times are not ",),
    "session/suite_store.py": ("stored offers",),
    "suite/estimate.py": ("NVIDIA A100", "from the energy of ", "this data set", "mean of the task's "),
    "suite/reference_answers.py": ("format = ",),
    "suite/loader.py": CODE,
    "suite/lock.py": (*CODE, "# Written by "),
    "suite/rows.py": ("line ",),
    "suite/suite.py": (*CODE, "joulemark suite pin "),
    "translation.py": ("no catalogue of ",),
    "workloads/chat.py": ("{%- macro ",),
    "workloads/devices.py": ("can't allocate memory", "not enough memory"),
    "workloads/first_kernel.py": ("no kernel image",),
    "workloads/libraries.py": ("`pip install ",),
}
"""Beginnings of sentences in translated files that are not for readers."""


def test_no_sentence_of_the_agent_is_forgotten() -> None:
    package = ROOT / "agent" / "joulemark"
    forgotten = []
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if name in ENGLISH_ON_PURPOSE or name.partition("/")[0] in ENGLISH_ON_PURPOSE:
            continue
        exempt = EXEMPT_TEXTS.get(name, ())
        forgotten += [
            f"{name}:{line}: {text}"
            for line, text in unmarked_in_code(path.read_text(encoding="utf-8"), exempt=exempt)
        ]
    assert forgotten == []


def test_every_field_of_a_sentence_is_filled() -> None:
    """A name that `.format` lacks would be a traceback when the sentence is needed for the first time."""
    for path in sorted((ROOT / "agent" / "joulemark").rglob("*.py")):
        assert list(misfilled_in_code(path.read_text(encoding="utf-8"))) == [], path.name


def test_no_sentence_is_translated_before_the_language_is_chosen() -> None:
    """What is evaluated when a module is imported would stay English: constants and defaults are `marked` instead."""
    for path in sorted((ROOT / "agent" / "joulemark").rglob("*.py")):
        early = translated_at_import(path.read_text(encoding="utf-8"))
        assert list(early) == [], path.name


def test_what_stays_english_is_there() -> None:
    package = ROOT / "agent" / "joulemark"
    for name in (*ENGLISH_ON_PURPOSE, *EXEMPT_TEXTS):
        assert (package / name).exists(), name
    for name, beginnings in EXEMPT_TEXTS.items():
        source = (package / name).read_text(encoding="utf-8")
        for beginning in set(beginnings) - set(CODE) - set(SQL):
            found = [text for _, text in unmarked_in_code(source) if text.startswith(beginning)]
            assert found, f"{name} has no {beginning!r} any more"


def test_a_name_of_one_underscore_is_never_a_variable_where_sentences_are_translated() -> None:
    """`for _ in …` would hide the function `_` from the rest of its function; a comprehension has names of its own."""
    for path in sorted((ROOT / "agent" / "joulemark").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "gettext as _" not in source:
            continue
        tree = ast.parse(source)
        inner = {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.comprehension)
            for name in ast.walk(node.target)
        }
        stored = [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Name)
            and node.id == "_"
            and isinstance(node.ctx, ast.Store)
            and node not in inner
        ]
        assert stored == [], f"{path.name}:{stored}"


@pytest.mark.parametrize(
    ("source", "sentences"),
    [
        ('raise UsageError("The key is gone.")', ["The key is gone."]),
        ('output.say(f"{count} results wait")', ["§ results wait"]),
        ('Check(sentence=f"The driver is {version}.")', ["The driver is §."]),
        ('parser.add_argument("--x", help="only this one")', ["only this one"]),
        ('detail = f"{free} MiB free"', ["§ MiB free"]),
        ('output.say(_("The key is gone."))', []),
        ('output.say(ngettext("{n} key is gone", "{n} keys are gone", n).format(n=n))', []),
        ('WORDS = {"a": marked("not found here")}', []),
        ('output.say(f"{_(WORDS[state])}  {name}")', []),
        ('def f():\n    """What it does."""\n    return "ok"', []),
        ('State = Literal["not available"]', []),
        ('path = f"{folder}/key-{name}.pem"', []),
    ],
)
def test_an_unmarked_sentence_is_seen(source: str, sentences: list[str]) -> None:
    assert [text for _, text in unmarked_in_code(source)] == sentences


def test_marked_sentences_are_read_out_of_code_and_templates() -> None:
    code = 'x = _("One {a}.")\ny = ngettext("{n} key", "{n} keys", n)\nz = _(name)\n'
    assert [key for key, _ in marked_in_code(code)] == [("One {a}.", None), ("{n} key", "{n} keys")]
    template = (
        '{% load i18n %}{% translate "A \'quoted\' one" %}{{ _("Short") }}'
        "{% blocktranslate trimmed with n=n %}\n  Two\n  {{ n }} lines\n{% endblocktranslate %}"
        "{% blocktranslate count n=n %}{{ n }} key{% plural %}{{ n }} keys{% endblocktranslate %}"
    )
    assert set(marked_in_template(template)) == {
        ("A 'quoted' one", None),
        ("Short", None),
        ("Two %(n)s lines", None),
        ("%(n)s key", "%(n)s keys"),
    }


def test_the_agents_catalogue_is_packaged() -> None:
    from hatchling.builders.wheel import WheelBuilder

    builder = WheelBuilder(str(ROOT / "agent"))
    packaged = {Path(file.distribution_path) for file in builder.recurse_included_files()}
    for language in translation.TRANSLATED:
        for suffix in (".po", ".mo"):
            name = f"{translation.DOMAIN}{suffix}"
            assert Path("joulemark/locale") / language / "LC_MESSAGES" / name in packaged
