"""What a rival of one picture sees: the squares about both heads, with faces and regions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from twinbrush.faces.values import Face
from twinbrush.regions.engine import find_regions
from twinbrush.regions.inputs import Input
from twinbrush.sculpt.portrait.crop import moved_face
from twinbrush.sculpt.values import Figure

SIDE_FACE_HEIGHTS = 3.0  # side of the square: hair and shoulders are in it
CENTRE_BELOW_FACE = 0.15  # its centre below the face's middle, in face heights


@dataclass(frozen=True)
class Square:
    """A picture's square about the head (s, s, 3), the face in its pixels."""

    image: Float[np.ndarray, "s s 3"]
    face: Face


@dataclass(frozen=True)
class Scene:
    """Both squares, of one size, and the content's labels (s, s) of `regions.Label`."""

    content: Square
    style: Square
    labels: UInt8[np.ndarray, "s s"]


@dataclass(frozen=True)
class Rival:
    """What a rival makes. figure: painted, in its shape. picture: the picture that its paint came from. log: numbers
    worth keeping."""

    figure: Figure
    picture: Float[np.ndarray, "s s 3"]
    log: dict[str, float]
    warnings: tuple[str, ...] = ()


def make_scene(content: Input, art: Input, size: int) -> Scene:
    """Returns the squares of a photo and a style at `size` pixels."""
    found = find_regions(content.picture.pixels, content.face, mask=content.mask, given=content.labels,
                         others=content.others)  # fmt: skip
    window = _window(content.face, content.picture.pixels.shape[:2])
    labels = _cut(found.labels, window, size, cv2.INTER_NEAREST)
    return Scene(_square(content, size), _square(art, size), labels)


def _square(given: Input, size: int) -> Square:
    left, top, side = window = _window(given.face, given.picture.pixels.shape[:2])
    image = _cut(np.ascontiguousarray(given.picture.pixels, np.float32), window, size, cv2.INTER_AREA)
    scale = size / side
    offset = np.array([(0.5 - left) * scale - 0.5, (0.5 - top) * scale - 0.5])
    return Square(image, moved_face(given.face, scale, offset))


def _window(face: Face, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Left, top and side in whole pixels, inside the picture."""
    side = min(round(SIDE_FACE_HEIGHTS * face.height_px), shape[0], shape[1])
    middle = (face.landmarks[10, :2] + face.landmarks[152, :2]) / 2 + [0, CENTRE_BELOW_FACE * face.height_px]
    left, top = np.clip(np.round(middle - side / 2), 0, [shape[1] - side, shape[0] - side])
    return int(left), int(top), side


def _cut(values: np.ndarray, window: tuple[int, int, int], size: int, way: int) -> np.ndarray:
    left, top, side = window
    part = np.ascontiguousarray(values[top : top + side, left : left + side])
    enlarging = cv2.INTER_CUBIC if way == cv2.INTER_AREA and size > side else way
    out = cv2.resize(part, (size, size), interpolation=enlarging)
    return np.clip(out, 0, 1) if out.dtype == np.float32 else out


def with_landmarks(face: Face, points_xy: Float[np.ndarray, "468 2"]) -> Face:
    """Returns the face with its landmarks at other places, each as deep as it was."""
    return replace(face, landmarks=np.concatenate([points_xy, face.landmarks[:, 2:]], 1))
