"""manifest.json: what went in, with which options, what came out, and how well.

The same inputs and options on the same machine give the same bytes for every file of a run; the manifest differs
between two such runs only in its last section, "volatile" (timings, machine, date). Everything above it is
deterministic: compare manifests without that section.
"""

from __future__ import annotations

import dataclasses
import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from twinbrush import __version__
from twinbrush.files import write_atomically
from twinbrush.printable import printable

SCHEMA = 1
COLOUR_SPACE = "sRGB"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# Packages whose version can change the result.
DEPENDENCIES = (
    "ai-edge-litert", "cholespy", "numba", "numpy", "opencv-python-headless", "Pillow", "scikit-image", "scipy",
    "torch", "trimesh",
)


@dataclass(frozen=True)
class InputFile:
    """An input by its name (without folder: where it lay does not matter, and is nobody's business) and content."""

    name: str
    sha256: str
    width: int
    height: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MeshFile:
    """A mesh given as input: name without folder, content, size, and what was mended or left out of it."""

    name: str
    sha256: str
    vertices: int
    triangles: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class UsedModel:
    """A model that was used, with the licence under which its authors give it out."""

    name: str
    sha256: str
    licence: str
    source: str


@dataclass(frozen=True)
class Manifest:
    """inputs: by role ("photo", "style", "photo mask"...). parameters: the Config (a dataclass) as it was used.
    engine: which painter ran; extractor: the network it saw with ("": none); weights: the sha256 of that network's
    weights, None when it needs none; compute: on which device and how precisely.
    metrics: numbers or groups of numbers. bust: the printable solid's measures (None: none was asked for).
    artefacts: {file name: sha256} of the files of this run. timings: one value (a dataclass or a mapping) a stage, with
    its cpu and wall seconds. machine: see `this_machine`; created: ISO 8601, UTC."""

    inputs: Mapping[str, InputFile | MeshFile]
    parameters: object
    engine: str
    weights: str | None = None
    extractor: str = ""
    compute: str = ""
    metrics: Mapping[str, object] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    bust: object = None
    models: Sequence[UsedModel] = ()
    artefacts: Mapping[str, str] = field(default_factory=dict)
    timings: Sequence[object] = ()
    machine: Mapping[str, object] = field(default_factory=dict)
    created: str | None = None


def manifest_bytes(manifest: Manifest) -> bytes:
    """JSON in UTF-8, keys sorted within each section. Numbers that are not finite become null and are listed by their
    place under "not_finite" (JSON knows no NaN)."""
    not_finite: list[str] = []

    def plain(value: object, place: str) -> Any:
        return _plain(value, place, not_finite)

    document: dict[str, Any] = {
        "schema": SCHEMA,
        "program": {"name": "twinbrush", "version": __version__, "dependencies": dependency_versions()},
        "colour_space": COLOUR_SPACE,
        "inputs": plain(dict(manifest.inputs), "inputs"),
        "parameters": plain(manifest.parameters, "parameters"),
        "engine": {
            "name": manifest.engine, "extractor": manifest.extractor or None, "weights_sha256": manifest.weights,
            "compute": manifest.compute or None,
        },
        "models": plain(sorted(manifest.models, key=lambda model: model.name), "models"),
        "metrics": plain(dict(manifest.metrics), "metrics"),
        "warnings": plain(list(manifest.warnings), "warnings"),
        "bust": plain(manifest.bust, "bust"),
        "artefacts": dict(sorted(manifest.artefacts.items())),
    }
    volatile = {
        "created": manifest.created,
        "machine": plain(dict(manifest.machine), "machine"),
        "timings": plain(list(manifest.timings), "timings"),
    }
    document |= {"not_finite": not_finite, "volatile": volatile}
    return (json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()


def write_manifest(manifest: Manifest, path: Path | str) -> Path:
    """Write `manifest_bytes` to `path`, whole or not at all. Raises OutputError."""
    return write_atomically(path, manifest_bytes(manifest))


def dependency_versions() -> dict[str, str | None]:
    """{package: installed version or None} of what can change the result."""
    versions: dict[str, str | None] = {}
    for name in DEPENDENCIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def this_machine() -> dict[str, object]:
    """What timings depend on: system, processor kind, Python; no names of hosts or users."""
    import os

    return {
        "system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count(),
        "python": platform.python_version(),
        # sums in threads differ in their last digits: the command line sets one thread each, Python code may not
        "threads": {name: os.environ.get(name) for name in THREAD_VARIABLES},
    }


def _plain(value: object, place: str, not_finite: list[str]) -> Any:
    """Dataclasses, mappings, sequences, paths, enums and numpy numbers as JSON's own kinds, mappings sorted by key."""
    if isinstance(value, Enum | Path):
        return printable(value.name)
    if isinstance(value, str):
        return printable(value, keep="\n\t")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        not_finite.append(place)
        return None
    if value is None or isinstance(value, bool | int | float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {printable(str(key)): _plain(value[key], f"{place}.{key}", not_finite) for key in sorted(value, key=str)}
    if isinstance(value, Sequence | np.ndarray | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        return [_plain(item, f"{place}[{i}]", not_finite) for i, item in enumerate(items)]
    raise TypeError(f"{place}: {type(value).__name__} has no place in a manifest")
