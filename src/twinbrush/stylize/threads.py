"""torch's threads, chosen on purpose: the sum's order, and so the bytes, depend on their number."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Generator[None, None, None]:
    """One thread inside, what was set before outside (two threads were slower than one here, too)."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
