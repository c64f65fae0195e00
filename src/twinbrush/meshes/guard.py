"""The door: which files are opened at all, how large they may be, and what a mesh file may name beside itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote

from twinbrush.base.errors import BadMesh
from twinbrush.base.files import NotRegular, open_regular, read_file
from twinbrush.meshes.values import Format

MAX_BYTES = 1 << 30
MAX_CORNERS = 24_000_000  # eight million triangles: about what 16 GB of memory can take through the whole program
EXTENSIONS: dict[str, Format] = {".obj": "obj", ".ply": "ply", ".stl": "stl", ".glb": "glb", ".gltf": "gltf"}
# Meshes of other programs: told what to export instead, not that they are no pictures.
_OTHERS = (".3ds", ".3mf", ".abc", ".blend", ".c4d", ".dae", ".fbx", ".ma", ".max", ".mb", ".off", ".step", ".stp",
           ".usd", ".usda", ".usdc", ".usdz", ".vrm", ".wrl", ".x3d", ".zpr")
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")
LONGEST_NAME = 255  # bytes of a file name
_URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")  # two letters or more: "C:" is a drive
_OBJ_LINE = re.compile(rb"^[ \t]*(?:v[ \t]+[-+.\d]|f[ \t]+-?\d)", re.MULTILINE)


def fail(path: Path | str, problem: str, remedy: str = "Export the mesh again.") -> NoReturn:
    """Raise BadMesh about the file `path`."""
    raise BadMesh(f"{path}: {problem}", remedy)


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises BadMesh for what is no readable, ordinary, non-empty file of at most MAX_BYTES."""
    try:
        data = read_file(path, MAX_BYTES)
    except FileNotFoundError as error:
        raise BadMesh(f"{path}: there is no such file.", "Check the path.") from error
    except IsADirectoryError as error:
        raise BadMesh(f"{path}: is a folder.", "Name a mesh file in it.") from error
    except PermissionError as error:
        raise BadMesh(f"{path}: may not be read (permission denied).", "Change its permissions.") from error
    except NotRegular as error:
        raise BadMesh(f"{path}: {error.strerror}.", "Name a mesh file; reduce large ones first: nothing is decimated"
                                                    " here.") from error
    except OSError as error:
        raise BadMesh(f"{path}: cannot be read ({error}).", "Check the path.") from error
    if not data:
        fail(path, "the file is empty.", "Export the mesh again.")
    return data


def check_count(path: Path | str, what: str, count: int, available: int) -> None:
    """Refuse a count the file declares before anything is allocated: negative, or more than its bytes can hold."""
    if count < 0 or count > available:
        fail(path, f"declares {count} {what}, but the file can hold at most {max(available, 0)}: cut short or damaged.",
             "Get the file again.")
    check_size(path, what, count)


def check_size(path: Path | str, what: str, count: int) -> None:
    """Refuse more than the program can carry."""
    if count > MAX_CORNERS:
        fail(path, f"has {count} {what}; {MAX_CORNERS} are the most.",
             "Reduce the mesh first; it is never decimated here.")


def sniff(data: bytes, path: Path) -> Format:
    """The format by content, whatever the file is called. Raises BadMesh."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data[:4] == b"glTF":
        return "glb"
    if head[:3] == b"ply" and head[3:4] in (b"\n", b"\r", b" "):
        return "ply"
    if head[:1] == b"{":
        return "gltf"
    count = int.from_bytes(data[80:84], "little")
    if len(data) >= 84 and len(data) == 84 + 50 * count:
        return "stl"
    if head[:5].lower() == b"solid" and re.search(rb"\bfacet\b|\bendsolid\b", data[:65536]):
        return "stl"
    if any(data.startswith(magic) for magic in _PICTURES):
        fail(path, "is a picture, not a mesh.", "Name an OBJ, PLY, STL, GLB or glTF file.")
    if b"\0" not in data[:65536] and _OBJ_LINE.search(data):
        return "obj"
    if path.suffix.lower() == ".stl" and len(data) >= 84:
        return "stl"  # its reader says what is wrong with its length
    if path.suffix.lower() in _OTHERS:
        fail(path, f"{path.suffix[1:].upper()} files are not read.", "Export the mesh as GLB or OBJ.")
    fail(path, "holds no mesh that can be read.", "Use an OBJ, PLY, STL, GLB or glTF file.")


def is_mesh_file(path: Path | str) -> bool:
    """True when `path` should be read as a mesh and not as a picture: by its first bytes, then by its extension (those
    of other programs' meshes too: their reader says what to do)."""
    path = Path(path)
    try:
        with open_regular(path, MAX_BYTES) as stream:
            head = stream.read(4096)
    except OSError:
        head = b""
    if head.startswith(_PICTURES):
        return False
    plain = b"\0" not in head and _OBJ_LINE.search(head) is not None
    named = path.suffix.lower() in EXTENSIONS or path.suffix.lower() in _OTHERS
    return head[:4] == b"glTF" or head[:4] in (b"ply\n", b"ply\r") or plain or named


def beside(model: Path | str, name: str, *, encoded: bool = False) -> tuple[Path | None, str | None]:
    """The file a mesh file names, inside its own folder: (path or None when it is not there, warning or None).

    A name that leaves the folder (absolute, "..", a link) is never followed: the file of that name beside the mesh is
    taken if there is one (with a warning), else BadMesh; URLs are always refused. encoded: percent-encoded (glTF).
    """
    folder = Path(model).resolve().parent
    text = unquote(name) if encoded else name
    if "\0" in text or (_URL.match(text) and not re.match(r"^[A-Za-z]:[\\/]", text)) or text.startswith("//"):
        fail(model, f"names {name[:80]!r}, which is no file beside it: refused.",
             "Put that file beside the mesh and name it without a folder.")
    parts = [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]
    if max((len(part.encode("utf-8", "surrogatepass")) for part in parts), default=0) > LONGEST_NAME:
        return None, None  # no file system here has such a file: asking for it would raise
    leaves = text.startswith(("/", "\\")) or ".." in parts or bool(re.match(r"^[A-Za-z]:", text)) or not parts
    target = folder.joinpath(*parts) if not leaves else folder
    leaves = leaves or not target.resolve().is_relative_to(folder)
    if not leaves:
        return (target, None) if target.is_file() else (None, None)
    near = folder / parts[-1] if parts and parts[-1] != ".." else folder
    if near.is_file() and near.resolve().is_relative_to(folder):
        return near, f"names {name[:80]!r}; the file of that name beside it is used."
    fail(model, f"names {name[:80]!r}, which lies outside its folder: refused.",
         "Put that file beside the mesh and name it without a folder.")
