"""MTL: the materials of an OBJ, read and written back with only the colour replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from twinbrush.base.files import read_file
from twinbrush.meshes.guard import beside
from twinbrush.meshes.pictures import Picture, read_texture
from twinbrush.meshes.values import Material

DEFAULT_NAME = "default"
_MAPS = ("map_", "bump", "disp", "decal", "norm", "refl")
_LARGEST = 1 << 24  # bytes of an MTL
# How many arguments each option of a map_ statement takes (MTL specification, Alias|Wavefront).
_OPTIONS = {
    "-blendu": 1, "-blendv": 1, "-cc": 1, "-clamp": 1, "-texres": 1, "-bm": 1, "-boost": 1, "-imfchan": 1, "-type": 1,
    "-mm": 2, "-o": 3, "-s": 3, "-t": 3,
}


@dataclass
class _Entry:
    """One material as its lines say it."""

    name: str
    kd: tuple[float, float, float] | None = None
    picture: str | None = None
    named: list[tuple[str, str]] = field(default_factory=list)  # statement and file of every map


@dataclass
class MaterialLibrary:
    """All MTL files of an OBJ: `text` (their bytes, joined), found materials, and what went wrong."""

    text: bytes = b""
    materials: dict[str, Material] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def read_libraries(model: Path, names: list[str]) -> MaterialLibrary:
    """The MTL files an OBJ names. Missing ones are a warning. Raises BadMesh for names that leave the folder."""
    library = MaterialLibrary()
    pictures: dict[Path, Picture | str] = {}
    for name in dict.fromkeys(names):
        path, warning = beside(model, name)
        if warning:
            library.warnings.append(f"{model.name} {warning}")
        if path is None:
            library.warnings.append(f"{model.name}: its material file {name!r} is not there; its colours are unknown.")
            continue
        try:
            text = read_file(path, _LARGEST)
        except OSError as error:
            library.warnings.append(f"{model.name}: its material file {name!r} was not read ({error.strerror}).")
            continue
        library.text += text.rstrip(b"\r\n") + b"\n"
        for entry in _entries(text):
            found = _material(model, entry, pictures, library.warnings)  # also of a name that is taken: its files count
            if entry.name:
                library.materials.setdefault(entry.name, found)
    return library


def texture_name(arguments: str) -> str:
    """The file name of a map_ statement: what is left after its options (it may have spaces)."""
    words = arguments.split()
    while words and words[0] in _OPTIONS:
        option, words = words[0], words[1:]
        for _ in range(_OPTIONS[option]):
            # -o, -s and -t take one to three numbers
            if words and not (_OPTIONS[option] == 3 and not _is_number(words[0])):
                words = words[1:]
    return " ".join(words)


def _statements(text: bytes) -> Iterator[tuple[bytes, str, str]]:
    """Each line, its keyword, and the rest: cut in the same way for reading and for writing back."""
    for line in text.splitlines():
        keyword, _, rest = line.strip().decode("utf-8", "replace").partition(" ")
        yield line, keyword.strip(), rest.strip()


def _entries(text: bytes) -> list[_Entry]:
    """The materials; what stands before the first one is an entry without a name."""
    entries = [_Entry("")]
    for _, keyword, rest in _statements(text):
        low = keyword.lower()
        if low == "newmtl":
            entries.append(_Entry(rest or DEFAULT_NAME))
        elif low == "kd":
            numbers = [float(w) for w in rest.split()[:3] if _is_number(w)]
            if len(numbers) == 3 and np.isfinite(numbers).all():
                r, g, b = (min(max(v, 0.0), 1.0) for v in numbers)
                entries[-1].kd = (r, g, b)
        elif low.startswith(_MAPS) and (name := texture_name(rest)):
            if low == "map_kd":
                entries[-1].picture = name
            entries[-1].named.append((low, name))
    return entries


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _material(
    model: Path, entry: _Entry, pictures: dict[Path, Picture | str], warnings: list[str]
) -> Material:
    # With a picture Kd is not used: exporters write their default 0.8 beside it, and viewers ignore it.
    for statement, other in entry.named:
        if beside(model, other)[0] is None and statement != "map_kd":
            warnings.append(f"{model.name}: the file {other!r} of material {entry.name!r} is not there.")
    plain = Material(entry.name, entry.kd if entry.kd is not None else (0.8, 0.8, 0.8))
    if not entry.picture:
        return plain
    path, warning = beside(model, entry.picture)
    if warning:
        warnings.append(f"{model.name}: material {entry.name!r} {warning}")
    if path is None:
        warnings.append(f"{model.name}: the texture {entry.picture!r} of material {entry.name!r} is not there.")
        return plain
    picture = pictures.setdefault(path, read_texture(path)) if path not in pictures else pictures[path]
    if isinstance(picture, str):
        warnings.append(f"{model.name}: {picture}")
        return plain
    warnings += [f"{model.name}: {note}" for note in picture.notes]
    return Material(entry.name, (1.0, 1.0, 1.0), picture.rgb, picture.alpha, str(path))


def rewritten(
    text: bytes, pictures: dict[str, str], uv_changed: set[str], reserved: set[str]
) -> tuple[bytes, dict[str, str], list[str]]:
    """The MTL with each material's colour replaced: (bytes, other files it names -> names of their copies, warnings).

    pictures: the new picture of each painted material. uv_changed: materials whose other maps no longer fit; they are
    left out with a warning. reserved: names of other results, which no copy may take. Materials without lines of their
    own are added at the end.
    """
    out: list[bytes] = []
    others: dict[str, str] = {}
    taken = {name.lower() for name in (*pictures.values(), *reserved)}
    dropped: list[str] = []
    seen: set[str] = set()
    current = ""
    for line, keyword, rest in _statements(text):
        low = keyword.lower()
        if low == "newmtl":
            current = rest or DEFAULT_NAME
            out.append(line)
            if current in pictures and current not in seen:
                out += _colour_lines(pictures[current])
            seen.add(current)
        elif current in pictures and low in ("kd", "map_kd", "map_ka"):
            continue
        elif low.startswith(_MAPS) and (name := texture_name(rest)):
            if current in uv_changed and low != "refl":
                dropped.append(f"material {current!r}: {low} is left out, its texture coordinates are new.")
                continue
            others[name] = others[name] if name in others else _free_name(name, taken)
            out.append(f"{keyword} {rest.removesuffix(name)}{others[name]}".encode())
        else:
            out.append(line)
    for name in pictures:
        if name not in seen:
            out += [b"newmtl " + name.encode(), *_colour_lines(pictures[name])]
    return b"\n".join(out) + b"\n", others, dropped


def _free_name(name: str, taken: set[str]) -> str:
    """A name for a copy of the file `name` that nothing has yet; it is taken then."""
    copy = name.replace("\\", "/").rpartition("/")[2].replace(" ", "_")
    while copy.lower() in taken or copy.startswith("."):
        copy = f"map_{copy}"
    taken.add(copy.lower())
    return copy


def _colour_lines(picture: str) -> list[bytes]:
    return [b"Kd 1 1 1", b"map_Kd " + picture.encode()]
