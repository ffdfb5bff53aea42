"""A few rows for each task, in the columns of the data sets that the 2024 study used; texts and pictures made here."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Image

Rows = dict[str, "Mapping[str, Any]"]


def reviews() -> Rows:
    """Texts with a sentiment by number; the last one's is kept back."""
    texts = (
        ("The plot is dull and the film is long, so leave it.", 0),
        ("A warm story, good in every part of it.", 1),
        ("Bad film! The dog was good, the rest of it was not.", 0),
        ("Who was it that said this bridge of a film would hold?", -1),
    )
    return _numbered({"text": text, "label": label} for text, label in texts)


def questions() -> Rows:
    """Questions about texts, one longer than a tiny model's window; the last has no answer."""
    long = " ".join(["The council met in the town."] * 12) + " Mary lives in London."
    rows: tuple[tuple[str, str, list[str]], ...] = (
        ("Who visited the bridge?", "The old bridge was visited by Mary.", ["Mary"]),
        ("Where is Mary?", long, ["London", "in London"]),
        ("When was the train?", "The river is warm.", []),
    )
    return _numbered(
        {
            "question": question,
            "context": context,
            "answers": {"text": answers, "answer_start": [0] * len(answers)},
        }
        for question, context, answers in rows
    )


def sentences() -> Rows:
    """Plain texts of 25 words and more, one short, and one empty."""
    words = "the town council met in week 3 to answer a question of the river and the old bridge by the train"
    return _numbered({"text": text} for text in (f"{words} at last, we hear from it.", "Good dog.", ""))


def names() -> Rows:
    """Words with tags by number."""
    rows = (("Mary lives in London .", [1, 0, 0, 2, 0]), ("The train was in London .", [0, 0, 0, 0, 2, 0]))
    return _numbered({"tokens": text.split(), "ner_tags": tags} for text, tags in rows)


def articles() -> Rows:
    """Texts with a summary."""
    rows = (
        ("The old bridge over the river is closed. The council said so.", "Old bridge closed."),
        ("A dog and a cat went to town by train. It was a warm week.", "Pets go to town."),
    )
    return _numbered({"document": text, "summary": summary} for text, summary in rows)


def prompts() -> Rows:
    """What is to be painted; the second is longer than a tiny text encoder reads."""
    return _numbered(
        {"Prompt": text} for text in ("a red square", "the old bridge and the river in a warm week")
    )


def pictures() -> Rows:
    """Squares on noise: as a picture, as a data set's bytes, and as a grey picture; with class, captions, objects."""
    from PIL import Image

    values: list[Any] = []
    for number in range(3):
        picture = square(number)
        file = io.BytesIO()
        picture.save(file, "PNG")
        values.append([picture, {"bytes": file.getvalue(), "path": None}, picture.convert("L")][number])
    assert isinstance(values[2], Image.Image)
    return _numbered(
        {
            "image": value,
            "label": number,
            "captions": [f"a square number {number}", "a square on noise"],
            "objects": {"bbox": [[20 + 8 * number, 16, 24, 24]], "category": [0]},
        }
        for number, value in enumerate(values)
    )


def square(number: int) -> Image:
    """A picture of 96 by 72 pixels: a square in one of three colours on noise from a seed."""
    import numpy as np
    from PIL import Image

    pixels = np.random.default_rng(number).integers(0, 90, size=(72, 96, 3), dtype=np.uint8)
    pixels[16:40, 20 + 8 * number : 44 + 8 * number, number] = 255
    return Image.fromarray(pixels, "RGB")


def _numbered(rows: Any) -> Rows:
    return {str(number): row for number, row in enumerate(rows)}
