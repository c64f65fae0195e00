"""Stylizes many pairs of a photo and a style portrait and shows every painted figure from eight sides, a page each.

    python benchmarks/painted_sheet.py OUT --pairs PAIRS.txt [--preset fast]
    python benchmarks/painted_sheet.py OUT PHOTO_FOLDER STYLE_FOLDER [--preset fast]

PAIRS.txt: a photo and a style a line, with a blank between them; two folders: every photo with every style. OUT/<photo>
x <style>.png: photo, style, the figure from eight sides painted and in clay, its head close. Printed, and written to
OUT/numbers.csv, a row a pair, the most suspicious first:

- level: (lit skin - hair) lightness over black to white, as seen from the front, of the painted figure less that of the
  photo's (|.| <= 0.15 wanted)
- step: border_difference between views that were painted one after the other, mean absolute
- spikes: share of the silhouette's outline (8 views) farther than 1.5 mm from itself smoothed over 6 mm
- ground: share of the painted texels nearer to the style's ground than to every region of its figure (CIE76, sharp)
- cpu: CPU-seconds from the read pictures to the texture, beside a fixed reference load's in the same process

A pair that fails is named with its error and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from sculpt_sheet import SUFFIXES, close_camera, save
from twinbrush.base.camera import project
from twinbrush.base.errors import TwinbrushError
from twinbrush.base.image import to_lab
from twinbrush.base.mesh import Mesh, Region
from twinbrush.base.progress import ignore
from twinbrush.base.rasterize import rasterize
from twinbrush.base.shade import shade
from twinbrush.config import PRESETS, Config, FaceConfig, ViewsConfig
from twinbrush.export.figure_outputs import SIDES_DEGREES, eight_sides, figure_mesh
from twinbrush.export.stills import framed_cameras
from twinbrush.paint.front import pair_views
from twinbrush.paint.surface import surface_of_figure
from twinbrush.paint.tone import Levels, levels_of_person
from twinbrush.paint.values import PaintedPair, PaintedTexture
from twinbrush.regions.inputs import Input, read_input
from twinbrush.regions.values import RegionMap
from twinbrush.road import sculpt_road
from twinbrush.road.paint_road import painted_pair, painted_texture
from twinbrush.sculpt.values import Figure
from twinbrush.shape.head import Form

TILE, CLOSE = 300, 600
SPIKE_MM, SMOOTH_MM = 1.5, 6.0
OUTLINE_PX = 640
Picture = np.ndarray


@dataclass(frozen=True)
class Painted:
    """A pair's result and what it cost."""

    photo: Input
    style: Input
    plain: Figure
    figure: Figure
    pair: PaintedPair
    texture: PaintedTexture
    cpu: float


def reference_load() -> float:
    """CPU-seconds of a fixed piece of work: a singular value decomposition, as large as it takes about a second."""
    start = time.process_time()
    np.linalg.svd(np.random.default_rng(0).normal(size=(700, 700)))
    return time.process_time() - start


@lru_cache(maxsize=1)
def sculpted(photo: Path, config: Config) -> tuple[Input, Figure, float]:
    """A photo, its figure and what that cost; kept for the pairs that follow with the same photo."""
    content = read_input(photo, FaceConfig(), config.portrait, art=False)
    start = time.process_time()
    figure = sculpt_road.sculpted(content, config, ignore)
    return content, figure, time.process_time() - start


@lru_cache(maxsize=24)
def style_read(style: Path, config: Config) -> tuple[Input, RegionMap, Form, float]:
    """A style, its regions, its own form, and what they cost."""
    art = read_input(style, FaceConfig(), config.portrait, art=True)
    start = time.process_time()
    regions = sculpt_road.style_regions(art, config, ignore)
    head = sculpt_road.style_head(art, regions, config, ignore)
    return art, regions, head, time.process_time() - start


def painted(photo: Path, style: Path, config: Config) -> Painted:
    """One pair through the road, without files. Its cost counts sculpting and reading, kept from before or not."""
    content, plain, sculpting = sculpted(photo, config)
    art, regions, head, reading = style_read(style, config)
    start = time.process_time() - sculpting - reading
    form = sculpt_road.style_form(head, plain, config, ignore)
    figure = sculpt_road.in_form(plain, form, config, ignore)
    pair = painted_pair(figure, art, regions, None, config, ignore)
    texture = painted_texture(figure, pair, config, ignore)
    cost = time.process_time() - start
    return Painted(content, art, plain, replace(figure, texture=texture.texture), pair, texture, cost)


def step(levels: Levels | None) -> float:
    """Skin's lightness less hair's; NaN where there is no hair."""
    return float("nan") if levels is None or levels.hair is None else levels.skin - levels.hair


def spikes(mesh: Mesh) -> float:
    """The worst view's share of the silhouette that stands off its smoothed self."""
    worst = 0.0
    for camera in framed_cameras(mesh, SIDES_DEGREES, OUTLINE_PX):
        pixels, depth = project(camera, mesh.vertices)
        inside = rasterize(pixels, depth, mesh.faces, OUTLINE_PX, OUTLINE_PX).face_index >= 0
        per_mm = camera.intrinsics[0, 0] / float(np.median(depth))
        away = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
        broad = ndimage.gaussian_filter(away, SMOOTH_MM * per_mm)
        rim = inside & (away <= 1)
        worst = max(worst, float((np.abs(broad[rim]) > SPIKE_MM * per_mm).mean()))
    return worst


def ground_share(result: Painted) -> float:
    """How much of the painted atlas looks like the style's ground rather than like anything of its figure."""
    aligned = result.pair.aligned
    lab = to_lab(np.ascontiguousarray(aligned.canvas, np.float32))
    sure = aligned.canvas_valid & (aligned.canvas_confidence > 0.7)
    middles = {r: np.median(lab[sure & (aligned.canvas_regions == int(r))], axis=0) for r in Region
               if (sure & (aligned.canvas_regions == int(r))).sum() > 300}
    if Region.BACKGROUND not in middles or len(middles) < 2:
        return 0.0
    texels = to_lab(np.ascontiguousarray(result.texture.texture[::4, ::4], np.float32)).reshape(-1, 3)
    ground = np.linalg.norm(texels - middles.pop(Region.BACKGROUND), axis=1)
    others = np.min([np.linalg.norm(texels - middle, axis=1) for middle in middles.values()], axis=0)
    return float(((ground < 12) & (ground < 0.5 * others)).mean())


def square(picture: Picture, size: int) -> Picture:
    """The picture within a white square."""
    image = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    out = np.ones((size, size, 3), np.float32)
    out[: image.height, : image.width] = np.asarray(image, np.float32) / 255
    return out


def page(result: Painted) -> Picture:
    """One pair's page."""
    mesh = figure_mesh(result.figure)
    stills = eight_sides(mesh, TILE)
    shown = [square(picture, TILE * 2) for picture in (result.photo.picture.pixels, result.style.picture.pixels)]
    shown += [shade(mesh, close_camera(d, CLOSE)) for d in (0, 40)]
    rows = [np.concatenate(shown, 1)]
    rows += [np.concatenate([stills[f"{name}_{d}"] for d in SIDES_DEGREES], 1) for name in ("figure", "clay")]
    return np.concatenate(rows, 0)


def pictures(folder: Path) -> list[Path]:
    """All pictures of a folder."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def suspicious(row: dict[str, object]) -> float:
    """How far a row's numbers are beyond what is wanted."""
    wanted = {"level": 0.15, "ground": 0.02, "spikes": 0.02}
    return sum(np.nan_to_num(abs(float(str(row[name])))) / most for name, most in wanted.items())


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--preset", default="default", choices=sorted(PRESETS))
    asked = parser.parse_args()
    if asked.pairs is not None:
        chosen = [tuple(map(Path, line.split())) for line in asked.pairs.read_text().splitlines() if line.strip()]
    else:
        chosen = list(product(*(pictures(folder) for folder in asked.folders)))
    asked.out.mkdir(parents=True, exist_ok=True)
    reference = reference_load()
    rows: list[dict[str, object]] = []
    failed = 0
    for photo, style in chosen:
        name = f"{photo.stem} x {style.stem}"
        try:
            result = painted(photo, style, PRESETS[asked.preset])
        except TwinbrushError as error:
            print(f"{name}: {error}", flush=True)
            failed += 1
            continue
        save(page(result), asked.out / f"{name}.png")
        before, after = (
            levels_of_person(pair_views(surface_of_figure(f), ViewsConfig())) for f in (result.plain, result.figure))
        row = {
            "pair": name, "level": step(after) - step(before),
            "step": result.texture.log.get("border_difference", 0.0), "spikes": spikes(figure_mesh(result.figure)),
            "ground": ground_share(result), "cpu": result.cpu, "cpu over reference": result.cpu / reference}
        rows.append(row)
        print(", ".join(f"{k} {v:.3f}" if isinstance(v, float) else str(v) for k, v in row.items()), flush=True)
    rows.sort(key=suspicious, reverse=True)
    if rows:
        with (asked.out / "numbers.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        cost = np.array([row["cpu"] for row in rows], float)
        print(f"{len(rows)} pairs, {asked.preset}: median {np.median(cost):.1f} CPU-s a pair (sculpting, reading the "
              f"style and painting, no files), {np.median(cost) / reference:.1f} times the reference load")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
