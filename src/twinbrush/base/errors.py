"""All errors a user can cause. Each message says what was wrong, where, and what to do (the remedy).

The CLI, the web app and the batch runner print `str(error)` verbatim and exit with code 2; a `TwinbrushError` never
reaches the user as a traceback. Errors carry their data as attributes so that programs need not parse the message.
"""

from __future__ import annotations

from pathlib import Path


class TwinbrushError(Exception):
    """Base of all user-facing errors: `problem` (what and where) and `remedy` (what to do)."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy
        self.details: tuple[str, ...] = ()
        """Further lines for people, each told in a line of its own."""


class BadImage(TwinbrushError):
    """An image file that cannot be used: unreadable, empty, truncated, absurd size..."""

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        super().__init__(f"{path}: {problem}", remedy)
        self.path = str(path)


class FaceNotFound(TwinbrushError):
    """No face, or none large enough, in an image."""

    def __init__(self, where: str, best_score: float, threshold: float, remedy: str | None = None) -> None:
        super().__init__(
            f"{where}: no face found (best score {best_score:.2f}, needed {threshold:.2f}).",
            remedy or "Give a box, five clicks or a 68-point landmark file (see --help), or use a clearer picture.",
        )
        self.where, self.best_score, self.threshold = where, best_score, threshold


class SeveralFaces(TwinbrushError):
    """More than one face and no choice was made. `boxes` are (x0, y0, x1, y1) in pixels of the upright image."""

    def __init__(self, where: str, boxes: list[tuple[float, float, float, float]], option: str = "--face") -> None:
        places = "; ".join(f"{i}: x {b[0]:.0f}-{b[2]:.0f}, y {b[1]:.0f}-{b[3]:.0f}" for i, b in enumerate(boxes))
        super().__init__(f"{where}: {len(boxes)} faces found ({places}).", f"Choose one with {option} N.")
        self.where, self.boxes = where, boxes


class FaceUnusable(TwinbrushError):
    """A face was found but is too small, turned too far, or cut off."""


class BadLandmarks(TwinbrushError):
    """A landmark file, box or click list with a wrong count, NaN, or points outside the image."""


class BadMask(TwinbrushError):
    """A user's mask that does not fit its image."""


class ModelFileError(TwinbrushError):
    """A model file is missing, or its sha256 is wrong."""


class BadOption(TwinbrushError):
    """An option's value is out of range."""


class BadMesh(TwinbrushError):
    """A mesh that cannot be used."""


class OutputError(TwinbrushError):
    """Results cannot be written: path not writable, disk full, folder of something else."""


class BadStudy(TwinbrushError):
    """Results that make no study, or answers that are none."""


class BadPairs(TwinbrushError):
    """A file of pairs with bad lines. `lines`: (number, what is wrong with it); number 0: the file itself."""

    def __init__(self, file: str, lines: list[tuple[int, str]], most: int = 100) -> None:
        count = "1 bad line" if len(lines) == 1 else f"{len(lines)} bad lines"
        problem = f"{file}: {lines[0][1]}" if not lines[0][0] else f"{file}: {count}, nothing was begun."
        super().__init__(problem, "Mend the file and run the same command again.")
        self.lines = tuple(lines)
        self.details = tuple(f"line {number}: {what}" for number, what in lines[:most] if number)
        if len(lines) > most:
            self.details += (f"... and {len(lines) - most} more lines",)


class PairsFailed(TwinbrushError):
    """Some pairs of a batch could not be made. `failed`: (name, why)."""

    def __init__(self, failed: list[tuple[str, str]], count: int) -> None:
        super().__init__(
            f"{len(failed)} of {count} pairs could not be made.",
            "Mend them as said and run the same command again: only they are made.")
        self.failed = tuple(failed)
        self.details = tuple(f"{name}: {why}" for name, why in failed)
