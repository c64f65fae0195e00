"""Small internal textures: the tests look at topology, not at texels."""

from __future__ import annotations

import pytest

from twinbrush.meshes import colours


@pytest.fixture(autouse=True)
def small_textures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colours, "DEFAULT_SIZE", 256)
    monkeypatch.setattr(colours, "_SKY_VIEWS", 6)
