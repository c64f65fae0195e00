"""Draw the truth of the regions' benchmark by hand: shapes in a json file -> label pictures, and views to draw from.

    python benchmarks/truth/draw.py view PICTURE [SHAPES.json] -o view.png --box 100 80 300 280   # enlarged
    python benchmarks/truth/draw.py labels PICTURE SHAPES.json -o NAME.png                   # the label picture

The json holds `{"shapes": [...]}`, painted in order, later over earlier. A shape is one of

    {"class": "hair", "points": [[x, y], ...]}                 a polygon, in pixels (x right, y down; corners of pixels)
    {"class": "hair", "points": [...], "snap": 4}              its sides run along the strongest edges within 4 pixels
    {"class": "hair", "line": [[x, y], ...], "width": 6}       a brush stroke, as wide as that many pixels
    {"class": "unsure", "line": [...], "width": 8}             curls, strands: no score counts what lies under it
    {"class": "glasses", ...}                                  a mask of its own, the classes below it stay

What no shape covers is ground. Nothing here knows any result of the engine: shapes are drawn from the picture alone.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageOps
from skimage.graph import route_through_array

CLASSES = ("ground", "skin", "hair", "beard", "cloth", "headwear", "unsure")
COLOURS = {"ground": (64, 64, 64), "skin": (255, 180, 140), "hair": (140, 70, 20), "beard": (230, 200, 0),
           "cloth": (40, 90, 220), "headwear": (200, 40, 180), "unsure": (255, 255, 255), "glasses": (0, 220, 220)}


def read_picture(path: Path) -> np.ndarray:
    """The picture as (h, w, 3) uint8 RGB, turned upright by its Exif note."""
    return np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))


def edge_cost(picture: np.ndarray) -> np.ndarray:
    """What a step over each pixel costs a snapped side: low on strong edges of any Lab channel. (h, w) in 0.02..1."""
    lab = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32), (0, 0), 1.0)
    strength = sum(cv2.Sobel(lab, cv2.CV_32F, 1, 0)[..., c] ** 2 + cv2.Sobel(lab, cv2.CV_32F, 0, 1)[..., c] ** 2
                   for c in range(3)) ** 0.5
    return 0.02 + np.exp(-strength / 40.0)


def snapped(points: np.ndarray, cost: np.ndarray, reach: float) -> np.ndarray:
    """The closed polygon (n, 2) with each side replaced by the cheapest path within `reach` pixels of it."""
    height, width = cost.shape
    path: list[np.ndarray] = []
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        low = np.floor(np.minimum(start, end) - reach - 1).astype(int).clip(0)
        high = np.ceil(np.maximum(start, end) + reach + 2).astype(int)
        window = cost[low[1]:min(high[1], height), low[0]:min(high[0], width)].copy()
        if window.size == 0:
            path.append(start[None])
            continue
        y, x = np.mgrid[:window.shape[0], :window.shape[1]]
        along = (end - start) / max(np.linalg.norm(end - start), 1e-6)
        off = np.abs((x + 0.5 + low[0] - start[0]) * along[1] - (y + 0.5 + low[1] - start[1]) * along[0])
        window[off > reach] = 1e3
        inside = [np.clip(np.floor(p - low).astype(int), 0, np.array(window.shape[::-1]) - 1) for p in (start, end)]
        route, _ = route_through_array(window, inside[0][::-1], inside[1][::-1], fully_connected=True, geometric=True)
        path.append(np.array(route)[:-1, ::-1] + low + 0.5 if len(route) > 1 else start[None])
    return np.concatenate(path)


def paint_labels(picture: np.ndarray, shapes: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    """Classes (h, w) uint8, indices of CLASSES, and the mask of glasses (h, w) uint8 in 0, 1."""
    labels, glasses, cost = np.zeros(picture.shape[:2], np.uint8), np.zeros(picture.shape[:2], np.uint8), None
    for shape in shapes:
        target, value = (glasses, 1) if shape["class"] == "glasses" else (labels, CLASSES.index(shape["class"]))
        if "line" in shape:
            line = np.asarray(shape["line"], float)
            width = max(round(shape["width"]), 1)
            points = np.round((line - 0.5) * 16).astype(np.int32)
            cv2.polylines(target, [points], False, value, width, cv2.LINE_8, 4)
            continue
        points = np.asarray(shape["points"], float)
        if shape.get("snap"):
            cost = edge_cost(picture) if cost is None else cost
            points = snapped(points, cost, float(shape["snap"]))
        cv2.fillPoly(target, [np.round((points - 0.5) * 16).astype(np.int32)], value, cv2.LINE_8, 4)
    return labels, glasses


def _outlines(labels: np.ndarray, glasses: np.ndarray, scale: int) -> list[tuple[str, list[np.ndarray]]]:
    found = []
    for name, mask in [*((n, labels == i) for i, n in enumerate(CLASSES) if i), ("glasses", glasses > 0)]:
        large = cv2.resize(mask.astype(np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        found.append((name, list(cv2.findContours(large, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0])))
    return found


def view(picture: np.ndarray, shapes: list[dict] | None, box: tuple[int, int, int, int], *, fill: float = 0.0,
         grid: bool = True, pixels: int = 1100) -> np.ndarray:
    """The part `box` (x0, y0, x1, y1) of the picture enlarged, with the shapes' outlines (or fills) and a grid."""
    x0, y0, x1, y1 = (max(box[0], 0), max(box[1], 0), min(box[2], picture.shape[1]), min(box[3], picture.shape[0]))
    scale = max(1, pixels // max(x1 - x0, y1 - y0))
    part = cv2.resize(picture[y0:y1, x0:x1], None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    if shapes is not None:
        labels, glasses = (a[y0:y1, x0:x1] for a in paint_labels(picture, shapes))
        if fill > 0:
            tint = np.array([COLOURS[n] for n in CLASSES], np.uint8)[labels]
            tint[glasses > 0] = COLOURS["glasses"]
            tint = cv2.resize(tint, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
            part = np.round(part * (1 - fill) + tint * fill).astype(np.uint8)
        for name, contours in _outlines(labels, glasses, scale):
            cv2.drawContours(part, contours, -1, (255, 255, 255), 2)
            cv2.drawContours(part, contours, -1, COLOURS[name] if name != "hair" else (255, 60, 0), 1)
    if not grid:
        return part
    step = next(s for s in (5, 10, 20, 25, 50, 100, 200, 500) if s * scale >= 60)
    image = Image.fromarray(part)
    canvas = ImageDraw.Draw(image, "RGBA")
    for x in range(-(-x0 // step) * step, x1, step):
        canvas.line([((x - x0) * scale, 0), ((x - x0) * scale, part.shape[0])], (255, 255, 255, 90))
        canvas.text(((x - x0) * scale + 2, 1), str(x), (255, 255, 0, 255), stroke_width=2, stroke_fill=(0, 0, 0, 255))
    for y in range(-(-y0 // step) * step, y1, step):
        canvas.line([(0, (y - y0) * scale), (part.shape[1], (y - y0) * scale)], (255, 255, 255, 90))
        canvas.text((2, (y - y0) * scale + 1), str(y), (255, 255, 0, 255), stroke_width=2, stroke_fill=(0, 0, 0, 255))
    return np.asarray(image)


def save_labels(labels: np.ndarray, glasses: np.ndarray, path: Path) -> None:
    """`path`: classes as a palette picture; `<stem>.glasses.png` beside it where there are glasses."""
    image = Image.fromarray(labels, "P")
    image.putpalette([c for n in CLASSES for c in COLOURS[n]])
    image.save(path, optimize=True)
    if glasses.any():
        Image.fromarray(glasses * 255).convert("1").save(path.with_suffix(".glasses.png"), optimize=True)


def main() -> None:
    """Parse the command line and write one picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["view", "labels"])
    parser.add_argument("picture", type=Path)
    parser.add_argument("shapes", type=Path, nargs="?")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--box", type=int, nargs=4, help="x0 y0 x1 y1 of the part to see; default: all")
    parser.add_argument("--fill", type=float, default=0.0, help="opacity of the fills, 0 to 1; default: outlines only")
    parser.add_argument("--no-grid", action="store_true")
    options = parser.parse_args()
    picture = read_picture(options.picture)
    shapes = json.loads(options.shapes.read_text())["shapes"] if options.shapes else None
    if options.what == "labels":
        save_labels(*paint_labels(picture, shapes or []), options.out)
        return
    box = tuple(options.box) if options.box else (0, 0, picture.shape[1], picture.shape[0])
    Image.fromarray(view(picture, shapes, box, fill=options.fill, grid=not options.no_grid)).save(options.out)


if __name__ == "__main__":
    main()
