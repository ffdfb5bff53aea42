"""`joulemark export FORM FILE`: a result of your own as a BoAmps report, a CycloneDX bill or evaluation results.

Offline; needs no key and no platform. The text goes to stdout, or into the file that --out names.
"""

from __future__ import annotations

from joulemark.cli.output import CommandOutput
from joulemark.errors import NotVerified, UsageError
from joulemark.translation import gettext as _

TYPE_CHECKING = False  # not from typing: importing that is a tenth of this command's start
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.exports.exported_energy import ExportedEnergy
    from joulemark.record.bundle import Bundle
    from joulemark.record.statement import Statement


def add_arguments(parser: ArgumentParser) -> None:
    """The form, the result, and where the text goes."""
    from joulemark.exports.form_names import FORM_NAMES

    parser.add_argument(
        "form",
        metavar="FORM",
        choices=FORM_NAMES,
        help=_("one of {names}").format(names=", ".join(FORM_NAMES)),
    )
    parser.add_argument("file", metavar="FILE", help=_("a result, *.joulemark.json"))
    parser.add_argument("--out", metavar="PATH", help=_("write into this file (default: standard output)"))


def execute(arguments: Namespace) -> int:
    """0 when it is written; 3 for a changed result; UsageError (2) where the form cannot hold it."""
    from joulemark.exports.errors import NotExportable
    from joulemark.exports.forms import FORMS

    bundle, statement = _verified(arguments.file)
    energy = _energy(bundle, statement)
    form = FORMS[arguments.form]
    try:
        text = form.write([energy], energy.made_at)
    except NotExportable as error:
        refused = UsageError(str(error))
        refused.code = error.code
        raise refused from error
    output = CommandOutput(as_json=arguments.json)
    if arguments.out is not None:
        _write(arguments.out, text)
        output.say(_("{path}: {form}").format(path=arguments.out, form=form.title))
    else:
        output.say_verbatim(text.rstrip("\n"))
    output.answer(
        {
            "ok": True,
            "result_id": bundle.digest(),
            "form": form.name,
            "media_type": form.media_type,
            "path": arguments.out,
            "text": None if arguments.out else text,
        }
    )
    return 0


def _verified(name: str) -> tuple[Bundle, Statement]:
    from joulemark.record.bundle import parse, verified_statement
    from joulemark.record.errors import RecordError
    from joulemark.record.limits import MAX_BUNDLE_BYTES

    try:
        with open(name, "rb") as file:  # noqa: PTH123  pathlib costs more than the reading
            data = file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise UsageError(_("{name} cannot be read: {why}.").format(name=name, why=error.strerror)) from error
    try:
        bundle = parse(data)
        return bundle, verified_statement(bundle)
    except RecordError as error:
        raise NotVerified(
            _("{name} is not verified ({code}): {error}").format(name=name, code=error.code, error=error),
            code=error.code,
        ) from error


def _energy(bundle: Bundle, statement: Statement) -> ExportedEnergy:
    """The energy with names on the hub where the suite of the result is on this machine."""
    from contextlib import suppress

    from joulemark import config as configs
    from joulemark.exports.exported_energy import energy_of_statement
    from joulemark.session.suite_source import find_suite_of_digest
    from joulemark.suite import SuiteError

    ran, work = statement.predicate.suite, statement.predicate.workload
    suite = find_suite_of_digest(ran.name, ran.digest, config=configs.load())
    hub_model = hub_dataset = None
    if suite is not None:
        with suppress(
            SuiteError
        ):  # a result may name what its suite does not have; a platform then refuses it
            hub_model, hub_dataset = suite.model(work.model).hub_id, suite.dataset(work.dataset).hub_id
    return energy_of_statement(
        statement,
        result_id=bundle.digest(),
        made_at=statement.predicate.issued_at,
        hub_model=hub_model,
        hub_dataset=hub_dataset,
        tier="not judged",
        is_final=False,
    )


def _write(path: str, text: str) -> None:
    from pathlib import Path

    from joulemark.atomic_file import write_file

    try:
        write_file(Path(path), text.encode())
    except OSError as error:
        raise UsageError(
            _("{path} cannot be written: {why}.").format(path=path, why=error.strerror)
        ) from error
