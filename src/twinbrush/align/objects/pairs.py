"""The user's own pairs of points: {"pairs": [{"content": [x, y], "style": [x, y]}, ...]}, clicked or typed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from twinbrush.base.errors import BadLandmarks

LEAST, MOST = 3, 500
NEAREST_PX = 1.0
MAX_BYTES = 1 << 20  # of the file: 500 pairs need about 30 kB
_FORM = '{"pairs": [{"content": [x, y], "style": [x, y]}, ...]}'
_REMEDY = f"Give {LEAST} to {MOST} pairs in pixels of the two pictures, as {_FORM}."


@dataclass(frozen=True)
class UserPairs:
    """content_xy[i] in the content picture shows what style_xy[i] shows in the style (pixels, base/camera.py)."""

    content_xy: Float[np.ndarray, "n 2"]
    style_xy: Float[np.ndarray, "n 2"]


def parse_pairs(
    text: str, *, content_size: tuple[int, int], style_size: tuple[int, int], where: str = "pairs"
) -> UserPairs:
    """Checked pairs from JSON text; sizes are (width, height) of the two pictures.

    "content_size": [w, h] and "style_size": [w, h] may be in the file: the pictures' sizes when the points were
    clicked; the points are scaled if the pictures are larger or smaller now. Raises BadLandmarks.
    """
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: no JSON, or a whole number of thousands of digits
        raise BadLandmarks(f"{where}: is no JSON ({str(error)[:80]}).", _REMEDY) from error
    if not isinstance(data, dict) or not isinstance(data.get("pairs"), list):
        raise BadLandmarks(f'{where}: there is no list "pairs".', _REMEDY)
    pairs: list[Any] = data["pairs"]
    if not LEAST <= len(pairs) <= MOST:
        raise BadLandmarks(f"{where}: {len(pairs)} pairs, {LEAST} to {MOST} are needed.", _REMEDY)
    content = _points(pairs, "content", data.get("content_size"), content_size, where)
    style = _points(pairs, "style", data.get("style_size"), style_size, where)
    return UserPairs(content, style)


def format_pairs(pairs: UserPairs, content_size: tuple[int, int], style_size: tuple[int, int]) -> str:
    """The JSON text that `parse_pairs` reads."""
    listed = [
        {"content": [round(float(v), 3) for v in a], "style": [round(float(v), 3) for v in b]}
        for a, b in zip(pairs.content_xy, pairs.style_xy, strict=True)
    ]
    return json.dumps({"content_size": list(content_size), "style_size": list(style_size), "pairs": listed}, indent=1)


def _points(
    pairs: list[Any], name: str, clicked: object, size: tuple[int, int], where: str
) -> Float[np.ndarray, "n 2"]:
    points = np.array([_point(pair, name, f"{where}: pair {number}") for number, pair in enumerate(pairs, 1)])
    if clicked is not None:
        old = _size(clicked, f'{where}: "{name}_size"')
        # Pixel centres: new = (old + 0.5) ratio - 0.5.
        points = (points + 0.5) * (np.array(size) / old) - 0.5
    outside = (points < -0.5).any(1) | (points > np.array(size) - 0.5).any(1)
    if outside.any():
        number = int(outside.argmax())
        x, y = points[number]
        raise BadLandmarks(
            f"{where}: pair {number + 1}: the {name} point ({x:g}, {y:g}) is outside the picture "
            f"({size[0]} x {size[1]} pixels).",
            _REMEDY,
        )
    _check_spread(points, name, where)
    return points


def _point(pair: object, name: str, where: str) -> tuple[float, float]:
    value = pair.get(name) if isinstance(pair, dict) else None  # type: ignore[reportUnknownMemberType]
    if not isinstance(value, list) or len(value) != 2:  # type: ignore[reportUnknownArgumentType]
        raise BadLandmarks(f'{where}: has no "{name}": [x, y].', _REMEDY)
    numbers = [_number(v) for v in value]  # type: ignore[reportUnknownVariableType]
    if not np.isfinite(numbers).all():
        raise BadLandmarks(f"{where}: the {name} point {value} is no pair of finite numbers.", _REMEDY)
    return numbers[0], numbers[1]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan")
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _size(value: object, where: str) -> Float[np.ndarray, "2"]:
    numbers = [_number(v) for v in value] if isinstance(value, list) else []  # type: ignore[reportUnknownVariableType]
    if len(numbers) != 2 or not np.isfinite(numbers).all() or min(numbers) < 1:
        raise BadLandmarks(f"{where} is no [width, height] in pixels.", _REMEDY)
    return np.array(numbers)


def _check_spread(points: Float[np.ndarray, "n 2"], name: str, where: str) -> None:
    gap = np.linalg.norm(points[:, None] - points[None], axis=2) + np.where(np.eye(len(points)) > 0, np.inf, 0.0)
    if gap.min() < NEAREST_PX:
        first, second = sorted(int(v) + 1 for v in np.unravel_index(gap.argmin(), gap.shape))
        raise BadLandmarks(f"{where}: the {name} points of pairs {first} and {second} coincide.", _REMEDY)
    narrow = np.linalg.svd(points - points.mean(0), compute_uv=False)
    if narrow[1] < 0.02 * narrow[0]:
        raise BadLandmarks(f"{where}: all {name} points lie on one line.", "Give at least one point beside the line.")
