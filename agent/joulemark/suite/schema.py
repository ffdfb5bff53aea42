"""What a suite says about itself, as ``suite.toml`` spells it.

A published suite is never edited: a change is a new version beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from joulemark.record.field_types import EntryName, FieldName, HubId, Sha256, Slug
from joulemark.record.trace import Mode
from joulemark.translation import gettext as _

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0, le=86400)]
ModelKind = Literal["task-specific", "general-purpose"]
Dtype = Literal["float32", "float16", "bfloat16"]
"""`float32` is what the 2024 study ran, which named no type to its libraries; the others are strata of their own."""
Masking = Literal["append", "replace-last"]
Architecture = Literal["encoder-decoder", "decoder-only"]
Modality = Literal[
    "text-to-category",
    "text-to-text",
    "image-to-category",
    "image-to-text",
    "text-to-image",
    "sound-to-text",
    "text-to-vector",
]
"""What goes in and what comes out; a picture with a question counts as a picture."""
OwnReasoning = Literal["switch", "always"]
"""Of a model that can reason before it answers: whether it can be told not to."""
Branch = Literal["main", "refs/convert/parquet"]
CONVERSION: Literal["refs/convert/parquet"] = "refs/convert/parquet"
"""The branch on which the hub keeps a data set as Parquet, also of those that are a script on their own branch."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that a suite's files spell out; unknown fields are refused."""


class Protocol(Entry, frozen=True, kw_only=True):
    """How a job is measured, one query at a time (batch size 1).

    `sample` says which queries a window runs: those that the ticket's seed draws (`seeded`), the first of the data set,
    as in the 2024 study (`first`), or a part of the first `queries` (`parts`): the ticket's seed draws an order of all
    of them, and windows run consecutive parts of it, each for as long as a window lasts. The result is then the mean
    over all of them, and `half_width_target` includes the choice of those that ran. `dtype` is the number format that
    the suite means a model to run in; another is measured too and stands apart.

    `queries` is the sample of one window where the data set names no number of its own. Windows follow each other until
    the 95 % half-width of the mean, relative to the mean, is under `half_width_target`, `windows_max` are done, or the
    job has taken `budget_s` seconds; at least `windows_min` are done in any case. `idle_s`: seconds at rest, model
    resident, before the first window and after the last. `window_s`: seconds that a window lasts at least, beside what
    its counter needs. `warmup_queries`: queries before the first window, at least; with `warmup_s` they go on until
    power and temperature are steady, for so long at most; where queries are long, for the least that can show it. A
    window shorter than its counter needs repeats its sample, unless `fill_windows` is off. In the mode `latency` each
    query of a window begins at its own phase of the sensor, with pauses between.
    """

    queries: Positive
    windows_min: Positive
    windows_max: Positive
    warmup_queries: Annotated[int, Meta(ge=0)]
    idle_s: Seconds
    half_width_target: Annotated[float, Meta(gt=0, lt=1)]
    budget_s: Seconds
    warmup_s: Seconds = 0.0
    fill_windows: bool = True
    mode: Mode = "throughput"
    sample: Literal["seeded", "first", "parts"] = "seeded"
    dtype: Dtype | None = None
    window_s: Seconds = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError when fewer windows are allowed than are asked for, or parts cannot be told apart."""
        if self.windows_min > self.windows_max:
            raise ValueError(
                _("windows_min ({windows_min}) is more than windows_max ({windows_max})").format(
                    windows_min=self.windows_min, windows_max=self.windows_max
                )
            )
        if self.sample == "parts" and (self.mode == "latency" or self.windows_min < 2):
            raise ValueError(_("sample = parts needs mode = throughput and two windows or more"))

    @property
    def runs_parts(self) -> bool:
        """Whether each window runs another part of the queries, and the result is the mean over all of them."""
        return self.sample == "parts"


class Task(Entry, frozen=True, kw_only=True):
    """A task; the ten of the 2024 study (arXiv 2311.16863, table 1) are under the same id. Title in English."""

    id: Slug
    title: str
    modality: Modality
    quality_metrics: tuple[Slug, ...]


class Label(Entry, frozen=True, kw_only=True):
    """A class of a data set; `description` is the sentence that a zero-shot classifier compares inputs with."""

    id: Slug
    description: str


class Resize(Entry, frozen=True, kw_only=True):
    """Every picture becomes this many pixels wide and high, by nearest neighbour, in RGB."""

    width: Positive
    height: Positive
    method: Literal["nearest"] = "nearest"


class Retrieval(Entry, frozen=True, kw_only=True):
    """The texts that the queries of a data set are to find, in other configurations of its repository, same split.

    `passages` has a text in the column `text` under the name in `passage_id`; `relevance` has in `relevant` the names
    of the passages that answer the query named in `query`; `query_id` is the column of that name among the queries.
    """

    passages: str
    passage_id: str
    text: str
    relevance: str
    query: str
    relevant: str
    query_id: str


class DataSet(Entry, frozen=True, kw_only=True):
    """A data set: a file of rows beside ``suite.toml``, or a repository on the hub.

    In a file: `file` holds the rows, one JSON object a line, of the kind `rows`; `revision` is the SHA-256 of its
    bytes. `label_field` names the column that holds the answer where a row has several.

    On the hub: `hub_id` with `config` and `split`; `revision` is a commit and `branch` where it was found, both out of
    ``lock.toml``. The rows of the split are read in their order, `take` of them (all that are needed where it is
    None); those that equal one of `drop_rows` are left out, the first `keep` of the others are the data set, named
    "0", "1", ... in order.
    `columns` are a query's inputs, in this order: lists of words are joined by spaces (`join_tokens`),
    `remove_characters` go, `cut_words` words stay (parted by white space), then the model's mask token is put behind
    them (`append`) or in the place of the last one (`replace-last`). Pictures are resized. Where the column holds their
    addresses (`images_by_url`) they are not fetched and no job runs. `reference_column` holds the answer, None where
    there is none.

    `script` and `gated` say how the repository was known to be when the suite was written (None: not known);
    ``joulemark suite pin`` asks the hub. `substitute` is `SUITE/DATASET`: a data set of its own, in a suite of its
    own, for whoever cannot have this one. `study_id` is its name among the figures of the 2024 study.
    `queries_per_window` and `quality_metrics` take the place of the protocol's and the task's. `licence` is an SPDX
    expression, None where the suite does not know it.

    `class_names` are its classes by number, for files that do not name them; files that name others are refused.
    `spellings` are other names of a class, by the one that counts: a label of the data set or of a model is read so.

    `retrieval` says where the texts are that its queries are to find. `unchecked` names the fields whose value no
    source that was read states.
    """

    id: Slug
    task: Slug
    title: str
    file: str | None = None
    rows: Literal["sentences", "prompts", "texts", "photos"] | None = None
    revision: str | None = None
    licence: str | None = None
    source: str | None = None
    label_field: Literal["topic", "sentiment"] | None = None
    labels: tuple[Label, ...] = ()
    queries_per_window: Positive | None = None
    quality_metrics: tuple[Slug, ...] | None = None
    hub_id: HubId | None = None
    config: str | None = None
    split: str | None = None
    columns: tuple[str, ...] = ()
    reference_column: str | None = None
    take: Positive | None = None
    keep: Positive | None = None
    drop_rows: tuple[str, ...] = ()
    join_tokens: bool = False
    remove_characters: str | None = None
    cut_words: Positive | None = None
    mask: Masking | None = None
    resize: Resize | None = None
    images_by_url: bool = False
    branch: Branch | None = None
    script: bool | None = None
    gated: bool | None = None
    substitute: EntryName | None = None
    study_id: Slug | None = None
    class_names: tuple[str, ...] = ()
    spellings: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    retrieval: Retrieval | None = None
    unchecked: tuple[FieldName, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError unless it says where its rows are, in one of the two ways."""
        _one_place(self.id, self.file, self.hub_id)
        if self.file is not None and None in (self.rows, self.revision, self.licence, self.source):
            raise ValueError(
                _("data set {id} has a file and needs rows, revision, licence and source").format(id=self.id)
            )
        if self.hub_id is not None and (None in (self.split, self.keep) or not self.columns):
            raise ValueError(
                _("data set {id} is on the hub and needs split, columns and keep").format(id=self.id)
            )

    @property
    def is_pinned(self) -> bool:
        """Whether its bytes are fixed."""
        return self.revision is not None

    @property
    def obstacle(self) -> str | None:
        """Why no job can run on it, pinned or not; None if nothing is known against it."""
        if self.images_by_url:
            return _(
                "The data set {id} has addresses of pictures, which change and vanish, and none are fetched. "
                "Use another data set."
            ).format(id=self.id)
        return None

    @property
    def url(self) -> str | None:
        """Its page on the hub; None for a file."""
        return None if self.hub_id is None else f"https://huggingface.co/datasets/{self.hub_id}"


class WeightsFile(Entry, frozen=True, kw_only=True):
    """A weights file of a model, by its path in the repository."""

    name: str
    sha256: Sha256
    bytes: Positive


class PinnedFile(Entry, frozen=True, kw_only=True):
    """A file beside a model's weights that decides what runs, by its path in the repository."""

    name: str
    sha256: Sha256
    bytes: Annotated[int, Meta(ge=0)]


class Model(Entry, frozen=True, kw_only=True):
    """A model: inside an installed Python distribution, or a repository on the hub.

    In a package: `package` is the distribution, `revision` its version, `module` its import name, `weights` the
    weights file inside that module's folder and `weights_sha256` its digest; nothing is downloaded.

    On the hub: `hub_id`; `revision` (a commit), `weights_sha256`, `files` (the weights) and `beside` (configuration,
    tokenizer, processors, templates) come from ``lock.toml`` and are None and empty before; `beside` stays None under
    a lock of the first format. The digest is `joulemark.suite.lock.weights_digest` of `files`. `unused_tensors` are
    beginnings of the names of tensors in those files for which the model has no place, and which may stay unused.

    `parameters` is their number: `counted` on what is loaded, or `reported` by the 2024 study, whose list counts some
    models without their heads and rounds others, or by the publisher, who rounds too. `licence`, an SPDX expression,
    is that of the weights, None where the suite does not know it; `family` and `architecture` likewise. `released` is
    the day since when the hub has the repository, out of the lock (the hub's record of days begins on 2022-03-02).

    `labels` says what its labels mean, by how its configuration spells them, where these are numbers or names of its
    own. A label that is not in it means what it says.

    `dtype` is the number format of its files, `custom_code` whether its repository brings a program of its own, both
    None where the suite does not know. `reasoning` says whether it can be told not to reason before it answers, None
    where it cannot reason. `trained_on` are the data sets of the suite whose training part it is known to have seen:
    its cells there are marked. `unchecked` names the fields whose value no source that was read states: pinning
    replaces them with what the hub says.
    """

    id: Slug
    title: str
    kind: ModelKind
    parameters: Positive
    parameters_are: Literal["counted", "reported"] = "counted"
    package: str | None = None
    revision: str | None = None
    module: str | None = None
    weights: str | None = None
    weights_sha256: Sha256 | None = None
    files: tuple[WeightsFile, ...] = ()
    beside: tuple[PinnedFile, ...] | None = None
    unused_tensors: tuple[str, ...] = ()
    licence: str | None = None
    source: str | None = None
    hub_id: HubId | None = None
    family: Slug | None = None
    architecture: Architecture | None = None
    released: date | None = None
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    dtype: Dtype | None = None
    custom_code: bool | None = None
    reasoning: OwnReasoning | None = None
    trained_on: tuple[Slug, ...] = ()
    unchecked: tuple[FieldName, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError unless it says where its weights are, in one of the two ways."""
        _one_place(self.id, self.package, self.hub_id)
        pins = (self.revision, self.module, self.weights, self.weights_sha256, self.licence, self.source)
        if self.package is not None and None in pins:
            raise ValueError(
                _(
                    "model {id} is in a package and needs revision, module, weights, weights_sha256, licence, "
                    "source"
                ).format(id=self.id)
            )

    @property
    def is_pinned(self) -> bool:
        """Whether its weights are fixed."""
        return self.revision is not None and self.weights_sha256 is not None

    @property
    def url(self) -> str | None:
        """Its page on the hub; None for a model in a package."""
        return None if self.hub_id is None else f"https://huggingface.co/{self.hub_id}"

    @property
    def owner(self) -> str | None:
        """The account that publishes it on the hub; None for a model in a package, and for a name without one."""
        owner, slash, _name = (self.hub_id or "").partition("/")
        return owner if slash else None


class Admission(Entry, frozen=True, kw_only=True):
    """What pinning lets into a suite: a repository of which one of these is false is named as unavailable.

    `gated`: repositories that are given only to whoever agrees to terms. `custom_code`: models whose repository brings
    a program of its own. `pickles`: models without weights as safetensors; reading a pickle runs what is in it.
    """

    gated: bool = True
    custom_code: bool = True
    pickles: bool = True

    @property
    def is_strict(self) -> bool:
        """Whether it keeps anything out: what the suite says is then compared with the hub and filled in from it."""
        return not (self.gated and self.custom_code and self.pickles)


class Choice(Entry, frozen=True, kw_only=True):
    """A choice that a suite's author made, and why.

    In a suite of the 2024 study: a place where the article (`paper`) and the logs or scripts (`logs`) differ or are
    silent. `source` is where what was taken is from, elsewhere. `checked` is False where a value rests on what is
    generally known and not on a source that was read.
    """

    about: str
    paper: str | None = None
    logs: str | None = None
    source: str | None = None
    taken: str
    why: str
    checked: bool = True


def _one_place(name: str, here: str | None, hub_id: str | None) -> None:
    if (here is None) == (hub_id is None):
        raise ValueError(_("{name} must be either here or on the hub").format(name=name))
