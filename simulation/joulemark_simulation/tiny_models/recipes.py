"""A recipe and rows for each task, as a suite would give them, with a tiny model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.workloads.preprocess import Preprocessing
from joulemark.workloads.recipe import Answers, Decoding, Diffusion, Recipe, SpanSearch
from joulemark_simulation.tiny_models import rows
from joulemark_simulation.tiny_models.pictures import CLASSES, OBJECTS
from joulemark_simulation.tiny_models.texts import NAMES

if TYPE_CHECKING:
    from pathlib import Path

SENTIMENTS = Answers(labels={"NEG": "negative", "POS": "positive"}, names=("negative", "positive"))
FIFTY_WORDS = Preprocessing(words=50)
SCALED = Preprocessing(resize=(128, 96))
DETECTION = Answers(names=OBJECTS, threshold=0.2)
PAIR = {"question": "question", "context": "context", "answers": "answers"}
ASK = {
    "text_classification-prompted": "what is the binary sentiment of the following sentence? {text}",
    "extractive_qa-prompted": (
        '{question}? Find the answer to the question in the following text: "{context}". Answer:'
    ),
    "summarization-prompted": "summarize the following text: {text}",
}

_ROWS = {
    "text_classification": rows.reviews,
    "extractive_qa": rows.questions,
    "masked_lm": rows.sentences,
    "token_classification": rows.names,
    "image_classification": rows.pictures,
    "object_detection": rows.pictures,
    "text_generation": rows.sentences,
    "summarization": rows.articles,
    "image_captioning": rows.pictures,
    "image_generation": rows.prompts,
}
_COLUMNS = {
    "text_classification": {"text": "text", "label": "label"},
    "extractive_qa": PAIR,
    "masked_lm": {"text": "text"},
    "token_classification": {"text": "tokens", "tags": "ner_tags"},
    "image_classification": {"image": "image", "label": "label"},
    "object_detection": {"image": "image", "objects": "objects"},
    "text_generation": {"text": "text"},
    "summarization": {"text": "document", "summary": "summary"},
    "image_captioning": {"image": "image", "captions": "captions"},
    "image_generation": {"text": "Prompt"},
}
MODELS = {
    "text_classification": "bert-sentiment",
    "extractive_qa": "bert-qa",
    "masked_lm": "bert-mask",
    "token_classification": "bert-names",
    "image_classification": "vit",
    "object_detection": "yolos",
    "text_generation": "llama",
    "summarization": "bart",
    "image_captioning": "captioner",
    "image_generation": "stable-diffusion",
    "text_classification-prompted": "bloom",
    "extractive_qa-prompted": "t5",
    "summarization-prompted": "t5",
}
"""The tiny model that runs each task."""


def rows_of(task: str) -> rows.Rows:
    """The rows of a task; those of a prompted one are those of the task that it asks for."""
    return _ROWS[task.removesuffix("-prompted")]()


_SETTINGS: dict[str, dict[str, Any]] = {
    "text_classification": {"preprocessing": FIFTY_WORDS, "answers": SENTIMENTS},
    "extractive_qa": {"reading": SpanSearch(window_tokens=48, stride_tokens=16)},
    "masked_lm": {"preprocessing": Preprocessing(words=20, mask="replace-last")},
    "token_classification": {
        "preprocessing": Preprocessing(join=" "),
        "answers": Answers(names=tuple(NAMES.values())),
    },
    "image_classification": {"preprocessing": SCALED, "answers": Answers(names=CLASSES)},
    "object_detection": {"preprocessing": SCALED, "answers": DETECTION},
    "text_generation": {
        "preprocessing": Preprocessing(words=20),
        "decoding": Decoding(max_new_tokens=10),
    },
    "summarization": {
        "preprocessing": FIFTY_WORDS,
        "decoding": Decoding(max_length=15, min_length=10),
    },
    "image_captioning": {"preprocessing": SCALED, "decoding": Decoding(max_length=12)},
    "image_generation": {
        "preprocessing": FIFTY_WORDS,
        "diffusion": Diffusion(steps=2, width=32, height=32),
    },
}
_PROMPTED = {"preprocessing": FIFTY_WORDS, "answers": SENTIMENTS, "decoding": Decoding(max_new_tokens=6)}


def recipe_of(task: str, folder: Path) -> Recipe:
    """The task's recipe, with the model in `folder`."""
    columns = _COLUMNS[task.removesuffix("-prompted")]
    settings = _SETTINGS.get(task) or {**_PROMPTED, "prompt": ASK[task]}
    return Recipe(task, folder, columns, **settings)
