"""The data part of a PLY: tables of typed columns and lists of varying length, ASCII or binary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import no_type_check

import numpy as np
from jaxtyping import Int
from numba import njit

from twinbrush.meshes.guard import check_count, fail

Property = tuple[str, str, str]  # name, kind of its values, kind of a list's count ("" for a plain value)


@dataclass(frozen=True)
class Element:
    """One element of the header: its properties in order."""

    name: str
    count: int
    properties: tuple[Property, ...]


@dataclass(frozen=True)
class Table:
    """columns: one array a plain property (in order); lists: (length of each row's list, all values one after the
    other); rows: the rows' text (ASCII only)."""

    columns: dict[str, np.ndarray]
    lists: dict[str, tuple[np.ndarray, np.ndarray]]
    rows: tuple[bytes, ...] = ()


def read_tables(
    path: Path, data: bytes, start: int, order: str, elements: list[Element]
) -> tuple[dict[str, Table], list[int]]:
    """Every element's table, and where each one ends in `data`. Raises BadMesh."""
    tables: dict[str, Table] = {}
    ends: list[int] = []
    at = start
    for element in elements:
        check_count(path, f"of {element.name!r}", element.count, len(data) - at)
        read = _ascii if order == "" else _binary
        table, at = read(path, data, at, order, element)
        tables[element.name] = table
        ends.append(at)
    return tables, ends


def _short(path: Path, element: Element) -> None:
    fail(path, f"is cut short or damaged in its {element.name!r} data.", "Get the file again.")


def _binary(path: Path, data: bytes, at: int, order: str, element: Element) -> tuple[Table, int]:
    if any(count for _, _, count in element.properties):
        return _binary_lists(path, data, at, order, element)
    if not element.properties:
        return Table({}, {}), at
    kind = np.dtype([(name, order + value) for name, value, _ in element.properties])
    if at + kind.itemsize * element.count > len(data):
        _short(path, element)
    rows = np.frombuffer(data, kind, element.count, at)
    return Table({name: rows[name] for name in kind.names or ()}, {}), at + rows.nbytes


def _binary_lists(path: Path, data: bytes, at: int, order: str, element: Element) -> tuple[Table, int]:
    """Rows of varying length: found one after the other (compiled), then gathered property by property."""
    raw = np.frombuffer(data, np.uint8)
    width = np.array([np.dtype(value).itemsize for _, value, _ in element.properties])
    count_width = np.array([np.dtype(count).itemsize if count else 0 for _, _, count in element.properties])
    if any(count and count[0] == "f" for _, _, count in element.properties):
        fail(path, "has lists whose length is a fraction.")
    offsets = np.zeros((element.count, len(width)), np.int64)
    lengths = np.zeros((element.count, len(width)), np.int64)
    end = int(_walk(raw, at, width, count_width, order == ">", offsets, lengths))
    if end < 0:
        _short(path, element)
    columns: dict[str, np.ndarray] = {}
    lists: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for k, (name, value, count) in enumerate(element.properties):
        gathered = _gathered(raw, offsets[:, k], lengths[:, k] * width[k]).view(order + value)
        if count:
            lists[name] = (lengths[:, k].copy(), gathered)
        else:
            columns[name] = gathered
    return Table(columns, lists), end


@njit(cache=True, nogil=True)
@no_type_check
def _walk(raw, at, width, count_width, big, offsets, lengths):
    """Where each value or list of each row begins and how many values it has; -1 when the data ends early."""
    for row in range(offsets.shape[0]):
        for k in range(width.shape[0]):
            count = 1
            if count_width[k] > 0:
                if at + count_width[k] > raw.shape[0]:
                    return -1
                count = 0
                for byte in range(count_width[k]):
                    shift = count_width[k] - 1 - byte if big else byte
                    count |= np.int64(raw[at + byte]) << (8 * shift)
                at += count_width[k]
            offsets[row, k] = at
            lengths[row, k] = count
            if count < 0 or count * width[k] > raw.shape[0] - at:
                return -1
            at += count * width[k]
    return at


def _gathered(raw: np.ndarray, offsets: Int[np.ndarray, "n"], sizes: Int[np.ndarray, "n"]) -> np.ndarray:
    """The bytes of all pieces, one after the other."""
    out = np.empty(int(sizes.sum()), np.uint8)
    _copy(raw, offsets, sizes, out)
    return out


@njit(cache=True, nogil=True)
@no_type_check
def _copy(raw, offsets, sizes, out):
    at = 0
    for piece in range(offsets.shape[0]):
        for byte in range(sizes[piece]):
            out[at] = raw[offsets[piece] + byte]
            at += 1


def _ascii(path: Path, data: bytes, at: int, order: str, element: Element) -> tuple[Table, int]:
    """One row a line (comments are not allowed in the data; empty lines are skipped)."""
    rows: list[bytes] = []
    while len(rows) < element.count:
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        if at >= len(data):
            _short(path, element)
        row = data[at:end].strip()
        at = end + 1
        if row:
            rows.append(row)
    words = [row.split() for row in rows]
    columns: dict[str, np.ndarray] = {}
    lists: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    place = np.zeros(len(words), np.int64)
    try:
        for name, value, count in element.properties:
            if not count:
                picked = [w[p] for w, p in zip(words, place.tolist(), strict=True)]
                columns[name] = _parsed(picked, value)
                place += 1
                continue
            sizes = np.array([int(w[p]) for w, p in zip(words, place.tolist(), strict=True)], np.int64)
            ends = zip(words, place.tolist(), sizes.tolist(), strict=True)
            flat = [x for w, p, n in ends for x in w[p + 1 : p + 1 + n]]
            if len(flat) != sizes.sum() or (sizes < 0).any():
                raise IndexError
            lists[name] = (sizes, _parsed(flat, value))
            place += 1 + sizes
    except (IndexError, ValueError, OverflowError):
        _short(path, element)
    return Table(columns, lists, tuple(rows)), min(at, len(data))


def _parsed(words: list[bytes], kind: str) -> np.ndarray:
    """Text -> float64, or int64 that fits the declared kind."""
    if kind[0] == "f":
        return np.array(words, dtype="S").astype(np.float64)
    values = np.array(words, dtype="S").astype(np.int64)
    limits = np.iinfo(kind)
    if len(values) and (values.min() < limits.min or values.max() > limits.max):
        raise ValueError(kind)
    return values.astype(kind)


def table_bytes(table: Table, order: str, changed: dict[str, np.ndarray], added: dict[str, np.ndarray]) -> bytes:
    """A table without lists, with some columns changed and some new ones at the end of each row."""
    if order == "":
        return _text(table, changed, added)
    kinds = [(name, column.dtype) for name, column in table.columns.items()]
    kinds += [(name, np.dtype(order + column.dtype.str[1:])) for name, column in added.items()]
    rows = np.empty(len(next(iter(table.columns.values()))), kinds)
    for name, column in {**table.columns, **changed, **added}.items():
        rows[name] = column
    return rows.tobytes()


def _text(table: Table, changed: dict[str, np.ndarray], added: dict[str, np.ndarray]) -> bytes:
    """Rows of text: words whose value stays are kept as they are."""
    place = {name: k for k, name in enumerate(table.columns)}
    differs = {name: values != table.columns[name] for name, values in changed.items()}
    lines: list[bytes] = []
    for number, row in enumerate(table.rows):
        words = row.split()
        for name, different in differs.items():
            if different[number]:
                words[place[name]] = _word(changed[name][number])
        lines.append(b" ".join([*words, *(_word(column[number]) for column in added.values())]))
    return b"\n".join(lines) + b"\n"


def _word(value: np.generic) -> bytes:
    return b"%d" % int(value) if np.issubdtype(value.dtype, np.integer) else b"%.9g" % float(value)
