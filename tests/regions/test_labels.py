"""The labels that the network learned from: whole, of known classes, never of a picture that is set aside."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
LABELS = ROOT / "training" / "region_labels"
KINDS = {"casual": "casual", "paintings": "painting", "photos": "photo"}


def _names(module: str, name: str) -> frozenset[str]:
    """What a module of training/ or benchmarks/ calls `name`."""
    for folder in ("training", "benchmarks"):
        if str(ROOT / folder) not in sys.path:
            sys.path.insert(0, str(ROOT / folder))
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("folder", KINDS)
def test_every_label_is_a_class(folder: str) -> None:
    paths = [path for path in sorted((LABELS / folder).glob("*.png")) if not path.stem.endswith(".glasses")]
    assert len(paths) >= 70
    for path in paths:
        labels = np.array(Image.open(path))
        assert labels.ndim == 2, path.name
        assert labels.max() <= 6, path.name
        assert (labels == 1).any(), f"{path.name}: nobody without skin"


def test_glasses_lie_beside_labels_of_their_size() -> None:
    for path in sorted(LABELS.glob("*/*.glasses.png")):
        with Image.open(path) as mask, Image.open(path.with_name(path.name.replace(".glasses", ""))) as labels:
            assert mask.size == labels.size, path.name


def test_kept_out_pictures_are_labelled_and_none_is_set_aside() -> None:
    kept_out, set_aside = _names("region_sources", "KEPT_OUT"), _names("truth.pictures", "SET_ASIDE")
    names = {f"{kind}-{path.stem}" for folder, kind in KINDS.items() for path in (LABELS / folder).glob("*.png")}
    assert kept_out <= names
    assert not {name.partition("-")[2] for name in names} & set_aside
