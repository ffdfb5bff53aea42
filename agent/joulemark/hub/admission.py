"""What a suite does not let in, and what on the hub is not as the suite says: sentences for the lock, in English.

The suite states what was read elsewhere; the hub has the last word. A repository that contradicts it is not quietly
taken as something else: it is named with what differs, and its jobs do not run until the suite is mended.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from joulemark.hub.client import Repository
    from joulemark.suite import DataSet, Model
    from joulemark.suite.schema import Admission, Dtype

DTYPES: Mapping[str, Dtype] = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""Number formats as safetensors name them; a model mostly in another one needs a kernel of its own."""

SAFE = ".safetensors"
REPORTED_WITHIN = 1.5
"""A publisher's rounded number, and one without heads or embeddings, is within this factor of what the files hold."""


def file_parameters(repository: Repository) -> int | None:
    """The number of parameters in the repository's safetensors; None where the hub does not say."""
    return repository.safetensors.total if repository.safetensors else None


def file_dtype(repository: Repository) -> str | None:
    """The format of most parameters, as Joulemark names it, else as the hub does; None where the hub does not say."""
    counts = repository.safetensors.parameters if repository.safetensors else {}
    if not counts:
        return None
    name = max(counts, key=lambda each: counts[each])
    return DTYPES.get(name, name)


def not_admitted(
    name: str,
    repository: Repository,
    admission: Admission,
    *,
    weights: Sequence[str] = (),
    config: bytes = b"",
) -> str | None:
    """Why the suite does not let a repository in; None where it does. `name` is how sentences call it.

    `weights` are the paths of a model's weights, `config` its ``config.json``.
    """
    why = next(_hindrances(repository, admission, weights=weights, config=config), None)
    return None if why is None else f"{name} {why}, and the suite admits none such. Use another one."


def _hindrances(
    repository: Repository, admission: Admission, *, weights: Sequence[str], config: bytes
) -> Iterator[str]:
    if not admission.gated and repository.gated:
        yield "is given only to whoever agrees to its terms"
    if not admission.custom_code and ("custom_code" in repository.tags or _names_code(config)):
        yield "brings a program of its own"
    if not admission.pickles and any(not path.endswith(SAFE) for path in weights):
        yield "has weights as pickles and none as safetensors"


def _names_code(config: bytes) -> bool:
    """Whether a configuration names classes in the repository's own files (`auto_map`)."""
    try:
        return "auto_map" in json.loads(config or b"{}")
    except (ValueError, TypeError):
        return False


def disagreement(entry: Model | DataSet, repository: Repository) -> str | None:
    """What the hub says otherwise than the suite, as a sentence; None if nothing. Unchecked fields are not compared."""
    stated = next(_differences(entry, repository), None)
    if stated is None:
        return None
    field, here, there = stated
    return f"The suite says {field} = {here} of {entry.id}, the hub {there} ({entry.hub_id}). Mend the suite."


def _differences(entry: Model | DataSet, repository: Repository) -> Iterator[tuple[str, object, object]]:
    licence = repository.licence
    if (
        "licence" not in entry.unchecked
        and entry.licence
        and licence
        and entry.licence.lower() != licence.lower()
    ):
        yield "licence", entry.licence, licence
    dtype = getattr(entry, "dtype", None)
    if dtype and "dtype" not in entry.unchecked and file_dtype(repository) not in (None, dtype):
        yield "dtype", dtype, file_dtype(repository)
    parameters, counted = getattr(entry, "parameters", None), file_parameters(repository)
    if parameters is None or counted is None or "parameters" in entry.unchecked:
        return
    within = 1.0 if getattr(entry, "parameters_are", "") == "counted" else REPORTED_WITHIN
    if not counted / within <= parameters <= counted * within:
        yield "parameters", parameters, counted
