"""A place for numba's compiled kernels on every machine.

numba keeps them beside the sources, else in its folder in the user's cache, and fails where neither can be written
(a read-only installation run by an account without a home). Then they go to a folder of ours: in the model files'
cache, else among the temporary files.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

VARIABLE = "NUMBA_CACHE_DIR"


def ensure_cache_folder() -> None:
    """Name a folder that can be written in NUMBA_CACHE_DIR, unless one is named or numba's own will do.

    numba reads the variable when it is imported; one that is loaded already is told directly.
    """
    if os.environ.get(VARIABLE) or any(_writable(folder) for folder in (_beside_sources(), _numbas_own())):
        return
    folder = str(_ours())
    os.environ[VARIABLE] = folder
    loaded = sys.modules.get("numba")
    if loaded is not None:
        loaded.config.CACHE_DIR = folder


@cache
def use_what_cannot_be_kept() -> None:
    """Let numba go on with a kernel that it has compiled and cannot write (its folder's disk is full): that costs time
    only, and the results may lie on another disk."""
    from numba.core import caching

    kept: Any = caching.Cache
    save = kept.save_overload

    def saved_if_possible(*given: Any) -> None:
        with contextlib.suppress(OSError):
            save(*given)

    kept.save_overload = saved_if_possible


def _beside_sources() -> Path:
    return Path(__file__).parent / "__pycache__"


def _numbas_own() -> Path:
    """numba's user-wide cache (its appdirs' rule; where another rule holds, ours is used without harm)."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "numba"


def _ours() -> Path:
    """The folder beside the model files; else one among the temporary files that only this user can write."""
    models = os.environ.get("TWINBRUSH_MODELS")
    if models and _writable(beside := Path(models).expanduser() / "compiled"):
        return beside
    user = os.getuid() if hasattr(os, "getuid") else 0
    shared = Path(tempfile.gettempdir()) / f"twinbrush-compiled-{user}"
    return shared if _writable(shared, private=True) else Path(tempfile.mkdtemp(prefix="twinbrush-compiled-"))


def _writable(folder: Path, *, private: bool = False) -> bool:
    """Whether files can be made in `folder` (it is made if it is not there), as numba tries it.

    private: and nobody else can: what lies in it is code that will be run.
    """
    try:
        folder.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        if private and hasattr(os, "getuid"):
            state = folder.lstat()
            if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid() or state.st_mode & 0o022:
                return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
