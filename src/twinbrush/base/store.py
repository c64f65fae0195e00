"""Finished stages on disk, so that a second run resumes: frozen dataclasses <-> npz (arrays) + json (the rest).

No pickles, and nothing in a file is ever called or imported: who loads a value names its dataclass, and the annotations
of its fields say what may stand there (stored_types.py). A stage's file is valid when the key stored in it equals the
key asked for; keys are hashes of everything the stage depends on (see `stage_key`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np

from twinbrush.base import stored_types
from twinbrush.base.files import open_regular, write_atomically

T = TypeVar("T")
MEASURING = ("evaluate/", "study/", "app/reproduce/", "app/evidence.py")
"""What makes no results: no engine's room may import from there (tests/test_architecture.py)."""
MAX_BYTES = 1 << 34  # of one stage: 64 views of 2048 pixels a side need 9 GB
_CHUNK = 1 << 22  # bytes read at a time: no second copy of an array in memory
# What reading a damaged or hostile file raises, in zipfile, numpy's header, json and stored_types.
_DAMAGE = (OSError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, EOFError, MemoryError,
           SyntaxError, zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError)
# Of these, the system's complaints that tell of the file; of others (too many open files, a cable pulled) it is free.
_OF_THE_FILE = (errno.EINVAL, errno.EISDIR, errno.EFBIG, errno.ELOOP)


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
        fields = {f.name: _encode(getattr(value, f.name), arrays) for f in dataclasses.fields(value) if f.init}
        return {"type": type(value).__qualname__, "fields": fields}
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


def save(path: Path, key: str, value: Any) -> None:
    """Write `value` (dataclasses, arrays, plain values, nested) whole or not at all."""
    arrays: dict[str, np.ndarray] = {}
    tree = json.dumps({"key": key, "value": _encode(value, arrays)})
    header = np.frombuffer(tree.encode(), np.uint8)
    write_atomically(path, lambda stream: np.savez(stream, allow_pickle=False, __json__=header, **arrays))


def load(path: Path, key: str, *kinds: type[T]) -> T | None:
    """The stored value of the dataclass that is expected (or of one of several), or None: there is none, it has
    another key, or the file is damaged or holds anything else, or cannot be read just now. A bad file goes away: the
    value is made anew."""
    opened: os.stat_result | None = None
    try:
        with open_regular(path, MAX_BYTES) as stream:
            opened = os.fstat(stream.fileno())
            tree, arrays = _unpacked(stream)
            if tree["key"] != key:
                return None
            return stored_types.one_of(tree["value"], arrays, kinds)
    except FileNotFoundError:
        return None
    except _DAMAGE as error:
        passing = isinstance(error, OSError) and error.errno not in _OF_THE_FILE
        if not passing and not isinstance(error, MemoryError):
            _throw_away(path, opened)
        return None


def _throw_away(path: Path, opened: os.stat_result | None) -> None:
    """Remove a bad file, unless another process has meanwhile put a new one in its place. opened: what was read."""
    with contextlib.suppress(OSError):
        if opened is None or os.path.samestat(opened, path.stat()):
            path.unlink()


def _unpacked(stream: BinaryIO) -> tuple[Any, stored_types.Arrays]:
    """The json part and the arrays of an open file. Raises what `_DAMAGE` lists."""
    archive = zipfile.ZipFile(stream)
    members = {info.filename: info for info in archive.infolist()}
    stored = all(info.compress_type == zipfile.ZIP_STORED and info.flag_bits & 1 == 0 for info in members.values())
    # As `save` writes them: nothing is packed, so no member can be larger than the file that holds it.
    if not stored or sum(info.file_size for info in archive.infolist()) > os.fstat(stream.fileno()).st_size:
        raise ValueError("not packed as the store packs")

    def read(name: str) -> np.ndarray:
        return _array(archive, members[f"{name}.npy"])

    return json.loads(read("__json__").tobytes()), read


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """An array of plain numbers, never larger than the member it stands in. Raises ValueError."""
    with archive.open(info) as member:
        if np.lib.format.read_magic(member) != (1, 0):
            raise ValueError("not a version of npy that the store writes")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
        count = math.prod(shape)
        plain = dtype.kind in "biuf" and dtype.isnative
        if not plain or count * dtype.itemsize != info.file_size - member.tell():
            raise ValueError("not the array that its header tells of")
        flat = np.empty(count, dtype)
        room = flat.view(np.uint8)
        for at in range(0, len(room), _CHUNK):
            part = member.read(min(_CHUNK, len(room) - at))
            room[at : at + len(part)] = np.frombuffer(part, np.uint8)
    return flat.reshape(shape[::-1]).transpose() if fortran else flat.reshape(shape)


@cache
def code_hash() -> str:
    """A hash of the package's own sources but for MEASURING: changed code never resumes from old results, and a new
    metric doesn't ask for results to be made anew."""
    return _sources_hash(lambda name: not name.startswith(MEASURING))


@cache
def measuring_hash() -> str:
    """A hash of the sources that only measure results: changed code never hands on old numbers."""
    return _sources_hash(lambda name: name.startswith(MEASURING))


def _sources_hash(chosen: Callable[[str], bool]) -> str:
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.safetensors"), *root.rglob("*.onnx")]):
        name = path.relative_to(root).as_posix()
        if chosen(name):
            digest.update(name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def stage_key(stage: str, *parts: Any) -> str:
    """sha256 of the stage's name, the code, and everything it depends on (configs, hashes, other stages' keys)."""
    tree = _encode(list(parts), arrays := {})
    digest = hashlib.sha256(f"{stage}\n{code_hash()}\n{json.dumps(tree, sort_keys=True)}".encode())
    for array in arrays.values():
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
