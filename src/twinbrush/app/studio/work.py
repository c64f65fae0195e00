"""What the studio's workers do: everything that batch's do, and looks at pictures, other forms, printable solids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from twinbrush.app.batch import work
from twinbrush.app.batch.work import load_config, told
from twinbrush.base.progress import Progress

PREVIEW_SIDE, THUMB_SIDE = 1280, 256  # px
BRUSH_SIDE = 1024  # px: of the picture that the brush paints on
_QUALITY = 86
THUMB = "thumb.jpg"


def perform(task: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Carry out a task and return what is to be said of it. Raises TwinbrushError."""
    if task["kind"] == "look":
        return look(task)
    if task["kind"] == "regions":
        return regions(task)
    answer = reshape(task, progress) if task["kind"] == "reshape" else work.perform(task, progress)
    _write_small(Path(task["out"]) / "figure_0.png", Path(task["thumb"]), THUMB_SIDE)
    return answer


def reshape(task: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """`twinbrush reshape` with pictures. task: out, strength, caricature, hair_shape, relief. Raises
    TwinbrushError."""
    from twinbrush.road.pipeline import reshape_files

    result = reshape_files(
        Path(task["out"]), task["strength"], caricature=task["caricature"], hair_shape=task["hair_shape"],
        relief=task["relief"], stills=True, progress=progress)
    return told(result)


def look(task: Mapping[str, Any]) -> dict[str, Any]:
    """What is found in a picture, and its preview. task: picture, art, config, preview. Raises TwinbrushError.

    Everything is told in pixels of the picture as it is decoded, however it must be turned to be upright.
    """
    from twinbrush.base.image import load_image, turned
    from twinbrush.base.models import ensure_models
    from twinbrush.faces.face import find_face_with_warnings, upright_turn
    from twinbrush.faces.hints import click_points
    from twinbrush.faces.landmarks68 import INDEX_68
    from twinbrush.regions.inputs import read_input

    path, config, art = Path(task["picture"]), load_config(Path(task["config"])), bool(task["art"])
    picture = load_image(path)
    height, width = picture.pixels.shape[:2]
    _write_preview(picture.pixels, Path(task["preview"]))
    answer: dict[str, Any] = {"width": width, "height": height}
    if task.get("only_preview"):
        return answer
    ensure_models()
    face_config = config.style_face if art else config.photo_face
    if face_config.mask is not None or face_config.regions is not None:
        read_input(path, face_config, config.portrait, art=art)  # refuses what does not fit the picture
    quarters = upright_turn(picture.pixels, face_config, where=path.name)
    picture = turned(picture, quarters)
    found = find_face_with_warnings(
        picture.pixels, face_config, where=path.name, art=art, portrait=config.portrait)
    face = found.face

    def back(points: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n 2"]:
        return turned_back(points[:, :2], quarters, width, height)

    degrees = np.degrees([face.yaw_radians, face.pitch_radians, face.roll_radians])
    return answer | {
        "box": _box(back(np.array(face.box_xyxy).reshape(2, 2))),
        "others": [_box(back(np.array(other.box_xyxy).reshape(2, 2))) for other in found.others],
        "clicks": np.round(back(click_points(face.landmarks)), 1).tolist(),
        "landmarks": np.round(back(face.landmarks[list(INDEX_68)]), 1).tolist(),
        "yaw_degrees": round(float(degrees[0]), 1), "pitch_degrees": round(float(degrees[1]), 1),
        "roll_degrees": round(float(degrees[2]), 1), "score": round(face.score, 3),
        "warnings": [*picture.notes, *found.warnings],
    }


def regions(task: Mapping[str, Any]) -> dict[str, Any]:
    """Which pixel of a picture is what, as a small picture in the legend's colours that lies as the file's pixels do.

    task: picture, art, config, drawn (where the PNG goes). Raises TwinbrushError.
    """
    import cv2

    from twinbrush.base.image import save_png
    from twinbrush.base.models import ensure_models
    from twinbrush.regions.engine import find_regions
    from twinbrush.regions.given import picture_of_labels
    from twinbrush.regions.inputs import read_input

    config, art = load_config(Path(task["config"])), bool(task["art"])
    ensure_models()
    face_config = config.style_face if art else config.photo_face
    found = read_input(Path(task["picture"]), face_config, config.portrait, art=art)
    parts = find_regions(
        found.picture.pixels, found.face, mask=found.mask, given=found.labels, others=found.others)
    labels = np.ascontiguousarray(np.rot90(parts.labels, -found.quarters))
    scale = min(1.0, BRUSH_SIDE / max(labels.shape))
    width, height = (max(1, round(side * scale)) for side in labels.shape[::-1])
    small = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
    save_png(Path(task["drawn"]), picture_of_labels(small).astype(np.float32) / 255)
    return {"width": labels.shape[1], "height": labels.shape[0]}


def turned_back(
    points_xy: Float[np.ndarray, "n 2"], quarters: int, width: int, height: int
) -> Float[np.ndarray, "n 2"]:
    """Points of a picture that was turned by so many quarters counter-clockwise, in the pixels it had before."""
    x, y = points_xy[:, 0], points_xy[:, 1]
    ways = (
        (x, y), (width - 1 - y, x), (width - 1 - x, height - 1 - y), (y, height - 1 - x))
    return np.stack(ways[quarters % 4], 1)


def _box(corners: Float[np.ndarray, "2 2"]) -> list[float]:
    low, high = corners.min(0), corners.max(0)
    return [round(float(value), 1) for value in (*low, *high)]


def _write_preview(pixels: Float[np.ndarray, "h w 3"], path: Path) -> None:
    if not path.exists():
        _write_jpeg(pixels, path, PREVIEW_SIDE)


def _write_small(picture: Path, path: Path, side: int) -> None:
    from twinbrush.base.image import load_image

    if picture.is_file():
        _write_jpeg(load_image(picture).pixels, path, side)


def _write_jpeg(pixels: Float[np.ndarray, "h w 3"], path: Path, side: int) -> None:
    from twinbrush.base.files import write_atomically
    from twinbrush.base.image import resize, to_bytes
    from twinbrush.meshes.plain.surface import photo_bytes

    scale = min(1.0, side / max(pixels.shape[:2]))
    small = resize(pixels, max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    write_atomically(path, photo_bytes(to_bytes(small), _QUALITY))


if __name__ == "__main__":
    from twinbrush.app.batch.worker import serve

    serve(perform)
