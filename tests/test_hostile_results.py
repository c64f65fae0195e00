"""A results folder that somebody else has made: nothing in it is ever called, whatever it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinbrush import pipeline, store
from twinbrush.errors import BadOption


def _crafted(path: Path, value: Any, **arrays: np.ndarray) -> None:
    """A file of the store with a key that fits and any tree at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = np.frombuffer(json.dumps({"key": store.code_hash(), "value": value}).encode(), np.uint8)
    with path.open("wb") as stream:
        np.savez(stream, allow_pickle=False, __json__=header, **arrays)


def _calls(written: Path) -> dict[str, Any]:
    """What names a function of ours that writes a file anywhere."""
    return {
        "type": "twinbrush.files:write_atomically",
        "fields": {"path": {"path": str(written)}, "writer": {"bytes": "a0"}},
    }


@pytest.mark.parametrize("where", ["alone", "in a dict", "in a figure's run", "in a mesh's run"])
def test_reshape_never_calls_what_a_file_names(where: str, tmp_path: Path) -> None:
    written = tmp_path / "written.py"
    call = _calls(written)
    value: Any = {
        "alone": call,
        "in a dict": {"dict": {"config": call}},
        "in a figure's run": {"type": "FigureRun", "fields": {"config": call, "key": call, "inputs": call}},
        "in a mesh's run": {"type": "MeshRun", "fields": {"given": call, "config": call}},
    }[where]
    out = tmp_path / "received"
    _crafted(out / ".twinbrush" / "run.npz", value, a0=np.frombuffer(b"print('mine')", np.uint8))
    with pytest.raises(BadOption, match="no finished run"):
        pipeline.reshape_files(out, 0.5)
    assert not written.exists()
    assert not (out / ".twinbrush" / "run.npz").exists()  # a bad file goes away
