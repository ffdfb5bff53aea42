"""`joulemark show [FILE]`: exactly what a result sends, before it is sent; without FILE, what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.cli.code_words import in_words
from joulemark.cli.output import CommandOutput
from joulemark.platform_words import refusal_in_words
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.record.bundle import Bundle
    from joulemark.record.trace import Trace

HANG = 4
"""Cells before what goes on in the next line of a terminal."""


def add_arguments(parser: ArgumentParser) -> None:
    """A file, an id of the outbox, or nothing."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help=_("a result file, or the id of a result in the outbox, or its beginning"),
    )


def execute(arguments: Namespace) -> int:
    """0, whatever state the results are in; 6 when the outbox is empty."""
    output = CommandOutput(as_json=arguments.json)
    return _show_result(arguments.file, output) if arguments.file else _list_results(output)


def _list_results(output: CommandOutput) -> int:
    from joulemark import config as configs
    from joulemark.errors import NothingToDo
    from joulemark.outbox import DamagedFile, Outbox

    outbox = Outbox(configs.load().folders)
    rows: list[dict[str, Any]] = []
    for entry in outbox.entries():
        if isinstance(entry, DamagedFile):
            output.say(_("{name}  damaged  {reason}").format(name=entry.path.name[:16], reason=entry.reason))
            rows.append({"file": str(entry.path), "state": "damaged", "reason": entry.reason})
            continue
        predicate = entry.bundle.statement().predicate
        work, refusal = predicate.workload, entry.note.refusal
        job = f"{work.task}/{work.dataset}/{work.model}"
        cost = _("{energy:.4g} J per query ({grade})").format(
            energy=predicate.totals.energy_per_query_j, grade=in_words(predicate.sensor.grade)
        )
        verdict = in_words(entry.note.verdict) if entry.note.verdict else ""
        output.say(
            f"{entry.digest[:16]}  {in_words(entry.state):<8} {verdict:<12} "
            f"{output.fitted(job, beside=HANG)}  {cost}",
            hang=HANG,
        )
        if entry.note_fault is not None:
            output.aside(f"joulemark: {entry.note_fault}")
        if refusal is not None:
            output.say(f"    {refusal.code}: {refusal_in_words(refusal.code, refusal.sentence)}")
        rows.append(
            {
                "result_id": entry.digest,
                "file": str(entry.path),
                "state": entry.state,
                "verdict": entry.note.verdict,
                "job": job,
                "grade": predicate.sensor.grade,
                "energy_per_query_j": predicate.totals.energy_per_query_j,
                "platform": predicate.audience,
                "refusal": refusal and {"code": refusal.code, "sentence": refusal.sentence},
            }
        )
    if not rows:
        raise NothingToDo(_("The outbox is empty. Measure something first: `joulemark run`."))
    output.answer({"ok": True, "folder": str(outbox.folder), "results": rows})
    return 0


def _show_result(name: str, output: CommandOutput) -> int:
    import json
    from pathlib import Path

    from joulemark import config as configs
    from joulemark.outbox import Outbox, read_bundle

    is_id = not set(name.lower()) - set("0123456789abcdef") and not Path(name).exists()
    bundle = Outbox(configs.load().folders).find(name).bundle if is_id else read_bundle(Path(name))
    trace = _trace(bundle)
    statement = json.loads(bundle.envelope.payload)
    sizes = {
        "sent": len(bundle.as_sent()),
        "statement": len(bundle.envelope.payload),
        "trace_compressed": len(bundle.trace),
        "trace_raw": statement["predicate"]["trace"]["raw_bytes"],
    }
    summary = _summary(trace)
    output.say_verbatim(json.dumps(statement, indent=2, ensure_ascii=False))
    output.say("")
    output.say(
        _(
            "Above: the complete signed statement. Payload type {payload_type}, one signature by key "
            "{key_id}."
        ).format(payload_type=bundle.envelope.payload_type, key_id=bundle.envelope.key_id)
    )
    for stream in summary["streams"]:
        output.say(
            _("Trace: stream {name} ({scope}, {unit}), {ticks} ticks over {seconds:.3f} s").format(**stream)
        )
    for span in summary["spans"]:
        output.say(
            _("Trace: {kind} from {start_s:.3f} to {end_s:.3f} s, {queries} timed queries").format(**span)
        )
    output.say(
        _(
            "Sizes: sent {sent} bytes, statement {statement} bytes, trace compressed {trace_compressed} bytes, "
            "trace raw {trace_raw} bytes"
        ).format(**sizes)
    )
    output.say(
        (
            _("Receipt: in the file, not sent. Result id {result_id}.")
            if bundle.receipt
            else _("Receipt: none yet. Result id {result_id}.")
        ).format(result_id=bundle.digest())
    )
    output.answer(
        {
            "ok": True,
            "result_id": bundle.digest(),
            "statement": statement,
            "payload_type": bundle.envelope.payload_type,
            "key_id": bundle.envelope.key_id,
            "trace": summary,
            "sizes_bytes": sizes,
            "has_receipt": bundle.receipt is not None,
        }
    )
    return 0


def _trace(bundle: Bundle) -> Trace:
    from joulemark.errors import UsageError
    from joulemark.record import trace as traces
    from joulemark.record.errors import RecordError

    try:
        return traces.parse(traces.unpack(bundle.trace))
    except RecordError as error:
        raise UsageError(
            _("The trace cannot be read ({code}): {error}").format(code=error.code, error=error)
        ) from error


def _summary(trace: Trace) -> dict[str, Any]:
    windows = iter(trace.queries)
    return {
        "streams": [
            {
                "name": stream.name,
                "scope": stream.scope,
                "unit": stream.unit,
                "ticks": len(stream.t_us),
                "seconds": sum(stream.t_us[1:]) / 1e6,
            }
            for stream in trace.streams
        ],
        "spans": [
            {
                "kind": span.kind,
                "start_s": span.start_us / 1e6,
                "end_s": span.end_us / 1e6,
                "queries": len(next(windows).duration_us) if span.kind == "window" else 0,
            }
            for span in trace.spans
        ],
    }
