"""A small figure in flat colours (the template's mean head, a cap of hair, a bust), and options with which a whole
figure is made in a minute, types checked: small pictures, few steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from twinbrush.base.camera import look_at_origin
from twinbrush.base.mesh import Mesh, Region
from twinbrush.config import DEFAULT, FAST
from twinbrush.sculpt.assemble import part_mesh
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure, HeadFit, Part

SKIN, HAIR, CLOTH = (0.85, 0.65, 0.5), (0.25, 0.16, 0.1), (0.2, 0.35, 0.6)
SMALL = replace(
    FAST,
    sculpt=replace(FAST.sculpt, texture_size=256),
    views=replace(FAST.views, size=128),
    stylize=replace(
        FAST.stylize,
        objective=replace(FAST.stylize.objective, sizes=(32, 64), steps=(4, 4), refine_steps=1),
        ring=replace(FAST.stylize.ring, waves=(((80, 0), (-80, 0)), ((180, 0),)), lead_sizes=(32,), lead_steps=(4,)),
    ),
    reconstruct=replace(FAST.reconstruct, texture_size=256),
    surface=DEFAULT.surface,
    export=replace(FAST.export, still_size=128, turntable=True, turntable_frames=4),
)


@dataclass(frozen=True)
class Box:
    """Part of the atlas: x0, y0, width, height in texture coordinates."""

    left: float
    low: float
    width: float
    height: float

    def at(self, uv: np.ndarray) -> np.ndarray:
        return np.array([self.left, self.low]) + uv * [self.width, self.height]


HEAD_BOX, HAIR_BOX, BUST_BOX = Box(0.0, 0.0, 0.5, 1.0), Box(0.51, 0.51, 0.48, 0.48), Box(0.51, 0.01, 0.48, 0.48)


def ellipsoid(
    centre: tuple[float, float, float], radii: tuple[float, float, float], box: Box, keep: tuple[float, float]
) -> Mesh:
    """Part of an ellipsoid (heights from keep[0] to keep[1], -1..1), its uv a grid in the box, open at its rims."""
    columns, rows = 49, 25
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    around = 2 * np.pi * u
    height = keep[0] + (keep[1] - keep[0]) * v
    wide = np.sqrt(np.maximum(1 - height**2, 0))
    points = np.stack([-wide * np.sin(around), height, -wide * np.cos(around)], -1).reshape(-1, 3) * radii + centre
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    faces = np.concatenate([
        np.stack([corner, corner + 1, corner + columns], 1),
        np.stack([corner + 1, corner + columns + 1, corner + columns], 1)])
    first = np.arange(rows) * columns
    return Mesh(points, faces, box.at(np.stack([u, v], -1).reshape(-1, 2)),
                seam=np.stack([first, first + columns - 1], 1))


@cache
def small_figure() -> Figure:
    """The mean head in skin, hair and cloth of one colour each; the bust's lower half is its plinth."""
    model = template()
    head = part_mesh(model.mean, model.layout)
    assert head.uv is not None
    head = replace(head, uv=HEAD_BOX.at(head.uv))
    hair = ellipsoid((0, 5, -75), (88, 118, 105), HAIR_BOX, (0.25, 0.999))
    hair = replace(hair, regions=np.full(len(hair.vertices), Region.HAIR, np.uint8))
    bust = ellipsoid((0, -260, -70), (190, 90, 100), BUST_BOX, (-0.999, 0.999))
    bust = replace(bust, regions=np.full(len(bust.vertices), Region.CLOTH, np.uint8))
    texture = np.zeros((128, 256, 3), np.float32)
    texture[:, :128], texture[:64, 128:], texture[64:, 128:] = SKIN, HAIR, CLOTH
    camera = look_at_origin(0.0, 0.0, 600.0, 600.0, 64, 64)
    fit = HeadFit(
        camera, np.zeros(len(model.modes)), np.zeros(len(model.expressions.names)), model.mean, model.mean,
        np.ones(468), np.zeros((468, 2)), 1.0)
    plinth = (bust.vertices[:, 1] < -300).astype(float)
    nowhere = np.zeros(3)
    parts = (Part("Head", head, nowhere), Part("Hair", hair, nowhere), Part("Bust", bust, nowhere, plinth=plinth))
    return Figure(parts, texture, model.landmarks(model.mean), camera, fit)
