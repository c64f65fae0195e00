"""Files appear whole or not at all: temporary name in the same folder, fsync, rename."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from twinbrush.base import locks
from twinbrush.base.errors import OutputError, TwinbrushError

_process = threading.RLock()  # held by the thread that changes for a moment what belongs to the whole process


def output_error(path: Path | str, error: OSError) -> OutputError:
    """The operating system's complaint about writing `path`, told as a user error with a remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{path}: the disk is full.", "Free some space or choose another folder.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(f"{path}: not writable.", "Choose a folder you may write to.")
    if error.errno in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EBUSY, errno.ENOTEMPTY):
        return OutputError(f"{path}: something else is in the way ({error.strerror}).", "Choose another name.")
    return OutputError(f"{path}: cannot be written ({error.strerror or error}).", "Choose another folder.")


class NotRegular(OSError):
    """Something that is no regular file (a pipe, a device), or is larger than can be meant."""


def open_regular(path: Path | str, most_bytes: int) -> BufferedReader:
    """Open a regular file of at most `most_bytes` for reading, the only way in for any file.

    Pipes and devices are refused before anything waits for them or reads them. Raises NotRegular and OSError.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        _check_regular(os.stat(path), most_bytes)  # opening a device may already do something
        descriptor = os.open(path, flags)
    except ValueError as error:  # a NUL in the name
        raise NotRegular(errno.EINVAL, str(error)) from error
    stream = os.fdopen(descriptor, "rb")
    try:
        _check_regular(os.fstat(descriptor), most_bytes)  # what was opened need not be what stood there before
    except OSError:
        stream.close()
        raise
    return stream


def read_file(path: Path | str, most_bytes: int) -> bytes:
    """The bytes of a regular file of at most `most_bytes`. Raises NotRegular and OSError."""
    with open_regular(path, most_bytes) as stream:
        data = stream.read(most_bytes + 1)  # it may have grown since it was measured
    if len(data) > most_bytes:
        raise NotRegular(errno.EFBIG, f"is larger than {most_bytes / 1e6:.0f} MB")
    return data


def _check_regular(found: os.stat_result, most_bytes: int) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise NotRegular(errno.EINVAL, "is not an ordinary file")
    if found.st_size > most_bytes:
        raise NotRegular(errno.EFBIG, f"is larger than {most_bytes / 1e6:.0f} MB")


@contextmanager
def nothing_left(folder: Path, *, emptied: bool = True) -> Generator[None, None, None]:
    """Inside: `folder` and its parents may be made. What of them is new goes again when a TwinbrushError comes out:
    `folder` with all that is in it (emptied; not when another run has locked it, which may have begun at the same
    moment), its parents as far as nobody has put anything there. Raises OutputError for a path that cannot be."""
    made: list[Path] = []
    try:
        for part in (folder, *folder.parents):
            if part.exists():
                break
            made.append(part)
    except OSError as error:
        raise output_error(folder, error) from error
    try:
        yield
    except TwinbrushError:
        _take_away(made, emptied=emptied)
        raise


def _take_away(made: list[Path], *, emptied: bool) -> None:
    """Remove new folders, the innermost first, until one is not empty or is another run's."""
    with contextlib.suppress(OSError):
        for part in made:
            if not part.exists():
                continue
            with locks.held(part) as ours:
                if not ours:
                    return
                if emptied and part == made[0]:
                    shutil.rmtree(part, ignore_errors=True)
                else:
                    part.rmdir()


def check_target(path: Path | str, inputs: Iterable[Path | str] = ()) -> None:
    """What may be written to: a regular file, or a name nothing has yet; never one of the `inputs`. Raises
    OutputError."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot be written ({error}).", "Choose another name.") from error
    if not stat.S_ISREG(found.st_mode):
        raise OutputError(f"{path}: something else is in the way (no ordinary file).", "Choose another name.")
    for given in inputs:
        with contextlib.suppress(OSError):
            if os.path.samestat(found, os.stat(given)):
                raise OutputError(f"{path}: a result would overwrite this input.", "Choose another place with -o.")


def write_atomically(path: Path | str, writer: Callable[[BinaryIO], object] | bytes) -> Path:
    """Write `path` whole or not at all; missing parent folders are made, and what a killed process left of an earlier
    attempt goes away.

    writer: the bytes themselves, or a function that writes them into the open binary file it is given (the file can
    seek). Returns the path. Raises OutputError when something that is no regular file has that name, the folder is not
    writable, the disk is full...; whatever the writer raises itself passes through, and in both cases nothing is left
    behind.
    """
    target = Path(path)
    check_target(target)
    with nothing_left(target.parent, emptied=False):
        return _write(target, writer)


def _write(target: Path, writer: Callable[[BinaryIO], object] | bytes) -> Path:
    temporary: str | None = None
    held: int | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        locks.sweep_parts(target.parent, target.name)
        descriptor, temporary = _own_part(target)
        with os.fdopen(descriptor, "w+b") as file:
            if locks.CAN_LOCK:  # the lock stays until the file has its name
                held = os.dup(descriptor)
            if isinstance(writer, bytes):
                file.write(writer)
            else:
                writer(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        raise output_error(target, error) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if held is not None:
            os.close(held)
    return target


def _own_part(target: Path) -> tuple[int, str]:
    """A temporary file beside `target` that is open and locked: (its descriptor, its path). Raises OSError."""
    while True:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:64]}.", suffix=".part", dir=target.parent)
        if locks.take(descriptor) and os.fstat(descriptor).st_nlink:
            return descriptor, temporary
        os.close(descriptor)  # another writer of `target` took it for a dead one's before it was locked, and swept it


@contextmanager
def quiet_stderr() -> Generator[None, None, None]:
    """Inside, what native code writes to file descriptor 2 is lost (libtiff complains there of every damaged strip,
    networks' runtimes greet there). One thread at a time."""
    with _process:
        try:
            kept = os.dup(2)
        except OSError:  # no stderr at all: nothing to silence
            yield
            return
        silent = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(silent, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(silent)
            os.close(kept)


def _umask() -> int:
    """The process' umask. Where the system does not tell, it can only be read by setting it, and what other threads
    write at that moment everybody may change."""
    with contextlib.suppress(OSError, StopIteration, ValueError), open("/proc/self/status", encoding="ascii") as status:
        return int(next(line for line in status if line.startswith("Umask:")).split()[1], 8)
    with _process:
        mask = os.umask(0)
        os.umask(mask)
        return mask
