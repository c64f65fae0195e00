"""Finished stages on disk, so that a second run resumes: frozen dataclasses <-> npz (arrays) + json (the rest).

No pickles: a type is named in the json and looked up only inside this package. A stage's file is valid when the key
stored in it equals the key asked for; keys are hashes of everything the stage depends on (see `stage_key`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import zipfile
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from twinbrush.files import write_atomically


def _encode(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(value, (np.ndarray, bytes)):
        name = f"a{len(arrays)}"
        arrays[name] = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
        return {"bytes" if isinstance(value, bytes) else "array": name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Enum):
        return _encode(value.value, arrays)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        fields = {f.name: _encode(getattr(value, f.name), arrays) for f in dataclasses.fields(value) if f.init}
        return {"type": f"{kind.__module__}:{kind.__qualname__}", "fields": fields}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, arrays) for item in value]}
    if isinstance(value, list):
        return [_encode(item, arrays) for item in value]
    if isinstance(value, dict):
        return {"dict": {str(k): _encode(v, arrays) for k, v in value.items()}}
    if isinstance(value, Path):
        return {"path": str(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"cannot store a {type(value).__name__}")


def _decode(tree: Any, arrays: Any) -> Any:
    if isinstance(tree, list):
        return [_decode(item, arrays) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        return arrays[tree["array"]]
    if "bytes" in tree:
        return arrays[tree["bytes"]].tobytes()
    if "tuple" in tree:
        return tuple(_decode(item, arrays) for item in tree["tuple"])
    if "dict" in tree:
        return {k: _decode(v, arrays) for k, v in tree["dict"].items()}
    if "path" in tree:
        return Path(tree["path"])
    module, _, name = tree["type"].partition(":")
    if module.partition(".")[0] != "twinbrush":
        raise ValueError(f"{module}:{name} is not a type of this package")
    kind = getattr(importlib.import_module(module), name)
    return kind(**{k: _decode(v, arrays) for k, v in tree["fields"].items()})


def save(path: Path, key: str, value: Any) -> None:
    """Write `value` (dataclasses, arrays, plain values, nested) whole or not at all."""
    arrays: dict[str, np.ndarray] = {}
    tree = json.dumps({"key": key, "value": _encode(value, arrays)})
    header = np.frombuffer(tree.encode(), np.uint8)
    write_atomically(path, lambda stream: np.savez(stream, allow_pickle=False, __json__=header, **arrays))


def load(path: Path, key: str) -> Any | None:
    """The stored value, or None if there is none, it has another key, or the file is damaged (then it is redone)."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            tree = json.loads(arrays["__json__"].tobytes())
            return _decode(tree["value"], arrays) if tree["key"] == key else None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, ImportError, EOFError):
        return None


@cache
def code_hash() -> str:
    """A hash of the package's own sources: changed code never resumes from old results."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.safetensors")]):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def stage_key(stage: str, *parts: Any) -> str:
    """sha256 of the stage's name, the code, and everything it depends on (configs, hashes, other stages' keys)."""
    tree = _encode(list(parts), arrays := {})
    digest = hashlib.sha256(f"{stage}\n{code_hash()}\n{json.dumps(tree, sort_keys=True)}".encode())
    for array in arrays.values():
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
