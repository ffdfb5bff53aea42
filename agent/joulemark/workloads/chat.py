"""A question as one turn of a model's own chat format, which lies among its pinned files."""

from __future__ import annotations

from typing import Any

from joulemark.translation import gettext as _
from joulemark.workloads.base import WorkloadError
from joulemark.workloads.recipe import Recipe

SWITCH = "enable_thinking"
"""What chat formats call the argument that says whether the model is to reason before it answers."""

SAME_DAY = "{%- macro strftime_now(format) -%}01 January 2026{%- endmacro -%}"
"""Before a format that asks for today's date: the same question is the same text on every day."""


def require_chat(tokenizer: Any, recipe: Recipe) -> None:
    """Raise WorkloadError where the model has no chat format, or one without the switch that the suite relies on."""
    if not tokenizer.chat_template:
        raise WorkloadError(
            _("{model} has no chat format among its files. Set `completion` in the suite.").format(
                model=recipe.model_name
            )
        )
    if recipe.switches_reasoning and SWITCH not in str(tokenizer.chat_template):
        raise WorkloadError(
            _(
                "The chat format of {model} has no {switch}, so its reasoning cannot be switched off. "
                "Leave the model out, or use a revision that has it."
            ).format(model=recipe.model_name, switch=SWITCH)
        )


def chat_tokens(tokenizer: Any, text: str) -> Any:
    """The tokens of `text` as the user's turn, followed by the beginning of an answer without reasoning.

    The format spells out special tokens itself, so none are added.
    """
    turn = tokenizer.apply_chat_template(
        [{"role": "user", "content": text}],
        tokenize=False,
        add_generation_prompt=True,
        chat_template=SAME_DAY + tokenizer.get_chat_template(),
        **{SWITCH: False},
    )
    return tokenizer(turn, return_tensors="pt", add_special_tokens=False)


def plain_tokens(tokenizer: Any, text: str) -> Any:
    """The tokens of the bare text, with the special ones that the tokenizer adds."""
    return tokenizer(text, return_tensors="pt")
