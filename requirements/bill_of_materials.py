"""Bills of materials (CycloneDX) of the platform and of the agent: `make sbom`.

cyclonedx-py reads versions and digests out of the lock; each library's licence comes from the metadata that it was
installed with. A library that is not installed here (another Python or processor needs it) is listed without one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "sbom"
PARTS = {"platform": "pyproject.toml", "agent": "agent/pyproject.toml"}
CLASSIFIER = "License :: "


def main() -> None:
    """Write a file for each part and print where it is."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for part, project in PARTS.items():
        bill = read_lock(ROOT / "requirements" / f"{part}.txt", ROOT / project)
        for component in bill["components"]:
            component.pop("description", None)
            if licences := licences_of(component["name"]):
                component["licenses"] = licences
        file = FOLDER / f"{part}.cdx.json"
        file.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n")
        named = sum("licenses" in component for component in bill["components"])
        print(f"{file.relative_to(ROOT)}: {len(bill['components'])} libraries, {named} with a licence")


def read_lock(lock: Path, project: Path) -> dict[str, Any]:
    """What cyclonedx-py makes of a lock; `project` describes what is made of those libraries."""
    words = ["requirements", str(lock), "--pyproject", str(project), "--output-reproducible"]
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    bill: dict[str, Any] = json.loads(done.stdout)
    return bill


def licences_of(name: str) -> list[dict[str, Any]]:
    """The licences of an installed library as CycloneDX has them; empty where it is not installed or names none."""
    try:
        described = metadata(name).json
    except PackageNotFoundError:
        return []
    if expression := described.get("license_expression"):
        return [{"expression": expression}]
    classifiers = described.get("classifier", [])
    names = [line.rsplit(" :: ", 1)[-1] for line in classifiers if line.startswith(CLASSIFIER)]
    if not names and (text := described.get("license")):
        names = [str(text).splitlines()[0][:200]]
    return [{"license": {"name": each}} for each in names]


if __name__ == "__main__":
    main()
