"""The engine on real photos and on our own paintings, at points known by eye."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest

import twinbrush
from faces.photos import astronaut, need_models
from twinbrush.config import FaceConfig
from twinbrush.errors import BadMask
from twinbrush.faces import indices
from twinbrush.faces.face import find_face
from twinbrush.faces.values import Face
from twinbrush.image import load_image
from twinbrush.mesh import Region
from twinbrush.regions import engine
from twinbrush.regions.engine import PARTS, find_regions
from twinbrush.regions.values import COARSE, Label, RegionMap

BUNDLED = Path(twinbrush.__file__).parent / "demo_styles"
TRUSTED = 0.4  # the painter leaves out what is below
G, S, H, C, W = Label.GROUND, Label.SKIN, Label.HAIR, Label.CLOTH, Label.HEADWEAR
KNOWN: dict[str, dict[Label, list[tuple[int, int]]]] = {  # (x, y) pixels
    "oil": {H: [(220, 200), (570, 300), (540, 180), (200, 420), (300, 120)], S: [(385, 420), (380, 210), (390, 620)],
            C: [(385, 740), (300, 720)], G: [(60, 200), (700, 200), (700, 500), (60, 500)]},
    "ink": {H: [(530, 200), (240, 260)], S: [(400, 420), (380, 230)], C: [(600, 720), (520, 680)],
            G: [(700, 300), (60, 250), (660, 560), (60, 600)]},
    "mosaic": {H: [(230, 280), (545, 290)], S: [(380, 330), (385, 600), (330, 230)], C: [(230, 740), (560, 740)],
               G: [(60, 400), (720, 200), (130, 300), (700, 600)], W: [(385, 165)]},
    "pastel": {H: [(260, 250), (590, 300), (380, 150)], S: [(390, 450), (390, 640), (380, 250)],
               C: [(300, 740), (480, 740)], G: [(60, 100), (720, 400), (150, 650)]},
    "woodcut": {H: [(200, 400), (560, 400), (380, 150)], S: [(400, 450), (350, 260), (390, 610)],
                C: [(250, 730), (500, 720)], G: [(60, 300), (700, 300), (660, 520)]},
    "00016_style": {H: [(463, 68), (60, 70)], S: [(240, 100), (100, 250)], C: [(400, 486), (125, 490), (310, 480)],
                    G: [(23, 285), (20, 60), (490, 300)]},
    "picasso_selfport1907": {H: [(145, 110), (190, 60)], S: [(330, 150), (260, 300)], C: [(253, 538), (330, 500)],
                             G: [(20, 100), (427, 203), (405, 110), (400, 330)]},
    "fauve_woman": {H: [(297, 91), (200, 30)], S: [(200, 200), (200, 340)], C: [(90, 380)],
                    G: [(315, 36), (50, 100), (350, 250)]},
    "doll_woman": {H: [(240, 40), (200, 25), (75, 380)], S: [(190, 170)], G: [(60, 30), (360, 200)]},
    "ukiyoe_1": {H: [(75, 85)], W: [(130, 30)], S: [(150, 150), (160, 175)], C: [(200, 240), (205, 246)],
                 G: [(232, 98), (215, 60)]},
}


@lru_cache(maxsize=1)
def _face() -> Face:
    need_models()
    return find_face(astronaut(), FaceConfig(), where="astronaut")


@lru_cache(maxsize=1)
def _parts() -> RegionMap:
    return find_regions(astronaut(), _face())


@cache
def _painted(path: Path) -> RegionMap:
    need_models()
    image = load_image(path).pixels
    return find_regions(image, find_face(image, FaceConfig(), where=path.name, art=True))


def test_regions_of_the_astronaut() -> None:
    parts, face = _parts(), _face()
    points = np.round(face.landmarks[:, :2]).astype(int)
    cheeks = points[[50, 280, 1, 199]]
    assert (parts.labels[cheeks[:, 1], cheeks[:, 0]] == S).all()
    above = points[indices.FOREHEAD_TOP] - [0, round(0.16 * face.height_px)]
    assert parts.labels[above[1], above[0]] == H
    assert parts.labels[230, 225] == C
    assert parts.labels[10, 10] == G
    assert parts.matte[10, 10] < 0.05
    assert 0 <= parts.matte.min() <= parts.matte.max() <= 1
    assert 0 <= parts.confidence.min() <= parts.confidence.max() <= 1
    assert not parts.glasses.any()
    np.testing.assert_array_equal(parts.regions, COARSE[parts.labels])
    assert (parts.regions[parts.labels == Label.HEADWEAR] == Region.HAIR).all()


def test_a_users_mask_is_taken_as_it_is() -> None:
    face = _face()
    mask = np.zeros((512, 512))
    x0, y0, x1, y1 = (int(v) for v in face.box_xyxy)
    mask[y0 - 40 : y1 + 60, x0 - 30 : x1 + 30] = 1
    mask[500:] = 1  # far below the head's square
    parts = find_regions(astronaut(), face, mask=mask)
    np.testing.assert_array_equal(parts.matte, mask)
    np.testing.assert_array_equal(parts.labels > 0, mask > 0.5)
    inside = (mask > 0.5) & (_parts().labels == H)
    assert (parts.labels[inside] == H).mean() > 0.9  # ... and told apart inside it
    with pytest.raises(BadMask, match="face"):
        find_regions(astronaut(), face, mask=np.zeros((512, 512)))


def test_another_persons_face_is_left_out() -> None:
    face = _face()
    photo, shift = astronaut(), 70
    pair = np.concatenate([photo[:, : 180 + shift], photo[:, 180 : 512 - shift]], axis=1)  # the same head once more
    other = replace(face, landmarks=face.landmarks + np.array([float(shift), 0, 0]))
    x, y = np.round(other.landmarks[1, :2]).astype(int)
    alone = find_regions(pair, face, others=(other,))
    assert alone.matte[y, x] < 0.5
    assert any("Another person" in warning for warning in alone.warnings)
    own = np.round(face.landmarks[[1, 50, 199], :2]).astype(int)
    assert (alone.matte[own[:, 1], own[:, 0]] > 0.9).all()
    assert not any("Another person" in warning for warning in _parts().warnings)


def test_without_modnet_the_older_matte_serves_and_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "is_present", lambda name: False)
    parts = find_regions(astronaut(), _face())
    assert any("twinbrush models fetch" in warning for warning in parts.warnings)
    assert not any("models fetch" in warning for warning in _parts().warnings)
    both = (parts.labels > 0) & (_parts().labels > 0)
    either = (parts.labels > 0) | (_parts().labels > 0)
    assert 0.85 < both.sum() / either.sum() < 1


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_switched_off_and_matters(part: str) -> None:
    """The benchmark's ablation switches these: each changes something on a picture with a neighbour and strands."""
    face, photo = _face(), astronaut()
    pair = np.concatenate([photo[:, :250], photo[:, 180:442]], axis=1)
    other = replace(face, landmarks=face.landmarks + np.array([70.0, 0, 0]))
    whole = find_regions(pair, face, others=(other,))
    less = find_regions(pair, face, others=(other,), without=frozenset({part}))
    assert (np.abs(whole.matte - less.matte) > 1e-3).any() or (whole.labels != less.labels).any()


def test_same_bytes_again() -> None:
    again = find_regions(astronaut(), _face())
    for key in ("matte", "labels", "confidence", "glasses"):
        np.testing.assert_array_equal(getattr(_parts(), key), getattr(again, key))


def test_a_bald_head_is_found_whole(shared_data: Path) -> None:
    """Where hair is expected and skin is not, a scalp is skin nonetheless, and no ground."""
    need_models()
    for name in ("head0_yaw20_pitch0", "head2_yaw-10_pitch10"):
        picture = load_image(shared_data / "heads" / f"{name}.png").pixels
        with np.load(shared_data / "heads" / f"{name}.npz") as file:
            at = np.round(file["pixels_xy"][file["visible"]]).astype(int)
        face = find_face(picture, FaceConfig(), where=name)
        parts = find_regions(picture, face)
        at = at[at[:, 1] < face.landmarks[indices.FOREHEAD_TOP, 1]]
        at = at[(at.min(1) >= 0) & (at.max(1) < len(picture))]
        assert (parts.labels[at[:, 1], at[:, 0]] == S).mean() > 0.95


def test_the_flat_surround_of_a_round_picture_is_ground() -> None:
    need_models()
    picture = cv2.resize(astronaut()[:270, 88:358], (540, 540), interpolation=cv2.INTER_CUBIC)
    ys, xs = np.mgrid[:540, :540]
    disc = np.hypot(xs - 269.5, ys - 269.5) < 215
    picture = np.where(disc[..., None], np.clip(picture, 0, 1), 1.0).astype(np.float32)
    parts = find_regions(picture, find_face(picture, FaceConfig(), where="avatar"))
    assert parts.matte[~disc].max() == 0
    assert (parts.labels[disc] > 0).mean() > 0.4


def _check(parts: RegionMap, known: dict[Label, list[tuple[int, int]]]) -> None:
    """What is trusted must be right (a hat may be hair: both are shaped and painted as hair); of the known points of
    every class but the ground one must be trusted."""
    for label, points in known.items():
        seen = [(Label(int(parts.labels[y, x])), round(float(parts.confidence[y, x]), 2)) for x, y in points]
        wrong = [(point, found) for point, found in zip(points, seen, strict=True)
                 if COARSE[found[0]] not in (COARSE[label], Region.BACKGROUND) and found[1] >= TRUSTED]
        assert not wrong, f"{label.name}: {wrong}"
        assert any(
            COARSE[found] == COARSE[label] and (sure >= TRUSTED or label == G) for found, sure in seen
        ), (label.name, seen)


@pytest.mark.parametrize("name", ["oil", "ink", "mosaic", "pastel", "woodcut"])
def test_bundled_styles(name: str) -> None:
    parts = _painted(BUNDLED / f"{name}.png")
    _check(parts, KNOWN[name])
    trusted = parts.confidence >= TRUSTED
    for label, least in ((S, 0.05), (H, 0.01), (C, 0.015)):  # enough of each to paint with
        assert (trusted & (parts.labels == label)).mean() > least, label.name
    assert ((parts.matte > 0.5) == (parts.labels != G)).all()


@pytest.mark.parametrize("name", [name for name in KNOWN if not (BUNDLED / f"{name}.png").exists()])
def test_real_art(name: str, shared_data: Path) -> None:
    (path,) = [file for file in (shared_data / "styles").glob(f"{name}.*") if file.suffix in {".jpg", ".png"}]
    _check(_painted(path), KNOWN[name])
