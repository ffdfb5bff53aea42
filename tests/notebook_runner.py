"""Runs a notebook's own cells, in order and in one namespace, as a hosted runtime would; no Jupyter is needed.

What it puts in the place of what a runtime would do, and nothing else:

* behind the cell that is tagged `parameters`, the values that the caller gives (as papermill does);
* for `%pip WORDS`, `pip --python THE-ENVIRONMENT'S WORDS`; the environment's variables make pip offline;
* for `!WORDS`, the words by a shell in the environment; unlike a runtime's, one that fails is a failure here;
* in both, `{NAME}` is the value of that variable.
"""

from __future__ import annotations

import ast
import io
import json
import os
import re
import shlex
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fresh_environment import FreshEnvironment

PARAMETERS = "parameters"
NAMED = re.compile(r"\{([A-Za-z_]\w*)\}")


@dataclass
class Executed:
    """What the cells printed, by their id, and the namespace that they left."""

    printed: dict[str, str] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)


def code_cells(notebook: Path) -> list[dict[str, Any]]:
    """The code cells of a notebook, each with its whole source as text."""
    document = json.loads(notebook.read_text(encoding="utf-8"))
    return [
        cell | {"source": "".join(cell["source"])}
        for cell in document["cells"]
        if cell["cell_type"] == "code"
    ]


def parameters_of(notebook: Path) -> dict[str, Any]:
    """The settings that the cell tagged `parameters` assigns, with their values."""
    (source,) = [
        cell["source"] for cell in code_cells(notebook) if PARAMETERS in cell["metadata"].get("tags", [])
    ]
    values: dict[str, Any] = {}
    for statement in ast.parse(source).body:
        assert isinstance(statement, ast.Assign)
        (target,) = statement.targets
        assert isinstance(target, ast.Name)
        values[target.id] = ast.literal_eval(statement.value)
    return values


def execute(notebook: Path, environment: FreshEnvironment, **parameters: Any) -> Executed:
    """Run every code cell with these parameters. Fails for one that the notebook does not have, and for any failure."""
    unknown = parameters.keys() - parameters_of(notebook).keys()
    assert not unknown, f"the notebook has no setting {unknown}"
    executed = Executed()
    with patch.dict(os.environ, environment.variables, clear=True):
        here = os.getcwd()  # noqa: PTH109 - to go back to
        os.chdir(environment.home)
        try:
            for cell in code_cells(notebook):
                executed.printed[cell["id"]] = _execute_cell(cell["source"], environment, executed.names)
                if PARAMETERS in cell["metadata"].get("tags", []):
                    executed.names |= parameters
        finally:
            os.chdir(here)
    return executed


def _execute_cell(source: str, environment: FreshEnvironment, names: dict[str, Any]) -> str:
    if source.startswith(("%", "!")):
        return "".join(_execute_line(line, environment, names) for line in source.splitlines() if line)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(source, "<cell>", "exec"), names)  # noqa: S102 - the notebook is ours
    return printed.getvalue()


def _execute_line(line: str, environment: FreshEnvironment, names: dict[str, Any]) -> str:
    words = NAMED.sub(lambda name: str(names[name[1]]), line)
    # the variables as the cells before have left them: they set the folders
    if words.startswith("%pip "):
        pip = [sys.executable, "-m", "pip", "--python", str(environment.python)]
        done = environment.run(*pip, *shlex.split(words.removeprefix("%pip ")), **os.environ)
    else:
        assert words.startswith("!"), f"this runner knows no line such as {line}"
        done = environment.run("bash", "-c", words.removeprefix("!"), **os.environ)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
