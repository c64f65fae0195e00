"""How the template's arrays are packed: half a head (the other half is its mirror image), whole numbers, zlib."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from train_template import Learner

Array = np.ndarray
FLIP = np.array([-1.0, 1.0, 1.0])
FINE_MODES = 12  # of the symmetric modes: the large ones, in 12 bits; the others in 8
POSITION_STEP_MM = 0.008
EXPRESSION_STEP_MM = 0.008
STILL_MM = 0.03  # an expression leaves vertices that move less where they are


def squeezed(values: Array) -> Array:
    """zlib's bytes of an array of whole numbers, bytes of one significance together."""
    raw = np.ascontiguousarray(values).view(np.uint8).reshape(-1, values.dtype.itemsize)
    return np.frombuffer(zlib.compress(raw.T.tobytes(), 9), np.uint8)


def rounded(values: Array, step: float) -> Array:
    """int16 multiples of step. Raises ValueError when they do not fit."""
    whole = np.round(values / step)
    if np.abs(whole).max() > 32767:
        raise ValueError("step too small")
    return whole.astype(np.int16)


def packed_modes(learner: Learner, model: dict[str, Array], extra: dict[str, Array], groups: Array) -> dict[str, Array]:
    """Mean, modes, mesh, texture layout, landmarks, eyes, mouth's parts."""
    from train_template import SYMMETRIC

    half = np.flatnonzero(np.arange(len(learner.mirror)) <= learner.mirror)  # one of each pair
    basis = model["basis"][:, half]
    fine, coarse = basis[:FINE_MODES], basis[FINE_MODES:]
    fine_step = np.abs(fine).max((1, 2)) / 2047
    coarse_step = np.abs(coarse).max((1, 2)) / 127
    layout = learner.layout
    mouth_quads = _quads(learner.mouth, extra["mouth_mean"])
    uv = lambda values: np.round(values * 65535).astype(np.uint16)  # noqa: E731
    return {
        "mean": rounded(model["mean"], POSITION_STEP_MM),
        "modes_fine": squeezed(np.round(fine / fine_step[:, None, None]).astype(np.int16)),
        "modes_coarse": squeezed(np.round(coarse / coarse_step[:, None, None]).astype(np.int8)),
        "modes_step": np.concatenate([fine_step, coarse_step]).astype(np.float32),
        "half": half.astype(np.uint16), "mirror": learner.mirror.astype(np.uint16),
        "symmetric": np.array([SYMMETRIC], np.int32),
        "quads": learner.quads.astype(np.uint16), "labels": learner.labels(model["mean"]).astype(np.uint8),
        "uv": uv(layout.uv), "uv_origin": layout.origin.astype(np.uint16),
        "uv_triangles": squeezed(layout.triangles.astype(np.uint16)),
        "landmark_corners": learner.corners.astype(np.uint16), "landmark_weights": learner.weights.astype(np.float16),
        "eyes_mean": extra["eyes"][0].astype(np.float32), "eyes_modes": extra["eyes"][1:].astype(np.float32),
        "mouth_mean": rounded(extra["mouth_mean"], POSITION_STEP_MM),
        "mouth_modes": extra["mouth_modes"].astype(np.float32), "mouth_jaw": np.round(groups * 255).astype(np.uint8),
        "mouth_quads": squeezed(mouth_quads.astype(np.uint16)), "mouth_uv": uv(layout.mouth_uv),
        "mouth_uv_origin": layout.mouth_origin.astype(np.uint16),
        "mouth_uv_triangles": squeezed(layout.mouth_triangles.astype(np.uint16)),
        "mouth_labels": _mouth_labels(learner),
    }


def _quads(dual: object, points: Array) -> Array:
    from template_mesh import quads_of

    return quads_of(dual.polygons, points)  # type: ignore[attr-defined]


def _mouth_labels(learner: Learner) -> Array:
    """0 gums and tongue, 1 upper teeth, 2 lower teeth."""
    lowest = learner.mouth.source.min(1)
    return np.where(lowest < 17039, 0, np.where(lowest < 19247, 1, 2)).astype(np.uint8)


def symmetrised(learner: Learner, names: dict[str, tuple[list[str], str]], of: str = "dual") -> dict[str, Array]:
    """Offsets (n, 3) of ARKit's expressions on our vertices, each the mean of itself and its partner's mirror image."""
    mesh = getattr(learner, of)
    raw = {name: mesh.of(sum(learner.kit.expressions[part] for part in parts)) for name, (parts, _) in names.items()}
    if of != "dual":
        return raw
    return {name: (raw[name] + raw[twin][learner.mirror] * FLIP) / 2 for name, (_, twin) in names.items()}


def packed_expressions(learner: Learner, names: dict[str, tuple[list[str], str]], groups: Array) -> dict[str, Array]:
    """Sparse offsets, those that are another's mirror image left out; affine maps of the mouth's two groups."""
    shapes = symmetrised(learner, names)
    inside = symmetrised(learner, names, "mouth")
    points = learner.mouth.of(learner.kit.neutral)
    kept = [name for name, (_, twin) in names.items() if name <= twin]
    vertices, offsets, ends = [], [], []
    for name in kept:
        moved = np.flatnonzero(np.linalg.norm(shapes[name], axis=1) > STILL_MM)
        vertices.append(moved)
        offsets.append(rounded(shapes[name][moved], EXPRESSION_STEP_MM))
        ends.append(len(moved))
    scale, origin = learner.normalisation(learner.neutral)
    frame = np.c_[scale * (points - origin), np.ones(len(points))]
    maps = []
    for name in names:
        own = []
        for weight in (1 - groups, groups):
            root = np.sqrt(weight)[:, None]
            own.append(np.linalg.lstsq(frame * root, inside[name] * root, rcond=None)[0])
        maps.append(own)
    text = "\n".join(f"{name} {twin}" for name, (_, twin) in names.items())
    return {
        "expression_names": np.frombuffer(text.encode(), np.uint8),
        "expression_vertices": squeezed(np.concatenate(vertices).astype(np.uint16)),
        "expression_offsets": squeezed(np.concatenate(offsets)),
        "expression_ends": np.cumsum(ends).astype(np.int32),
        "expression_mouth": np.array(maps, np.float32),
    }
