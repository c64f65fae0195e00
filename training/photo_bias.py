"""Measures sculpt/landmark_bias.safetensors: the landmark network's synthetic-to-real bias.

    python training/photo_bias.py PHOTO.jpg [MORE.jpg ...]

Each photo's head is fitted without brow, squint and sneer expressions: what the brows' landmarks are then off, in the
head's frame, symmetrised, is the photo's bias and the person's brows; its median over people is kept. (More than one
round drifts: identity can take up a bias.) Judge on other people than these.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from twinbrush.base.camera import project
from twinbrush.base.files import write_atomically
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.faces import indices
from twinbrush.faces.face_model import mirror_indices
from twinbrush.regions.inputs import read_input
from twinbrush.sculpt.fit import fit_head, lip_roll, seen_points
from twinbrush.sculpt.portrait.geometry import Frame, make_frame
from twinbrush.sculpt.template import template

STILL = ("brow", "eyeSquint", "eyeWide", "cheekSquint", "noseSneer")
ROUNDS = 1
FLIP = np.array([-1.0, 1.0])


def residual(frame: Frame, bias: np.ndarray) -> np.ndarray:
    """What the landmarks are seen beside the fitted head's (468, 2), head's x and y, mm."""
    model = template()
    found, pose = fit_head(model, frame, bias, STILL)
    wanted = seen_points(frame)
    roll = lip_roll(float(np.linalg.norm(wanted[13] - wanted[14])))
    offset = np.c_[model.regression.offset + roll, np.zeros(468)]
    camera = pose.camera_of_head(frame.camera)
    pixels, depth = project(camera, model.landmarks(found.head(model)) + offset)
    seen, _ = project(frame.camera, frame.landmarks_xyz)
    gap = (seen - pixels) * (depth / camera.intrinsics[0, 0])[:, None] * [1, -1]
    return (np.c_[gap, np.zeros(468)] @ pose.rotation)[:, :2]


def measured(frames: list[Frame]) -> np.ndarray:
    """The bias (468, 2)."""
    bias = np.zeros((468, 2))
    for _ in range(ROUNDS):
        rows = np.array([residual(frame, bias) for frame in frames])
        rows = np.concatenate([rows, rows[:, mirror_indices()] * FLIP])
        bias = np.median(rows, axis=0)
        lips = list(indices.LIPS_INNER_UPPER[1:-1]), list(indices.LIPS_INNER_LOWER[1:-1])
        bias[lips[0]] = bias[lips[1]] = (bias[lips[0]] + bias[lips[1]]) / 2
        named = {"brows": indices.BROW_LEFT, "upper lids": indices.EYE_LEFT_UPPER, "lower lids": indices.EYE_LEFT_LOWER,
                 "lips": indices.LIPS_OUTER, "nose": indices.NOSE, "outline": indices.OVAL}
        print({name: bias[list(points)].mean(0).round(2).tolist() for name, points in named.items()}, flush=True)
    return bias


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("src/twinbrush/sculpt/landmark_bias.safetensors"))
    arguments = parser.parse_args()
    frames = []
    for path in arguments.photos:
        given = read_input(path, FaceConfig(face=0), PortraitConfig(), art=False)
        frames.append(make_frame(given.face, given.picture.pixels.shape[1], given.picture.pixels.shape[0]))
    data = save({"bias": measured(frames).astype(np.float32)})
    write_atomically(arguments.out, data)


if __name__ == "__main__":
    main()
