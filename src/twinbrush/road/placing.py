"""Finished files take their places in the results' folder all together, even when the program is killed among them.

The staging folder is renamed to `done-...` first: from that moment on its files belong into the results' folder, and
whoever opens that folder next finishes what was begun. The manifest moves last, so until then the old one is there and
tells which files of the earlier run are stale.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twinbrush.base.files import check_target, output_error, read_file

STAGED, DONE = "new-", "done-"
MANIFEST = "manifest.json"
_MANIFEST_BYTES = 1 << 24
_STALE = ("bust", "turntable", "clay", "sheet")  # on request only: a run without them removes an earlier run's


def move_over(staging: Path, out: Path, inputs: Iterable[Path | str] = ()) -> tuple[str, ...]:
    """Move all finished files from the hidden folder into `out`; returns their names.

    Files that an earlier run has left there under names of the same kind, and that this one does not make, go away.
    Raises OutputError, also when one of the `inputs` lies where a result would go: nobody's photo is overwritten.
    """
    names = tuple(sorted(path.name for path in staging.iterdir()))
    given = tuple(inputs)
    for name in names:
        check_target(out / name, given)
    try:
        done = staging.with_name(DONE + staging.name)
        os.replace(staging, done)
    except OSError as error:
        raise output_error(out, error) from error
    try:
        _place(done, out)
    except KeyboardInterrupt:
        _place(done, out)  # begun: it takes milliseconds
        raise
    return names


def recover(cache: Path, out: Path) -> None:
    """After a kill, with `cache` locked: finish the moves that were begun, delete all else that was under way."""
    for done in sorted(cache.glob(f"{DONE}*")):
        if done.is_dir() and not done.is_symlink():
            _place(done, out)
    for left in (*cache.glob(f"{STAGED}*"), *cache.glob(".*.part")):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _place(done: Path, out: Path) -> None:
    names = sorted((path.name for path in done.iterdir()), key=lambda name: (name == MANIFEST, name))
    try:
        if MANIFEST in names:
            for name in _stale(out, names):
                (out / name).unlink(missing_ok=True)
        for name in names:
            os.replace(done / name, out / name)
        done.rmdir()
    except OSError as error:
        raise output_error(out, error) from error


def _stale(out: Path, names: list[str]) -> list[str]:
    """Files that the manifest in `out` lists, unchanged since, of a kind that this run makes or leaves out."""
    try:
        old: Any = json.loads(read_file(out / MANIFEST, _MANIFEST_BYTES))
        listed: dict[Any, Any] = dict(old["artefacts"]) if old["program"]["name"] == "twinbrush" else {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return []
    kinds = {*map(_kind, names), *_STALE}
    stale: list[str] = []
    for name, digest in listed.items():
        if not isinstance(name, str) or name in names or _kind(name) not in kinds or Path(name).name != name:
            continue
        with contextlib.suppress(OSError, ValueError):  # whatever somebody's manifest lists need not be a file
            path = out / name
            if not path.is_symlink() and path.is_file() and _sha256(path) == digest:
                stale.append(name)
    return stale


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _kind(name: str) -> str:
    """What stands before the first dot, dash or underscore: portrait, clay, bust, view..."""
    return re.split(r"[._-]", name, maxsplit=1)[0]
