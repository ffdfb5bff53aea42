"""What a suite's names on the hub stood for when they were pinned: ``lock.toml``, beside ``suite.toml``.

The file is part of the suite's digest. It never holds rows or weights, only commits and digests. In its second format
it holds nothing of the day, the hub's address or the machine on which it was written: the same commits make the same
bytes. The first format pinned a model's weights alone, and is still read. The third is the second with what the hub
knows of a model (`family`, `released`), for those who choose among models; a lock without such facts is of the second.
The fourth is the third with what a suite with an `[admission]` has filled in (`parameters`, `dtype`) and refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from joulemark.record.field_types import Commit, HubId, Sha256, Slug
from joulemark.suite.errors import BrokenSuite
from joulemark.suite.schema import Branch, DataSet, Dtype, Entry, Model, PinnedFile, Positive, WeightsFile
from joulemark.suite.toml_file import decode_toml
from joulemark.translation import gettext as _

LOCK = "lock.toml"
FIRST: Literal["joulemark-lock/1"] = "joulemark-lock/1"
SECOND: Literal["joulemark-lock/2"] = "joulemark-lock/2"
THIRD: Literal["joulemark-lock/3"] = "joulemark-lock/3"
FOURTH: Literal["joulemark-lock/4"] = "joulemark-lock/4"
RefusalReason = Literal["gated", "vanished"]
NotOnHubReason = Literal[RefusalReason, "no-parquet"]
AdmissionReason = Literal["not-admitted", "disagrees"]
Reason = Literal[NotOnHubReason, "no-weights", AdmissionReason]
"""Why a model or data set is not pinned: the hub refuses it, has no Parquet files of it, or no weights; or it is
something that the suite does not admit, or is not as the suite says.
"""


class PinnedModel(Entry, frozen=True, kw_only=True):
    """A model's repository at a commit. `hub_id` is its name now; the suite may name it as it was called before.

    `beside` are all files that decide what runs and are no weights; None in the first format. `family` is the
    architecture's name in its configuration (`model_type`), `released` the day since when the hub has the repository;
    both None before the third format, and where the hub does not say. `parameters` is the number of them in its files,
    where the suite had it from memory, and `dtype` the format of most of them: of the fourth format alone.
    """

    id: Slug
    hub_id: HubId
    revision: Commit
    weights_sha256: Sha256
    weights: Annotated[tuple[WeightsFile, ...], Meta(min_length=1)]
    beside: tuple[PinnedFile, ...] | None = None
    licence: str | None = None
    gated: bool = False
    family: Slug | None = None
    released: date | None = None
    parameters: Positive | None = None
    dtype: Dtype | None = None

    @property
    def has_fillings(self) -> bool:
        """Whether it holds what the fourth format alone can hold."""
        return self.parameters is not None or self.dtype is not None

    @property
    def has_facts(self) -> bool:
        """Whether the hub said what the third format alone can hold."""
        return self.family is not None or self.released is not None


class PinnedDataSet(Entry, frozen=True, kw_only=True):
    """A data set's repository at a commit; `branch` is where that commit was found.

    `config` is the configuration's name on that branch where the suite names none.
    """

    id: Slug
    hub_id: HubId
    revision: Commit
    branch: Branch
    config: str | None = None
    licence: str | None = None
    gated: bool = False


class Unavailable(Entry, frozen=True, kw_only=True):
    """A model or data set that the hub would not give when the suite was pinned."""

    what: Literal["model", "data set"]
    id: Slug
    hub_id: HubId
    reason: Reason
    sentence: str


class Lock(Entry, frozen=True, kw_only=True):
    """All of it. `suite_version` is the version of the suite that the lock belongs to, `version` that of both.

    `hub` and `pinned_on` are of the first format alone.
    """

    format: Literal["joulemark-lock/1", "joulemark-lock/2", "joulemark-lock/3", "joulemark-lock/4"]
    suite: str
    suite_version: str
    version: str
    hub: str | None = None
    pinned_on: date | None = None
    models: tuple[PinnedModel, ...] = ()
    datasets: tuple[PinnedDataSet, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for fields that are not of its format, or lacks of it."""
        first = self.format == FIRST
        if first != (self.hub is not None) or first != (self.pinned_on is not None):
            raise ValueError(
                _("`hub` and `pinned_on` belong to the format {first}, and to no other").format(first=FIRST)
            )
        if any(first != (model.beside is None) for model in self.models):
            raise ValueError(
                _("`beside` of each model belongs to the formats from {second} on, and to no other").format(
                    second=SECOND
                )
            )
        needs_fourth = _needs_fourth(self.models, self.unavailable)
        if (self.format == FOURTH) != needs_fourth:
            raise ValueError(
                _(
                    "`parameters` and `dtype` of models, and what a suite does not admit, belong to the format "
                    "{fourth}, and to no other"
                ).format(fourth=FOURTH)
            )
        if not needs_fourth and (self.format == THIRD) != any(model.has_facts for model in self.models):
            raise ValueError(
                _("`family` and `released` of models belong to the format {third}, and to no other").format(
                    third=THIRD
                )
            )

    def to_toml(self) -> bytes:
        """The file's bytes: fields in their order, what is None or has its usual value left out."""
        return ("\n".join(_toml(self)) + "\n").encode()


def weights_digest(files: Mapping[str, str]) -> str:
    """SHA-256 in hex over a line ``name sha256`` for each weights file, sorted, each with its line feed."""
    lines = sorted(f"{name} {sha256}\n" for name, sha256 in files.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def second_format(
    *,
    suite: str,
    suite_version: str,
    models: tuple[PinnedModel, ...],
    datasets: tuple[PinnedDataSet, ...],
    unavailable: tuple[Unavailable, ...],
) -> Lock:
    """A lock whose version follows from what it pins: the suite's, and 12 digits of the digest of all else.

    Of the third format where a model has facts, of the fourth where the suite had some filled in or refused.
    """
    unnamed = Lock(
        format=FOURTH
        if _needs_fourth(models, unavailable)
        else THIRD
        if any(model.has_facts for model in models)
        else SECOND,
        suite=suite,
        suite_version=suite_version,
        version="",
        models=models,
        datasets=datasets,
        unavailable=unavailable,
    )
    digest = hashlib.sha256(unnamed.to_toml()).hexdigest()
    return msgspec.structs.replace(unnamed, version=f"{suite_version}.{digest[:12]}")


def _needs_fourth(models: Iterable[PinnedModel], unavailable: Iterable[Unavailable]) -> bool:
    return any(model.has_fillings for model in models) or any(
        entry.reason in get_args(AdmissionReason) for entry in unavailable
    )


def decode_lock(content: bytes, *, suite: str, version: str) -> Lock:
    """The lock of this suite and version. Raises BrokenSuite when it is another's or contradicts itself."""
    lock = decode_toml(content, Lock, what=f"{LOCK} of {suite}")
    if (lock.suite, lock.suite_version) != (suite, version):
        raise BrokenSuite(
            _("The {lock} is of suite {suite} {suite_version}, not of {expected} {version}.").format(
                lock=LOCK, suite=lock.suite, suite_version=lock.suite_version, expected=suite, version=version
            )
        )
    for model in lock.models:
        if weights_digest({file.name: file.sha256 for file in model.weights}) != model.weights_sha256:
            raise BrokenSuite(
                _("The {lock} has a weights digest of {id} that is not that of its files.").format(
                    lock=LOCK, id=model.id
                )
            )
    return lock


def pin_models(models: Iterable[Model], lock: Lock) -> tuple[Model, ...]:
    """The models with what the lock knows. Raises BrokenSuite when it names one that is not on the hub."""
    pins = {pin.id: pin for pin in lock.models}
    _check_names("model", pins, {model.id for model in models if model.hub_id})
    return tuple(_pin_model(model, pins.get(model.id)) for model in models)


def pin_datasets(datasets: Iterable[DataSet], lock: Lock) -> tuple[DataSet, ...]:
    """The data sets with what the lock knows. Raises BrokenSuite when it names one that is not on the hub."""
    pins = {pin.id: pin for pin in lock.datasets}
    _check_names("data set", pins, {dataset.id for dataset in datasets if dataset.hub_id})
    return tuple(_pin_dataset(dataset, pins.get(dataset.id)) for dataset in datasets)


def _pin_model(model: Model, pin: PinnedModel | None) -> Model:
    if pin is None:
        return model
    return msgspec.structs.replace(
        model,
        hub_id=pin.hub_id,
        revision=pin.revision,
        weights_sha256=pin.weights_sha256,
        files=pin.weights,
        beside=pin.beside,
        licence=model.licence or pin.licence,
        family=model.family or pin.family,
        released=model.released or pin.released,
        parameters=pin.parameters or model.parameters,
        dtype=model.dtype or pin.dtype,
        unchecked=tuple(name for name in model.unchecked if getattr(pin, name, None) is None),
    )


def _pin_dataset(dataset: DataSet, pin: PinnedDataSet | None) -> DataSet:
    if pin is None:
        return dataset
    return msgspec.structs.replace(
        dataset,
        hub_id=pin.hub_id,
        revision=pin.revision,
        config=dataset.config or pin.config,
        branch=pin.branch,
        gated=pin.gated,
        licence=dataset.licence or pin.licence,
    )


def _check_names(what: str, pins: Mapping[str, object], ids: set[str]) -> None:
    if strangers := sorted(set(pins) - ids):
        raise BrokenSuite(
            _("The {lock} pins a {what} that the suite does not have: {name}.").format(
                lock=LOCK, what=_(what), name=strangers[0]
            )
        )


def _toml(lock: Lock) -> Iterator[str]:
    yield "# Written by `joulemark suite pin`. Part of the suite's digest: a change is a new version, never an edit."
    yield ""
    yield from _fields(lock, skip=("models", "datasets", "unavailable"))
    for name in ("models", "datasets", "unavailable"):
        for entry in getattr(lock, name):
            yield ""
            yield f"[[{name}]]"
            yield from _fields(entry, skip=("weights", "beside"))
            if isinstance(entry, PinnedModel):
                yield from _files("weights", entry.weights)
                if entry.beside is not None:
                    yield from _files("beside", entry.beside)


def _files(name: str, files: Iterable[Entry]) -> Iterator[str]:
    yield f"{name} = ["
    yield from (f"    {{ {', '.join(_fields(file))} }}," for file in files)
    yield "]"


def _fields(entry: Entry, *, skip: tuple[str, ...] = ()) -> Iterator[str]:
    for field in msgspec.structs.fields(entry):
        value = getattr(entry, field.name)
        if field.name not in skip and value != field.default:
            yield f"{field.name} = {_value(value)}"


def _value(value: object) -> str:
    """A basic string of TOML is one of JSON but for DEL, which JSON leaves as it is."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else str(value)
