"""The studio's tests need its packages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `studio` is not installed")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    from studios import client_of

    with client_of(tmp_path) as client:
        yield client
