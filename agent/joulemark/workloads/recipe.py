"""Everything that decides what a task does, in one value: two equal recipes ask two equal models the same thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from joulemark.translation import gettext as _
from joulemark.workloads.preprocess import AS_IT_IS, Preprocessing

if TYPE_CHECKING:
    from joulemark.suite.schema import Dtype

NOTHING: Mapping[str, Any] = MappingProxyType({})
DRAWING = ("top_k", "top_p", "typical_p", "temperature")
BEAMING = ("length_penalty", "early_stopping", "num_beam_groups", "diversity_penalty")


@dataclass(frozen=True)
class Decoding:
    """How text is generated; what is None stays as the model's own generation settings have it.

    `max_new_tokens`: most tokens generated. `max_length`, `min_length`: most and fewest tokens in all, counted as
    transformers counts them: with the prompt of a decoder, with the start token of an encoder-decoder. `sample`: draw
    tokens at random, from the query's seed, among the `top_k` likeliest at `temperature`. `beams`: the width of the
    search, 1 being greedy. `task_settings`: the part of the model's own settings that goes over its general ones; with
    it nothing is left to the library's version, see `own_settings`.
    """

    max_new_tokens: int | None = None
    max_length: int | None = None
    min_length: int | None = None
    sample: bool | None = False
    beams: int | None = None
    top_k: int | None = None
    temperature: float | None = None
    task_settings: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for two upper limits at once: the libraries let one of them win silently."""
        if self.max_new_tokens is not None and self.max_length is not None:
            raise ValueError(_("Give max_new_tokens or max_length, not both."))

    def arguments(self, *, prompt_tokens: int = 0, own: Mapping[str, Any] = NOTHING) -> dict[str, Any]:
        """What transformers' `generate` is called with; `own` is what the model says for whatever is None here.

        `prompt_tokens`: tokens of a decoder's prompt, which count for `max_length`. One that is as long by itself is
        answered with one token, as by the library's version 4.30 that the 2024 study ran; later ones refuse it.
        """
        full = self.max_length is not None and prompt_tokens >= self.max_length
        named = {
            "max_new_tokens": 1 if full else self.max_new_tokens,
            "max_length": None if full else self.max_length,
            "min_length": self.min_length,
            "do_sample": self.sample,
            "num_beams": self.beams,
            "top_k": self.top_k,
            "temperature": self.temperature,
        }
        stated = {name: value for name, value in named.items() if value is not None}
        return settled({**own, **stated}) if own else stated


def settled(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of `generate` without those that others make void: one upper limit, and what is for draws or beams."""
    void: set[str] = set()
    if "max_new_tokens" in arguments:
        void.add("max_length")
    if not arguments.get("do_sample"):
        void.update(DRAWING)
    if arguments.get("num_beams", 1) == 1:
        void.update(BEAMING)
    return {name: value for name, value in arguments.items() if name not in void}


@dataclass(frozen=True)
class SpanSearch:
    """How a long text is searched for an answer: in windows of `window_tokens` (question included) that overlap by
    `stride_tokens`, for a span of at most `max_answer_tokens`. `may_be_empty`: the text may hold no answer, and the
    model can say so. The defaults are those that question answering with transformers has always had.
    """

    window_tokens: int = 384
    stride_tokens: int = 128
    max_answer_tokens: int = 15
    may_be_empty: bool = False


@dataclass(frozen=True)
class Diffusion:
    """How a picture is generated; what is None is the pipeline's own default.

    `steps`: denoising steps. `width`, `height`: pixels. `guidance`: weight of classifier-free guidance, no unit.
    """

    steps: int | None = None
    width: int | None = None
    height: int | None = None
    guidance: float | None = None

    def arguments(self) -> dict[str, Any]:
        """What a diffusers pipeline is called with."""
        named = {
            "num_inference_steps": self.steps,
            "width": self.width,
            "height": self.height,
            "guidance_scale": self.guidance,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True)
class Answers:
    """How answers and the data set's labels meet.

    `labels`: the model's label to the data set's; a label that is not in it stays. `spellings`: a label of either side
    to the one that counts, after that. `names`: the data set's labels by number, for data sets that store numbers.
    `top_k`: likeliest classes in an answer. `threshold`: the score, 0 to 1, that a detection must be above.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    top_k: int = 5
    threshold: float = 0.5

    def of_model(self, label: str) -> str:
        """The data set's name for a label of the model."""
        label = self.labels.get(label, label)
        return self.spellings.get(label, label)

    def of_dataset(self, label: Any) -> str | None:
        """The name of a label as a row has it; None where the data set keeps it back (-1, or nothing)."""
        if label is None or label == -1:
            return None
        name = self.names[label] if self.names and isinstance(label, int) else str(label)
        return self.spellings.get(name, name)


@dataclass(frozen=True)
class Recipe:
    """One model on one data set.

    `task`: a key of `tasks.TASKS`. `model_folder`: a snapshot of the model's repository. `columns`: what the task
    calls a column (see its class) to what the data set calls it; a reference that is not named is not scored.
    `model`: what messages call the model, if not by its folder, which a hub's cache names by a commit.
    `weights`: SHA-256 by file name within the folder; where it is given, those files and no others may be there.
    `beside`: likewise of all other files; None where nothing is known of them. `unused_tensors`: beginnings of names of
    tensors that may lie in the weights without a place in the model.
    `prompt`: what a general-purpose model is asked, with `{text}` or other columns in braces; with `chat` as one turn
    of its own chat format, without reasoning. `switches_reasoning`: it reasons unless its format is told not to.
    """

    task: str
    model_folder: Path
    columns: Mapping[str, str]
    model: str | None = None
    device: str = "cpu"
    dtype: Dtype = "float32"
    weights: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] | None = None
    unused_tensors: tuple[str, ...] = ()
    preprocessing: Preprocessing = AS_IT_IS
    answers: Answers = field(default_factory=Answers)
    decoding: Decoding = field(default_factory=Decoding)
    reading: SpanSearch = field(default_factory=SpanSearch)
    diffusion: Diffusion = field(default_factory=Diffusion)
    prompt: str | None = None
    chat: bool = False
    switches_reasoning: bool = False

    @property
    def model_name(self) -> str:
        """What messages call the model."""
        return self.model or self.model_folder.name
