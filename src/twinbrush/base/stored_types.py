"""Kept values as their types say: what may stand at a place is decided by the annotation there, never by the file.

A reader names the dataclass it expects (or a union of dataclasses). From there on every field's annotation says what is
taken: names in the file pick among the members of a union, and nothing is imported or called because a file names it.
Array annotations are jaxtyping's and are checked with their shapes and dtypes, one scope of dimensions a dataclass.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints, runtime_checkable

import numpy as np
from jaxtyping import AbstractArray, jaxtyped

Arrays = Callable[[str], np.ndarray]  # name in the file -> the array
_MAX_INTEGER = 2**63  # whole numbers in files are 64-bit ones: a longer one costs time and means nothing


class Misfit(ValueError):
    """A value in a file that is not what its place asks for."""


@runtime_checkable
class Sound(Protocol):
    """A dataclass that can tell more of its values than their types: indices that name what is there."""

    def check_sound(self) -> None:
        """Raises ValueError."""


class Unstorable(Exception):
    """An annotation that this page cannot check: a fault of ours, not of a file."""


def decode(tree: Any, arrays: Arrays, kind: Any) -> Any:
    """The value of the annotation `kind` that `tree` (as `store.save` writes it) stands for. Raises Misfit (and
    KeyError for an array that is not there); Unstorable for an annotation of ours that cannot be checked."""
    origin, members = get_origin(kind), get_args(kind)
    if origin in _COMPOSED:
        return _COMPOSED[origin](tree, arrays, members)
    if kind in _PLAIN:
        return _PLAIN[kind](tree)
    if kind is bytes:
        return arrays(_tagged(tree, "bytes", str)).tobytes()
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(tree, arrays, kind)
    if isinstance(kind, type) and issubclass(kind, AbstractArray):
        array = arrays(_tagged(tree, "array", str))
        return _if(isinstance(array, kind), array, kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(_if(tree in [member.value for member in kind], tree, kind))
    raise Unstorable(f"{kind}: nothing of this kind is stored")


def _dataclass(tree: Any, arrays: Arrays, kind: type) -> Any:
    """An instance of exactly `kind`, each of its fields as annotated, dimensions the same all over it."""
    if not isinstance(tree, dict) or tree.get("type") != kind.__qualname__:
        raise Misfit(f"expected a {kind.__qualname__}")
    fields, hints = tree.get("fields"), _hints(kind)
    if not isinstance(fields, dict) or fields.keys() != hints.keys():
        raise Misfit(f"other fields than those of {kind.__qualname__}")
    with jaxtyped("context"):
        value = kind(**{name: decode(fields[name], arrays, hint) for name, hint in hints.items()})
    if isinstance(value, Sound):
        value.check_sound()
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    """{field: its annotation} of all that the constructor takes."""
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in dataclasses.fields(kind) if item.init}


def one_of(tree: Any, arrays: Arrays, members: tuple[Any, ...]) -> Any:
    """The value of the first of several annotations that fits. Raises as `decode`."""
    for member in members:
        try:
            return decode(tree, arrays, member)
        except Misfit:
            continue
    raise Misfit("none of the kinds that may stand here")


def _tuple(tree: Any, arrays: Arrays, items: tuple[Any, ...]) -> tuple[Any, ...]:
    parts = _tagged(tree, "tuple", list)
    if len(items) == 2 and items[1] is ...:
        items = (items[0],) * len(parts)
    if len(parts) != len(items):
        raise Misfit(f"{len(parts)} instead of {len(items)} values")
    return tuple(decode(part, arrays, item) for part, item in zip(parts, items, strict=True))


def _list(tree: Any, arrays: Arrays, items: tuple[Any, ...]) -> list[Any]:
    return [decode(part, arrays, items[0]) for part in _if(isinstance(tree, list), tree, "a list")]


def _dict(tree: Any, arrays: Arrays, items: tuple[Any, ...]) -> dict[str, Any]:
    _if(items[0] is str, tree, "names as keys")
    return {name: decode(part, arrays, items[1]) for name, part in _tagged(tree, "dict", dict).items()}


def _literal(tree: Any, arrays: Arrays, members: tuple[Any, ...]) -> Any:
    del arrays
    return _if(any(type(tree) is type(member) and tree == member for member in members), tree, members)


_COMPOSED: dict[Any, Callable[[Any, Arrays, tuple[Any, ...]], Any]] = {
    Union: one_of, types.UnionType: one_of, Literal: _literal, tuple: _tuple, list: _list, dict: _dict,
}  # fmt: skip


def _tagged(tree: Any, tag: str, kind: type) -> Any:
    """What a marked place holds: {"tuple": [...]}, {"dict": {...}}, {"array": name}, {"path": text}..."""
    if not isinstance(tree, dict) or tree.keys() != {tag} or not isinstance(tree[tag], kind):
        raise Misfit(f"expected a {tag}")
    return tree[tag]


def _if(fits: bool, value: Any, kind: Any) -> Any:
    if not fits:
        raise Misfit(f"expected {kind}")
    return value


def _text(tree: Any) -> str:
    return _if(isinstance(tree, str), tree, "text")


def _whole(tree: Any) -> int:
    return _if(type(tree) is int and abs(tree) < _MAX_INTEGER, tree, "a whole number")


def _real(tree: Any) -> float:
    return tree if type(tree) is float else _whole(tree)


_PLAIN: dict[Any, Callable[[Any], Any]] = {
    str: _text,
    int: _whole,
    float: _real,
    bool: lambda tree: _if(isinstance(tree, bool), tree, "yes or no"),
    types.NoneType: lambda tree: _if(tree is None, None, "nothing"),
    Path: lambda tree: Path(_tagged(tree, "path", str)),
}
