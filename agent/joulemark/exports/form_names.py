"""The names of the forms, where nothing else is loaded for them."""

from __future__ import annotations

from typing import Literal, get_args

JsonFormName = Literal["boamps", "cyclonedx"]
YamlFormName = Literal["eval-results", "model-index"]
FormName = Literal[JsonFormName, YamlFormName]
JSON_FORMS: tuple[JsonFormName, ...] = get_args(JsonFormName)
YAML_FORMS: tuple[YamlFormName, ...] = get_args(YamlFormName)
FORM_NAMES: tuple[FormName, ...] = (*JSON_FORMS, *YAML_FORMS)
