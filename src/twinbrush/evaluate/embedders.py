"""Likeness as a machine sees it: a proxy, told as such, never a gate.

Two embedders that have nothing in common, so that neither can be gamed alone: dlib's face ResNet (`dlib-bin` and the
ResNet of `face-recognition-models`, CC0; its landmark predictor is not used: our own landmarks place the faces), and
EfficientNet-Lite0, trained on things, over the same aligned face. Both belong to the optional extra `evaluate`.
Measured for dlib's (benchmarks/likeness.py): the same person in two photos 0.31 to 0.54, others 0.64 and more.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.base.errors import FaceNotFound, FaceUnusable, ModelFileError
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.evaluate.texture import Maps
from twinbrush.faces.face import find_face

Embedder = Callable[[Float[np.ndarray, "h w 3"]], "Float[np.ndarray, 'd'] | None"]
"""Picture, RGB 0..1 -> numbers of its best face, None where no face is found."""
FIVE = (263, 362, 33, 133, 2)  # the eyes' corners (dlib begins with the person's left), below the nose
CHIP, PADDING = 150, 0.25
LEAST_FACE_PX = 40.0
RESNET_PACKAGE, RESNET_FILE = "face_recognition_models", "models/dlib_face_recognition_resnet_model_v1.dat"
_REMEDY = "Install them: pip install 'twinbrush[evaluate]'."


def face_points(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "5 2"] | None:
    """Returns the five points that place a face, pixels; None where no face is found. Raises ModelFileError."""
    try:
        found = find_face(
            np.ascontiguousarray(image, np.float32), FaceConfig(face=0), where="picture",
            portrait=PortraitConfig(min_face_px=LEAST_FACE_PX))
    except (FaceNotFound, FaceUnusable):
        return None
    return np.asarray(found.landmarks[list(FIVE), :2], float)


def dlib_embedder(weights: Path | None = None) -> Embedder:
    """Returns dlib's face ResNet: 128 numbers, compared by their distance. Raises ModelFileError."""
    if util.find_spec("dlib") is None:
        raise ModelFileError("dlib is not installed.", _REMEDY)
    import dlib  # pyright: ignore[reportMissingImports]

    library: Any = dlib
    path = weights or _installed()
    if not path.is_file():
        raise ModelFileError(f"{path}: is not there.", _REMEDY)
    net: Any = library.face_recognition_model_v1(str(path))

    def embedder(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "d"] | None:
        points = face_points(image)
        if points is None:
            return None
        pixels = np.ascontiguousarray((np.clip(image, 0, 1) * 255).astype(np.uint8))
        five = [library.point(*(round(float(v)) for v in point)) for point in points]
        whole = library.rectangle(0, 0, pixels.shape[1], pixels.shape[0])
        found = library.full_object_detection(whole, five)
        chip = library.get_face_chip(pixels, found, size=CHIP, padding=PADDING)
        sides = (chip, np.ascontiguousarray(chip[:, ::-1]))  # dlib's own jitter is random: no two calls give the same
        return np.mean([np.array(net.compute_face_descriptor(side), float) for side in sides], axis=0)

    return embedder


def feature_embedder(maps: Maps) -> Embedder:
    """Returns a general network's deepest map over the aligned face: each place's features less their mean over the
    places, at unit length, so that the squared distance is twice one minus the cosine."""

    def embedder(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "d"] | None:
        points = face_points(image)
        if points is None:
            return None
        level = np.asarray(maps(aligned_face(image, points))[-1], float)
        numbers = (level - level.mean((1, 2), keepdims=True)).ravel()
        return numbers / max(float(np.linalg.norm(numbers)), 1e-12)

    return embedder


def aligned_face(image: Float[np.ndarray, "h w 3"], points: Float[np.ndarray, "5 2"]) -> Float[np.ndarray, "s s 3"]:
    """Returns the face upright with its eyes at fixed places, CHIP pixels wide, brightness and contrast evened."""
    right, left = points[:2].mean(0), points[2:4].mean(0)  # the person's left eye stands right in the picture
    goal = np.array([[0.68, 0.38], [0.32, 0.38]]) * CHIP
    one, other = complex(*(right - left)), complex(*(goal[0] - goal[1]))
    turn = other / one
    matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    place = np.concatenate([matrix, (goal.mean(0) - matrix @ ((right + left) / 2))[:, None]], 1)
    chip = cv2.warpAffine(np.ascontiguousarray(image, np.float32), place, (CHIP, CHIP), flags=cv2.INTER_AREA,
                          borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    return np.clip((chip - chip.mean()) / (4 * chip.std() + 1e-6) + 0.5, 0, 1).astype(np.float32)


def distances(
    results: list[Float[np.ndarray, "_"] | None], candidates: list[Float[np.ndarray, "_"] | None]
) -> Float[np.ndarray, "r n"]:
    """Returns the Euclidean distances of embeddings; nan where a face was not found."""
    out = np.full((len(results), len(candidates)), np.nan)
    for i, one in enumerate(results):
        for j, other in enumerate(candidates):
            if one is not None and other is not None:
                out[i, j] = np.linalg.norm(one - other)
    return out


def _installed() -> Path:
    found = util.find_spec(RESNET_PACKAGE)  # found, not imported: its code wants a package that is gone
    if found is None or found.origin is None:
        raise ModelFileError("The ResNet of face-recognition-models is not installed.", _REMEDY)
    return Path(found.origin).parent / RESNET_FILE
