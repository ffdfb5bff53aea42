"""The names of the forms, where nothing else is loaded for them."""

from __future__ import annotations

from typing import Literal, get_args

FormName = Literal["boamps", "cyclonedx", "eval-results", "model-index"]
FORM_NAMES: tuple[FormName, ...] = get_args(FormName)
