"""SmolLM2's GGUF file, turned once into a folder that transformers reads fast.

The folder is named by the GGUF file's digest and by the version of the conversion. It is written under another name and
then renamed, so that it is either whole or not there; what was written is digested and checked at every use.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from transformers import AutoConfig, AutoModelForCausalLM

from joulemark.errors import StorageError
from joulemark.translation import gettext as _
from joulemark.workloads.base import WorkloadError
from joulemark.workloads.pretrained import open_pretrained, open_tokenizer
from joulemark.workloads.weights import file_sha256

CONVERSION = "v1"
WEIGHTS = "model.safetensors"
DIGEST = "model.sha256"


def converted(gguf: Path, *, digest: str, cache_dir: Path) -> Path:
    """The folder with the model in float32 and its tokenizer; made if need be, which takes about 540 MB and 30 seconds.

    `digest` is the SHA-256 of `gguf`. Raises StorageError when the folder cannot be written, and WorkloadError when it
    is damaged or the file cannot be read as a model.
    """
    folder = cache_dir / "models" / f"{digest}-{CONVERSION}"
    if not folder.exists():
        try:
            _convert(gguf, folder)
        except OSError as error:
            if error.errno is None:  # how transformers words what it cannot read
                raise WorkloadError(
                    _("{name} cannot be converted ({error}). Reinstall its package.").format(
                        name=gguf.name, error=error
                    )
                ) from error
            raise StorageError(
                _(
                    "The converted model could not be written to {parent}: {why}. Free 600 MB there, "
                    "or set XDG_CACHE_HOME to another folder."
                ).format(parent=folder.parent, why=error.strerror)
            ) from error
    if not _intact(folder):
        raise WorkloadError(
            _(
                "The converted model in {folder} is damaged. Delete that folder, and the model is "
                "converted again."
            ).format(folder=folder)
        )
    return folder


def _intact(folder: Path) -> bool:
    weights, digest = folder / WEIGHTS, folder / DIGEST
    return weights.is_file() and digest.is_file() and digest.read_text() == file_sha256(weights)


def _convert(gguf: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".converting-", dir=folder.parent))
    try:
        _write(gguf, making)
        making.replace(folder)
    except OSError:
        if not folder.exists():  # else another process was first, and its folder is as good as ours
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _write(gguf: Path, folder: Path) -> None:
    """Dequantize into a plain model: transformers refuses to save one that remembers that it was quantized."""
    open_tokenizer(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
    quantized = open_pretrained(AutoModelForCausalLM, gguf.parent, "cpu", gguf_file=gguf.name)
    settings = quantized.config.to_dict()
    settings.pop("quantization_config")
    plain = AutoModelForCausalLM.from_config(AutoConfig.for_model(**settings))
    plain.load_state_dict(quantized.state_dict())
    plain.generation_config = quantized.generation_config
    plain.save_pretrained(folder)
    (folder / DIGEST).write_text(file_sha256(folder / WEIGHTS))
