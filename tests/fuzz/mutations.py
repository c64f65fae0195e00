"""Damaged files: bytes flipped, cut, doubled, moved; numbers in text replaced by those that readers trip over."""

from __future__ import annotations

import os
import re
import resource
import time
from collections.abc import Callable

import numpy as np

COUNT = int(os.environ.get("TWINBRUSH_FUZZ", "0"))  # how many mutations the long kind makes (0: its own default)
SEED = int(os.environ.get("TWINBRUSH_FUZZ_SEED", "0"))
MOST_CPU_SECONDS = 5.0  # for any one file
MOST_MEMORY_KB = 1_200_000  # of the whole process, libraries and all
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_STRANGE = (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1", b"0", b"4294967295", b"99999999999999999999", b"null",
            b"[]", b"{}", b'"x"', b"1e-320", b"-0.0", b"9" * 5000, b"true", b"")  # fmt: skip
_INTERESTING = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)


def mutated(data: bytes, rng: np.random.Generator, *, text: bool = False) -> bytes:
    """One to four changes of a file's bytes; text: numbers are replaced, too."""
    kinds: list[Callable[[bytes, np.random.Generator], bytes]] = [_flip, _set, _cut, _drop, _double, _swap, _insert]
    if text:
        kinds += [_number] * 6
    for _ in range(int(rng.integers(1, 5))):
        data = kinds[int(rng.integers(len(kinds)))](data, rng)
    return data


def _place(data: bytes, rng: np.random.Generator) -> int:
    """Anywhere, half of the times near the beginning, where headers are."""
    return int(rng.integers(max(1, min(len(data), 256 if rng.random() < 0.5 else len(data)))))


def _flip(data: bytes, rng: np.random.Generator) -> bytes:
    at = _place(data, rng)
    return data[:at] + bytes([(data[at] if at < len(data) else 0) ^ (1 << int(rng.integers(8)))]) + data[at + 1 :]


def _set(data: bytes, rng: np.random.Generator) -> bytes:
    at, width = _place(data, rng), int(rng.choice([1, 1, 2, 4]))
    return data[:at] + bytes([int(rng.choice(_INTERESTING))] * width) + data[at + width :]


def _cut(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: _place(data, rng)]


def _drop(data: bytes, rng: np.random.Generator) -> bytes:
    at = _place(data, rng)
    return data[:at] + data[at + int(rng.integers(1, 64)) :]


def _double(data: bytes, rng: np.random.Generator) -> bytes:
    at, size = _place(data, rng), int(rng.integers(1, 64))
    return data[: at + size] + data[at:]


def _swap(data: bytes, rng: np.random.Generator) -> bytes:
    a, b, size = _place(data, rng), _place(data, rng), int(rng.integers(1, 16))
    return data[:a] + data[b : b + size] + data[a + size :]


def _insert(data: bytes, rng: np.random.Generator) -> bytes:
    at = _place(data, rng)
    return data[:at] + rng.integers(0, 256, int(rng.integers(1, 16)), np.uint8).tobytes() + data[at:]


def _number(data: bytes, rng: np.random.Generator) -> bytes:
    found = list(_NUMBER.finditer(data[:20_000]))
    if not found:
        return data
    one = found[int(rng.integers(len(found)))]
    return data[: one.start()] + _STRANGE[int(rng.integers(len(_STRANGE)))] + data[one.end() :]


class Budget:
    """Notes what each file cost; `told` is the worst of them, `faults` what went wrong: a run goes on to its end."""

    def __init__(self) -> None:
        self.worst_seconds, self.accepted, self.refused = 0.0, 0, 0
        self.faults: list[str] = []

    def spend(self, work: Callable[[], object], refusals: tuple[type[Exception], ...], label: str) -> None:
        """Do `work`, which may refuse; anything else it raises is a fault, noted with the label of the file."""
        before = time.process_time()
        try:
            work()
            self.accepted += 1
        except refusals:
            self.refused += 1
        except Exception as error:
            self._fault(f"{label}: {type(error).__name__}: {error}")
        spent = time.process_time() - before
        self.worst_seconds = max(self.worst_seconds, spent)
        if spent >= MOST_CPU_SECONDS:
            self._fault(f"{label}: {spent:.1f} CPU-seconds")

    def _fault(self, text: str) -> None:
        self.faults.append(text)
        print(text, flush=True)

    def checked(self) -> None:
        """Fails if anything went wrong, or if the process grew too large."""
        print(self.told())
        assert not self.faults
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MOST_MEMORY_KB

    def told(self) -> str:
        """A line for docs/reliability.md."""
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return (f"{self.accepted + self.refused} files: {self.refused} refused, {self.accepted} taken; "
                f"at most {self.worst_seconds:.1f} CPU-s, {memory / 1e6:.2f} GB")  # fmt: skip
