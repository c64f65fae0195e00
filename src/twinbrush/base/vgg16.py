"""The optional VGG-16 (the paper's feature network): torchvision's file, checked by hash, its convolutions kept.

Only the convolutional part is used (59 of 528 MB); it is kept as safetensors in the model cache, under names of ours
(conv1_1.weight ...), with the hash of the file it came from and one of its own numbers. Nothing is unpickled but
tensors (torch.load's weights_only).
"""

from __future__ import annotations

import hashlib
import http.client
import pickle
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

from twinbrush.base.errors import ModelFileError
from twinbrush.base.files import open_regular, output_error, write_atomically
from twinbrush.base.models import cache_folder
from twinbrush.base.progress import Progress, Step, ignore

if TYPE_CHECKING:
    from torch import Tensor

URL = "https://download.pytorch.org/models/vgg16-397923af.pth"
SHA256 = "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0"  # of that file (torchvision names it by it)
LICENCE = "BSD-3-Clause (torchvision)"
CACHED = "vgg16-features.safetensors"
REMEDY = (
    f"Run `twinbrush models fetch --vgg16` (528 MB from {URL}); offline, bring that file here and run "
    f"`twinbrush models fetch --vgg16 --from FILE`; or use the built-in extractor (student)."
)
LAYERS = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_1", "4_2", "4_3", "5_1", "5_2", "5_3")
# Index of each convolution in torchvision's `vgg16().features` (ReLUs and pools are counted there).
TORCHVISION_INDEX = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
_CHUNK = 1 << 20
_MAX_BYTES = 1 << 31  # of a file of weights
_TIMEOUT_SECONDS = 60


def cached_path() -> Path:
    """Where the converted weights lie in the model cache."""
    return cache_folder() / CACHED


def state() -> Literal["present", "missing", "corrupt"]:
    """Of the cached weights."""
    path = cached_path()
    if not path.exists():
        return "missing"
    try:
        read_converted(path)
    except ModelFileError:
        return "corrupt"
    return "present"


def fetch(source: Path | None = None, *, url: str = URL, progress: Progress = ignore) -> Path:
    """Put the weights into the model cache: from torchvision's .pth file `source`, else from the network.

    Raises ModelFileError (no network, a wrong or damaged file) and OutputError (cache not writable); then the cache is
    as before.
    """
    if source is not None:
        return _convert(source)
    with tempfile.TemporaryDirectory(prefix="twinbrush-vgg16-") as folder:
        path = Path(folder) / "vgg16.pth"
        _download(url, path, progress)
        return _convert(path, name=url)


def weights(path: Path | None = None) -> dict[str, Tensor]:
    """conv1_1.weight ... conv5_3.bias (OIHW, float32) from a file (.pth or .safetensors), else from the cache.

    A .pth file is read as it is, and not put into the cache. Raises ModelFileError.
    """
    if path is None:
        path = cached_path()
        if not path.exists():
            raise ModelFileError(f"vgg16: its weights are not in the model cache ({path}).", REMEDY)
    if path.suffix == ".safetensors":
        import torch

        return {name: torch.from_numpy(numbers) for name, numbers in read_converted(path).items()}
    return _convolutions(path, str(path))


def read_converted(path: Path) -> dict[str, Float[np.ndarray, "..."]]:
    """A .safetensors file; one of ours (it has a hash in its metadata) is checked. Raises ModelFileError."""
    from safetensors import SafetensorError, safe_open

    try:
        open_regular(path, _MAX_BYTES).close()  # no pipe, no device
        with safe_open(path, framework="np") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
            metadata: Mapping[str, str] = file.metadata() or {}
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror or error}).", REMEDY) from error
    except SafetensorError as error:
        raise ModelFileError(f"{path}: is no safetensors file ({error}).", REMEDY) from error
    if metadata.get("numbers_sha256", _digest(found)) != _digest(found):
        raise ModelFileError(f"{path}: the weights are damaged (wrong sha256).", REMEDY)
    return found


def _convert(pth: Path, name: str = "") -> Path:
    from safetensors.torch import save

    tensors = _convolutions(pth, name or str(pth))
    numbers = _digest({name: tensor.numpy() for name, tensor in tensors.items()})
    metadata = {"source": URL, "source_sha256": SHA256, "numbers_sha256": numbers, "licence": LICENCE}
    return write_atomically(cached_path(), save(tensors, metadata=metadata))


def _convolutions(pth: Path, name: str) -> dict[str, Tensor]:
    import torch

    try:
        with open_regular(pth, _MAX_BYTES) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelFileError(f"{name}: cannot be read ({error.strerror}).", REMEDY) from error
    if digest != SHA256:
        problem = f"{name}: sha256 is {digest[:12]}..., not {SHA256[:12]}...: another or a cut file."
        raise ModelFileError(problem, REMEDY)
    try:
        found = torch.load(pth, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        raise ModelFileError(f"{name}: is no file of weights ({type(error).__name__}).", REMEDY) from error
    tensors: dict[str, Tensor] = {}
    for layer, index in zip(LAYERS, TORCHVISION_INDEX, strict=True):
        for kind in ("weight", "bias"):
            key = f"features.{index}.{kind}"
            if not isinstance(found, Mapping) or key not in found:
                raise ModelFileError(f"{name}: has no tensor {key}.", REMEDY)
            tensors[f"conv{layer}.{kind}"] = found[key].float().contiguous()
    return tensors


def _digest(tensors: Mapping[str, Float[np.ndarray, "..."]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()


def _download(url: str, path: Path, progress: Progress) -> None:
    """The file at `url`, piece by piece (through the user's proxy settings)."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer, path.open("wb") as file:
            total = int(answer.headers.get("Content-Length") or 0)
            for done, piece in enumerate(_pieces(answer), start=1):
                try:  # a full disk is another mistake than a broken line
                    file.write(piece)
                except OSError as error:
                    raise output_error(path, error) from error
                size = f"{done * _CHUNK / 1e6:.0f} of {total / 1e6:.0f} MB"
                progress(Step("models", min(done * _CHUNK, total), total, f"vgg16: {size}"))
            if total and file.tell() != total:
                raise ModelFileError(f"{url}: broke off after {file.tell()} of {total} bytes.", REMEDY)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise ModelFileError(f"{url}: cannot be downloaded ({reason}).", REMEDY) from error


def _pieces(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while piece := answer.read(_CHUNK):
        yield piece
