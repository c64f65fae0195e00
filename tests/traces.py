"""What nobody wants to find in a file that is given away: where a photo was taken and with what, and names of places
on the machine that made it."""

from __future__ import annotations

import base64
import io
import re
import socket
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from PIL import Image, PngImagePlugin

CAMERA, OWNER, PLACE, NOTE = "CameraOfSomebody", "NameOfSomebody", "48.1374N", "ANoteOfSomebody"
_PICTURES = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP", re.DOTALL)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{64,}={0,2}")


def marked(source: Path, target: Path) -> Path:
    """Write the picture once more (PNG or JPEG, by its name), with all that cameras and programs put beside pixels."""
    exif = Image.Exif()
    exif[0x0110], exif[0x013B] = CAMERA, OWNER
    exif.get_ifd(0x8825)[0x1D] = PLACE
    with Image.open(source) as picture:
        if target.suffix == ".png":
            text = PngImagePlugin.PngInfo()
            text.add_text("Comment", NOTE)
            text.add_itxt("XML:com.adobe.xmp", f"<x>{OWNER}</x>", zip=True)
            picture.convert("RGB").save(target, exif=exif, pnginfo=text)
        else:
            xmp = f"<x>{OWNER}</x>".encode()
            picture.convert("RGB").save(target, quality=95, exif=exif, comment=NOTE.encode(), xmp=xmp)
    assert found(target.parent, [CAMERA, OWNER, PLACE, NOTE])[target.name] == [CAMERA, OWNER, PLACE, NOTE]
    return target


def of_machine(*more: Path) -> list[str]:
    """Names of places on this machine, and its own. more: folders that took part."""
    places = [Path.home(), Path(sys.prefix), Path(__file__).parents[1], Path.cwd(), *more]
    host = socket.gethostname()
    return [*(str(place) for place in places if len(place.parts) > 1), *([host] if len(host) > 5 else [])]


def found(folder: Path, words: list[str]) -> dict[str, list[str]]:
    """{file: those of the words that stand anywhere in it} of all files in a folder that are not hidden."""
    told: dict[str, list[str]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            whole = b"\n".join(_layers(path.read_bytes()))
            told[path.name] = [word for word in words if word.encode() in whole]
    return told


def _layers(data: bytes) -> Iterator[bytes]:
    """The bytes, and all that is packed in them: members of archives, texts of pictures, base64."""
    yield data
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from _layers(archive.read(name))
        return
    for begin in _PICTURES.finditer(data):
        with suppress(OSError, SyntaxError), Image.open(io.BytesIO(data[begin.start():])) as picture:
            picture.load()
            yield repr((picture.info, getattr(picture, "text", {}))).encode()
    for packed in _BASE64.finditer(data):
        with suppress(ValueError):
            inner = base64.b64decode(packed.group())
            with suppress(zlib.error):
                yield zlib.decompress(inner)
            if _PICTURES.match(inner):
                yield from _layers(inner)
