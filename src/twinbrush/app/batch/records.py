"""What is kept of a batch: one file a pair, written when it is done, so that the same command goes on from there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, cast

from twinbrush.app.batch.crew import Outcome
from twinbrush.app.batch.pairs import Pair
from twinbrush.base import store
from twinbrush.base.errors import BadImage
from twinbrush.base.files import open_regular, read_file, write_atomically
from twinbrush.road.placing import MANIFEST
from twinbrush.road.stages import content_of

FOLDER = ".batch"  # below the results' folder
_MOST_BYTES, _LARGEST = 1 << 20, 1 << 32


class Keys:
    """Each pair's key: a hash of its photo, its style, its options and the program. Files are read once."""

    def __init__(self) -> None:
        self._digests: dict[Path, str] = {}

    def of(self, pair: Pair) -> str:
        """The pair's key. Raises BadImage for a file that is gone meanwhile, BadOption for one that an option
        names."""
        return store.stage_key("batch", self._digest(pair.photo), self._digest(pair.style), content_of(pair.config))

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            try:
                with open_regular(path, _LARGEST) as stream:
                    self._digests[path] = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError as error:
                raise BadImage(path, f"cannot be read any more ({error.strerror}).", "Check the path.") from error
        return self._digests[path]


def is_done(out: Path, pair: Pair, key: str) -> dict[str, Any] | None:
    """What was kept of the pair when it was made, if its result stands there and is of the same key."""
    try:
        record: object = json.loads(read_file(_path(out, pair), _MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not (out / pair.name / MANIFEST).is_file():
        return None
    known = cast("dict[str, Any]", record)
    return known if known.get("key") == key and known.get("state") == "done" else None


def keep(out: Path, pair: Pair, key: str, outcome: Outcome) -> dict[str, Any]:
    """Write how the pair ended; returns what is written. Raises OutputError."""
    record = {
        "key": key, "name": pair.name, "photo": pair.photo.name, "style": pair.style.name, "state": outcome.state,
        "why": "" if outcome.state == "done" else outcome.why, "answer": dict(outcome.answer)}
    write_atomically(_path(out, pair), json.dumps(record, indent=1).encode())
    return record


def _path(out: Path, pair: Pair) -> Path:
    return out / FOLDER / f"{pair.name}.json"
