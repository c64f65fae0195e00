"""Regions of painted portraits at points known by eye: the bundled styles, and real art where it lies beside us."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

import twinbrush
from twinbrush.config import FaceConfig
from twinbrush.image import load_image
from twinbrush.mesh import Region
from twinbrush.portrait.face import find_face
from twinbrush.portrait.segment import Segmentation, segment
from twinbrush.portrait.segment_art import _Walker  # pyright: ignore[reportPrivateUsage]

BUNDLED = Path(twinbrush.__file__).parent / "demo_styles"
TRUSTED = 0.4  # the painter leaves out what is below
B, S, H, C = Region.BACKGROUND, Region.SKIN, Region.HAIR, Region.CLOTH
KNOWN: dict[str, dict[Region, list[tuple[int, int]]]] = {  # (x, y) pixels
    "oil": {H: [(220, 200), (570, 300), (540, 180), (200, 420), (300, 120)], S: [(385, 420), (380, 210), (390, 620)],
            C: [(385, 740), (300, 720)], B: [(60, 200), (700, 200), (700, 500), (60, 500)]},
    "ink": {H: [(530, 200), (240, 260)], S: [(400, 420), (380, 230)], C: [(600, 720), (520, 680)],
            B: [(700, 300), (60, 250), (660, 560), (60, 600)]},
    "mosaic": {H: [(230, 280), (545, 290)], S: [(380, 330), (385, 600), (330, 230)], C: [(230, 740), (560, 740)],
               B: [(60, 400), (720, 200), (130, 300), (700, 600)]},
    "pastel": {H: [(260, 250), (590, 300), (380, 150)], S: [(390, 450), (390, 640), (380, 250)],
               C: [(300, 740), (480, 740)], B: [(60, 100), (720, 400), (150, 650)]},
    "woodcut": {H: [(200, 400), (560, 400), (380, 150)], S: [(400, 450), (350, 260), (390, 610)],
                C: [(250, 730), (500, 720)], B: [(60, 300), (700, 300), (660, 520)]},
    "00016_style": {H: [(463, 68), (60, 70)], S: [(240, 100), (100, 250)], C: [(400, 486), (125, 490), (310, 480)],
                    B: [(23, 285), (20, 60), (490, 300)]},
    "picasso_selfport1907": {H: [(145, 110), (190, 60)], S: [(330, 150), (260, 300)], C: [(253, 538), (330, 500)],
                             B: [(20, 100), (427, 203), (405, 110), (400, 330)]},
    "fauve_woman": {H: [(297, 91), (200, 30)], S: [(200, 200), (200, 340)], C: [(90, 380)],
                    B: [(315, 36), (50, 100), (350, 250)]},
    "doll_woman": {H: [(240, 40), (200, 25)], S: [(190, 170)], C: [(75, 380)], B: [(60, 30), (360, 200)]},
    "ukiyoe_1": {H: [(130, 30), (75, 85)], S: [(150, 150), (160, 175)], C: [(200, 240), (205, 246)],
                 B: [(232, 98), (215, 60)]},
    "ukiyoe_2": {S: [(120, 150), (90, 130)], B: [(20, 100), (170, 80), (230, 60)]},
}


@cache
def painted(path: Path) -> Segmentation:
    image = load_image(path).pixels
    return segment(image, find_face(image, FaceConfig(), where=path.name, art=True), art=True)


def check(parts: Segmentation, known: dict[Region, list[tuple[int, int]]]) -> None:
    """What is trusted must be right; of the known points of every region but the background one must be trusted."""
    for region, points in known.items():
        seen = [(Region(int(parts.regions[y, x])), round(float(parts.confidence[y, x]), 2)) for x, y in points]
        wrong = [(point, found) for point, found in zip(points, seen, strict=True)
                 if found[0] != region and found[0] != B and found[1] >= TRUSTED]
        assert not wrong, f"{region.name}: {wrong}"
        assert any(found == region and (sure >= TRUSTED or region == B) for found, sure in seen), (region.name, seen)


@pytest.mark.parametrize("name", ["oil", "ink", "mosaic", "pastel", "woodcut"])
def test_bundled_styles(name: str) -> None:
    parts = painted(BUNDLED / f"{name}.png")
    check(parts, KNOWN[name])
    trusted = parts.confidence >= TRUSTED
    for region, least in ((S, 0.05), (H, 0.01), (C, 0.015)):  # enough of each to paint with
        assert (trusted & (parts.regions == region)).mean() > least, region.name
    assert ((parts.matte > 0.5) == (parts.regions != B)).all()


@pytest.mark.parametrize("name", [name for name in KNOWN if not (BUNDLED / f"{name}.png").exists()])
def test_real_art(name: str, shared_data: Path) -> None:
    (path,) = [file for file in (shared_data / "styles").glob(f"{name}.*") if file.suffix in {".jpg", ".png"}]
    check(painted(path), KNOWN[name])


def test_users_mask_is_believed() -> None:
    image = load_image(BUNDLED / "woodcut.png").pixels
    face = find_face(image, FaceConfig(), where="woodcut", art=True)
    mask = np.zeros(image.shape[:2])
    mask[:, 150:560] = 1
    parts = segment(image, face, mask=mask, art=True)
    assert ((parts.regions != B) == (mask > 0.5)).all()
    assert (parts.matte == mask).all()


def test_same_bytes_again() -> None:
    path = BUNDLED / "ink.png"
    first = painted(path)
    painted.cache_clear()
    again = painted(path)
    assert all((getattr(first, key) == getattr(again, key)).all() for key in ("matte", "regions", "confidence"))


def test_walker_spreads_up_to_an_edge() -> None:
    """Two seeds without any other evidence: each side of a painted edge goes to its own seed."""
    guide = np.zeros((20, 30, 3))
    guide[:, 18:] = 50.0
    own, seeds = np.full((4, 20, 30), 0.25), np.full((20, 30), -1)
    seeds[10, 2], seeds[10, 27] = 1, 0
    labels = _Walker(guide)(own, seeds)[:2].argmax(0)
    assert (labels[:, :18] == 1).all()
    assert (labels[:, 18:] == 0).all()
