"""From a row of a data set, as a hub has it, to what a model is given: cut, joined, masked, scaled. No model in it.

The steps and their order are those that the scripts and logs of the 2024 study show (arXiv 2311.16863): a list is
joined, text removed, the first words kept; a picture becomes RGB and is scaled without regard to its proportions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joulemark.translation import gettext as _
from joulemark.workloads.base import WorkloadError

if TYPE_CHECKING:
    from PIL.Image import Image

    from joulemark.suite.schema import Masking

Row = Mapping[str, Any]
"""A row by column names."""

PUNCTUATION = ".,;:!?\"'()[]"


@dataclass(frozen=True)
class Preprocessing:
    """What is done with a column before it is asked about; a step that is not named is not taken.

    `join`: what stands between the elements of a list. `remove`: each occurrence of this goes. `words`: that many
    words are kept, words being what white space parts, and are then parted by one space. `drop_rows`: rows whose
    text is one of these are left out of the data set. `mask`: `append` puts the mask after the text, `replace-last`
    in place of its last word. `resize`: width and height in pixels, by nearest neighbour.
    """

    join: str | None = None
    remove: str | None = None
    words: int | None = None
    drop_rows: tuple[str, ...] = ()
    mask: Masking | None = None
    resize: tuple[int, int] | None = None


AS_IT_IS = Preprocessing()


def numbered(rows: Iterable[Row], column: str, preprocessing: Preprocessing, *, count: int) -> dict[str, Row]:
    """The first `count` rows that are not dropped, named by their place among those that are kept, from "0" on.

    A suite names them so, and a platform checks a sample by these names.
    """
    remaining = (
        row for row in rows if not preprocessing.drop_rows or cell(row, column) not in preprocessing.drop_rows
    )
    return {str(number): row for number, row in enumerate(islice(remaining, count))}


def cell(row: Row, column: str) -> Any:
    """The row's value in `column`. Raises WorkloadError when the row has no such column."""
    if column not in row:
        raise WorkloadError(
            _(
                "The data set has no column {column}, only {row}. Use the revision that the suite pins."
            ).format(column=column, row=", ".join(sorted(row)))
        )
    return row[column]


def text_of(value: str | Sequence[str], preprocessing: Preprocessing) -> str:
    """The text that a value makes. Raises WorkloadError for a list that nothing says how to join."""
    if not isinstance(value, str):
        if preprocessing.join is None:
            raise WorkloadError(_("A list of words needs `join`. State in the suite what separates them."))
        value = preprocessing.join.join(value)
    if preprocessing.remove:
        value = value.replace(preprocessing.remove, "")
    return value if preprocessing.words is None else " ".join(value.split()[: preprocessing.words])


def masked(text: str, how: Masking, mask: str) -> tuple[str, str | None]:
    """The text with its mask, and the word under it without punctuation at its ends; None where the mask is added."""
    if how == "append":
        return f"{text.rstrip()} {mask}".lstrip(), None
    words = text.split()
    hidden = words.pop() if words else ""
    return " ".join([*words, mask]), hidden.strip(PUNCTUATION) or hidden or None


def picture_of(value: Any, preprocessing: Preprocessing) -> Image:
    """A decoded RGB picture out of a picture, its file, its bytes, or a mapping with `bytes` or `path`.

    Raises WorkloadError when it cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    if isinstance(value, Image.Image):
        picture = value.convert("RGB")
    else:
        try:
            with Image.open(_source(value)) as file:
                picture = file.convert("RGB")
        except (UnidentifiedImageError, OSError) as error:
            raise WorkloadError(
                _("A picture cannot be read ({name}). Fetch the data set again.").format(
                    name=type(error).__name__
                )
            ) from error
    if preprocessing.resize is not None:
        picture = picture.resize(preprocessing.resize, Image.Resampling.NEAREST)
    return picture


def _source(value: Any) -> BytesIO | Path:
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        return BytesIO(value)
    if isinstance(value, str | Path):
        return Path(value)
    raise WorkloadError(_("A row contains no picture. Use the revision of the data set that the suite pins."))


def size_of(value: Any) -> tuple[int, int]:
    """Width and height in pixels of a picture before any scaling; `value` as in `picture_of`."""
    width, height = picture_of(value, AS_IT_IS).size
    return width, height
