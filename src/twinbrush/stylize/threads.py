"""torch's threads, chosen on purpose: the sum's order, and so the bytes, depend on their number."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Generator[None, None, None]:
    """One thread inside, what was set before outside (two threads were slower than one with the built-in network)."""
    with _threads(1):
        yield


@contextmanager
def threads_for(extractor: str) -> Generator[None, None, None]:
    """One thread for the built-in extractors; two, where there are two cores, for VGG: its products are large enough to
    be shared, and a run is long enough to be worth it."""
    with _threads(min(2, os.cpu_count() or 1) if extractor.startswith("vgg") else 1):
        yield


@contextmanager
def _threads(count: int) -> Generator[None, None, None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
