"""The studio's pictures: uploads named by their content, never by their owner's name for them, and the bundled ones."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from pydantic import ValidationError

from twinbrush.app.demo import bundled_styles, write_photo
from twinbrush.app.studio.models import Picture
from twinbrush.base.errors import BadImage, TwinbrushError
from twinbrush.base.files import output_error, read_file, write_atomically
from twinbrush.base.image import check_picture
from twinbrush.base.printable import printable

UPLOAD_MB = 64  # a photo of 100 million pixels as JPEG is smaller
NAME_LENGTH = 80
DEMO_PHOTO = "demo-astronaut"
_ENDINGS = {"JPEG": "jpg", "MPO": "jpg", "JPEG2000": "jp2"}
_MOST_BYTES = 1 << 16  # of a description
_PART_SECONDS = 3600  # an upload that began longer ago was given up


class TooLarge(TwinbrushError):
    """An upload over the cap."""


class Pictures:
    """A folder of pictures: pictures/ID/ID.jpg and picture.json; previews beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(folder, error) from error
        for part in folder.glob("upload-*"):
            if time.time() - part.stat().st_mtime > _PART_SECONDS:
                part.unlink(missing_ok=True)

    async def take(self, chunks: AsyncIterator[bytes], name: str) -> Picture:
        """Keep an upload. Raises TooLarge, BadImage for what `load_image` would refuse by its header, OutputError."""
        descriptor, part = tempfile.mkstemp(prefix="upload-", dir=self.folder)
        try:
            digest, count = hashlib.sha256(), 0
            with os.fdopen(descriptor, "wb") as stream:
                async for chunk in chunks:
                    count += len(chunk)
                    if count > UPLOAD_MB * 1_000_000:
                        raise TooLarge(f"{shown(name)}: is larger than {UPLOAD_MB} MB.", "Reduce it first.")
                    digest.update(chunk)
                    stream.write(chunk)
            return self._keep(Path(part), digest.hexdigest()[:24], shown(name), count)
        except OSError as error:
            raise output_error(self.folder, error) from error
        finally:
            Path(part).unlink(missing_ok=True)

    def _keep(self, part: Path, number: str, name: str, count: int) -> Picture:
        try:
            kind = check_picture(part)
        except BadImage as error:
            raise BadImage(name, error.problem.removeprefix(f"{part}: "), error.remedy) from error
        folder = self.folder / number
        picture = Picture(id=number, name=name, bytes=count)
        folder.mkdir(exist_ok=True)
        os.replace(part, folder / f"{number}.{_ENDINGS.get(kind, kind.lower() or 'png')}")
        write_atomically(folder / "picture.json", picture.model_dump_json().encode())
        return picture

    def known(self, number: str) -> Picture | None:
        """The picture's description, or None."""
        if number.startswith("demo-"):
            path = self._demo(number)
            return None if path is None else Picture(
                id=number, name=number.removeprefix("demo-"), bytes=path.stat().st_size, demo=True)
        try:
            return Picture.model_validate_json(read_file(self.folder / number / "picture.json", _MOST_BYTES))
        except (OSError, ValidationError):
            return None

    def path(self, number: str) -> Path:
        """The picture's file. Raises BadImage."""
        if number.startswith("demo-"):
            if (path := self._demo(number)) is not None:
                return path
        else:
            found = [path for path in (self.folder / number).glob(f"{number}.*") if path.is_file()]
            if found:
                return found[0]
        raise BadImage(number, "there is no such picture any more.", "Choose it again.")

    def preview(self, number: str) -> Path:
        """Where the picture's preview, a small JPEG, is kept."""
        return self.folder / number / "preview.jpg"

    def keep_only(self, wanted: set[str]) -> None:
        """Remove the pictures that no job names."""
        for folder in self.folder.iterdir():
            if folder.is_dir() and folder.name not in wanted and not folder.name.startswith("demo-"):
                shutil.rmtree(folder, ignore_errors=True)

    def _demo(self, number: str) -> Path | None:
        if number == DEMO_PHOTO:
            kept = self.folder / DEMO_PHOTO / "astronaut.png"
            return kept if kept.is_file() else write_photo(kept.parent)
        return bundled_styles().get(number.removeprefix("demo-"))


def shown(name: str) -> str:
    """A picture's name as people see it: visible characters, no folders, not long."""
    plain = printable(name.replace("\\", "/").rsplit("/", 1)[-1], keep="").strip()
    return plain[:NAME_LENGTH] or "picture"
