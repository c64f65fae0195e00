"""Light on unseen skin, the mouth as the photo shows it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from test_details import front_camera

from heads import SIZE, coefficients, crop_of
from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import vertex_normals
from twinbrush.faces import indices
from twinbrush.maths.texels import texels_of
from twinbrush.sculpt.assemble import mouth_vertices
from twinbrush.sculpt.fit import lip_roll
from twinbrush.sculpt.light import LAMPS, shading, sphere, transfer
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.skin import Sight
from twinbrush.sculpt.teeth import MouthLook, follows, lift_of, paint_teeth
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import EAR

UNIT = SIZE / 420


def front() -> np.ndarray:
    """How well each vertex of the mean head is seen from the front."""
    model = template()
    return np.where(model.labels <= 3, (vertex_normals(model.mean, model.triangles)[:, 2] > 0.5) * 1.0, 0.0)


def test_unseen_skin_is_as_bright_as_the_light_makes_it() -> None:
    model = template()
    lamps = sphere(LAMPS)
    bright = 0.2 + np.clip(lamps @ np.array([-0.8, 0.2, 0.56]), 0, None)  # from the picture's left
    light = transfer(model, model.mean) @ bright
    colour = np.array([0.8, 0.6, 0.5]) * ((light / light.max()) ** (1 / 2.2))[:, None]
    shade = shading(model, model.mean, colour, front())
    side = (front() < 0.5) & (np.abs(model.mean[:, 0]) > 60) & (model.labels <= 1)
    assert np.corrcoef(shade[side, 1], colour[side, 1])[0, 1] > 0.9
    left, right = (shade[side & (model.mean[:, 0] * s > 0), 1].mean() for s in (-1, 1))
    assert right < 0.8 * left


def test_an_ears_hollow_is_darker_than_its_rim() -> None:
    model = template()
    colour = np.full((len(model.mean), 3), 0.6)
    shade = shading(model, model.mean, colour, front())[model.labels == EAR, 0]
    assert np.quantile(shade, 0.05) < 0.8 * np.quantile(shade, 0.95)


def test_the_lower_lips_rim_is_where_it_is_seen() -> None:
    roll = lip_roll(8.0)
    assert roll[14, 1] == 0
    assert roll[13, 1] < -1
    assert np.abs(lip_roll(1.0)).max() == 0


def open_mouth() -> tuple[np.ndarray, Camera, Crop]:
    """Teeth of a head with an open mouth, its camera and crop (dark between the lips)."""
    crop = crop_of(1, 0.0, 0.3)
    found = coefficients(1, jawOpen=0.3)
    model = template()
    maps = np.tensordot(found.expression, model.expressions.mouth_maps, 1)
    image = crop.image.copy()
    points = crop.face.landmarks[list(indices.MOUTH_OPENING), :2]
    cv2.fillPoly(image, [np.round(points).astype(np.int32)], (0.1, 0.03, 0.03))
    return mouth_vertices(model.mouth, found.identity, maps), front_camera(), replace(crop, image=image)


def with_teeth_down_to(crop: Crop, share: float) -> Crop:
    """The crop with white above that share of the opening."""
    image = crop.image.copy()
    points = crop.face.landmarks[:, :2]
    upper = points[list(indices.LIPS_INNER_UPPER)]
    lower = points[list(indices.LIPS_INNER_LOWER)]
    band = np.concatenate([upper, (upper + share * (lower - upper))[::-1]])
    cv2.fillPoly(image, [np.round(band).astype(np.int32)], (0.9, 0.85, 0.8))
    return replace(crop, image=image)


def test_teeth_end_where_the_photo_shows_their_edge() -> None:
    inside, camera, crop = open_mouth()
    mouth = template().mouth
    points = crop.face.landmarks
    gap = float(np.linalg.norm(points[13, :2] - points[14, :2]))
    lifts = [lift_of(mouth, inside, camera, with_teeth_down_to(crop, s), UNIT) for s in (0.2, 0.4)]
    assert abs((lifts[0] - lifts[1]) - 0.2 * gap / UNIT) < 0.8
    for share, lift in zip((0.2, 0.4), lifts, strict=True):
        moved = inside + lift * follows(mouth, lift)[:, None] * [0, 1, 0]
        incisors = (mouth.labels == 1) & (np.abs(mouth.mean[:, 0]) < 6)
        edge = project(camera, moved[incisors])[0][:, 1].max()
        assert abs(edge - (points[13, 1] + share * gap)) < 1.2 * UNIT
    assert lift_of(mouth, inside, camera, crop_of(1, 0.0, 0.0), UNIT) == 0


def test_seen_teeth_have_the_photos_colour_and_lips_lend_them_none() -> None:
    inside, camera, _ = open_mouth()
    model = template()
    texels = texels_of(model.mouth.layout.uv, model.mouth.layout.triangles, 512)
    painted = []
    for colour in ((0.5, 0.9, 0.6), (0.8, 0.3, 0.3)):
        image = np.tile(np.array(colour, np.float32), (SIZE, SIZE, 1))
        whole = np.ones((SIZE, SIZE))
        sight = Sight(camera, image, image, whole, np.full((SIZE, SIZE), 1e6))
        atlas, covered = np.zeros((512, 512, 3), np.float32), np.zeros((512, 512), bool)
        paint_teeth(model, inside, MouthLook(np.array([0.8, 0.8, 0.7]), 1.0, whole), sight, atlas, covered)
        painted.append(atlas.reshape(-1, 3)[texels.place[texels.inside]])
    assert (np.abs(painted[0] - [0.5, 0.9, 0.6]).max(1) < 0.02).mean() > 0.1
    corner = model.mouth.layout.triangles[texels.face[texels.inside], 0]
    tooth = model.mouth.labels[model.mouth.layout.origin[corner]] > 0
    red = painted[1][tooth]
    assert (red[:, 0] - red[:, 1] > 0.3).mean() < 0.01
