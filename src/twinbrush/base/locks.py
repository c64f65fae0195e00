"""Who works on a file or folder: locks that end with their process, however it ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing is locked, and nothing that may be another's is swept
    fcntl = None

CAN_LOCK = fcntl is not None


def take(descriptor: int) -> bool:
    """Lock an open file or folder until its last descriptor is closed; False when another process has it.

    Where nothing can be locked (some network file systems) nobody else can have it: True.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def held(folder: Path) -> Generator[bool, None, None]:
    """Inside, `folder` is locked by us (True), or another process has it, or has just removed it (False). Raises
    OSError."""
    if not CAN_LOCK:
        yield True
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield take(descriptor) and _has_its_name(descriptor, folder)
    finally:
        os.close(descriptor)


def _has_its_name(descriptor: int, folder: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), os.stat(folder))
    return False


def sweep_parts(folder: Path, name: str) -> None:
    """Delete what dead processes left behind while they wrote the file `name` in `folder`; nothing of living ones."""
    if not CAN_LOCK:
        return
    for part in folder.glob(f".{_escaped(name[:64])}.*.part"):
        with contextlib.suppress(OSError):
            descriptor = os.open(part, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            try:
                if take(descriptor):
                    part.unlink()
            finally:
                os.close(descriptor)


def _escaped(name: str) -> str:
    """The name as a pattern that matches it only."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
