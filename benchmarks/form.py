"""What of the style's form arrives: on points placed by hand (benchmarks/form_points), on persons' bare heads.

    python benchmarks/form.py                          # the table, and the five demo styles' distances
    python benchmarks/form.py --given                  # also with the hand-placed points as the user's 68 points
    python benchmarks/form.py --crossings              # skin through skin at strength 1.5 and caricature 1.5 (slow)
    python benchmarks/form.py --json FILE --cache FOLDER

p = person - mean, d = style - mean, of 62 points seen from the front after similarity alignment; the person's are those
of its sculpted head, the style's the hand-placed ones, turned upright with the pose of the style's fit. The style's
form is read two ways: ADDED, m = shaped - person, and WHOLE, shaped - mean: cosine to d and <., d> / <d, d> of both.
`kept`: how much of p's part orthogonal to d is left. `head`: cosine and gain of the fitted style head itself. Portraits
that were tuned on and those set aside are averaged apart. Times are CPU-seconds of one thread, after a first round that
makes what all share; reading a picture's regions is not in them.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict, dataclass
from itertools import combinations, product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from form_figures import bare_figure, read_style
from form_points.points import DEMO, FOLDER, SET_ASIDE, TUNED, WEAK, ClayPoints, read_clay, read_points
from twinbrush.align.faces.art_points import ArtPoints
from twinbrush.align.faces.style_head import StyleHead, fit_style_head
from twinbrush.base.camera import project
from twinbrush.evaluate.descriptors import (
    PARTS,
    apart,
    cosine,
    descriptor,
    deviation,
    inner,
    known_points,
    length,
    relation,
)
from twinbrush.faces.landmarks68 import INDEX_68
from twinbrush.maths.crossings import crossings
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import Figure
from twinbrush.shape.figure import person_head, shape_of
from twinbrush.shape.head import Form, make_form
from twinbrush.shape.unfold import kept_apart

PERSONS = ("00016", "45_1373", "dark_skin_big_curls", "long_coloured_hair", "26_0516", "hand_on_cheek")
STRENGTHS = (1.0, 1.5)
APART_PERSONS = ("00016", "45_1373")
EXTREME = 1.5  # strength and caricature at which crossings are counted
COLUMNS = ("cosine_added", "gain_added", "cosine_whole", "gain_whole", "kept")
AIMS = "aims: cosine 0.80; <shaped - mean, d>/<d, d> 0.75 at strength 1, 1.1 at 1.5; kept 0.80"


@dataclass(frozen=True)
class StyleForm:
    """A portrait's form, its hand-placed descriptor upright in the template's millimetres, CPU-seconds of fitting."""

    name: str
    head: StyleHead
    form: Form
    hand: np.ndarray
    seconds: float


def in_crop(points: np.ndarray, crop: Crop, original_xy: np.ndarray) -> np.ndarray:
    """Points of the original picture in the crop's pixels. original_xy (468, 2): the crop's face there."""
    cropped = crop.face.landmarks[:, :2]
    scale = np.linalg.norm(np.ptp(cropped, axis=0)) / np.linalg.norm(np.ptp(original_xy, axis=0))
    return (points - original_xy.mean(0)) * scale + cropped.mean(0)


def upright(art: ArtPoints, pixels: np.ndarray) -> np.ndarray:
    """Pixels (68, 2) of the crop as x and y (68, 2) in the template's millimetres, each as deep as the fit has it."""
    reference = art.similarity.inverse().apply(art.points[list(INDEX_68)])
    seen, depth = project(art.camera, reference)
    axes = art.camera.world_to_camera[:2, :3]
    aside = (pixels - seen) * (depth / art.camera.intrinsics[0, 0])[:, None]
    known = np.isfinite(aside).all(1)
    moved = art.similarity.apply(reference + np.where(known[:, None], aside, 0) @ axes)
    return np.where(known[:, None], moved[:, :2], np.nan)


def style_form(name: str, cache: Path | None, given: bool = False) -> StyleForm:
    """Fit one portrait. given: with its hand-placed points as the user's."""
    style = read_style(name, cache, FOLDER / f"{name}.txt" if given else None)
    started = time.process_time()
    head = fit_style_head(template(), style.crop)
    form = make_form(template(), head)
    seconds = time.process_time() - started
    placed = in_crop(read_points(name), style.crop, style.face_xy)
    return StyleForm(name, head, form, descriptor(upright(head.points, placed)), seconds)


def style_forms(names: list[str], cache: Path | None, given: bool = False) -> dict[str, StyleForm]:
    """Fit all; the first twice, for its first time makes what all share."""
    style_form(names[0], cache, given)
    return {name: style_form(name, cache, given) for name in names}


class Judge:
    """Relations of shaped heads to hand-placed points, by the template's own 68 points."""

    def __init__(self, clay: ClayPoints) -> None:
        self.clay = clay
        self.mean = self.form(np.asarray(template().mean, float))

    def form(self, head: np.ndarray) -> np.ndarray:
        """The descriptor of a head's vertices."""
        return descriptor(self.clay.on(head))

    def head(self, style: StyleForm) -> dict[str, float]:
        """How far the fitted style head itself has the hand-placed form, whole and by features."""
        known = known_points(style.hand)
        hand, own = (deviation(form, self.mean, known) for form in (style.hand, self.form(style.form.vertices)))
        out = {"cosine": cosine(own, hand), "gain": inner(own, hand) / inner(hand, hand), "style": length(hand)}
        for part, (first, last) in PARTS.items():
            a, b = own[first:last], hand[first:last]
            if inner(b, b) > 0:
                out[f"{part}_cosine"], out[f"{part}_gain"] = cosine(a, b), inner(a, b) / inner(b, b)
        return out

    def pair(self, style: StyleForm, person: np.ndarray, shaped: np.ndarray) -> dict[str, float]:
        """The relation of one pair's heads, their vertices given."""
        known = known_points(style.hand)
        forms = (self.form(shaped), self.form(person), style.hand)
        return asdict(relation(*(deviation(form, self.mean, known) for form in forms)))


def measure(styles: dict[str, StyleForm], persons: dict[str, Figure]) -> tuple[list[dict[str, object]], float]:
    """A row a pair and strength, and the mean CPU-seconds of a shape at strength 1."""
    judge, model = Judge(read_clay()), template()
    rows: list[dict[str, object]] = []
    seconds: list[float] = []
    for (name, style), (who, figure) in product(styles.items(), persons.items()):
        before = person_head(model, figure).vertices
        for strength in STRENGTHS:
            started = time.process_time()
            shape = shape_of(model, figure, style.form, strength, 1.0)
            if strength == STRENGTHS[0]:
                seconds.append(time.process_time() - started)
            rows.append({"style": name, "person": who, "strength": strength,
                         **{k if k in COLUMNS else f"length_{k}": v
                            for k, v in judge.pair(style, before, shape.vertices).items()}})
    return rows, float(np.mean(seconds))


def mean_of(rows: list[dict[str, object]], names: tuple[str, ...], strength: float) -> list[float]:
    """The columns' means over the rows of some portraits at one strength."""
    chosen = [[row[c] for c in COLUMNS] for row in rows if row["style"] in names and row["strength"] == strength]
    return np.mean(chosen, axis=0).tolist() if chosen else []


def table(title: str, styles: dict[str, StyleForm], rows: list[dict[str, object]]) -> dict[str, object]:
    """Print portraits and means; returns what is told by name."""
    judge, out = Judge(read_clay()), {}
    print(f"\n{title}\n{'':24}{'head':>12}{'|d|':>7}   strength: added cos, gain | whole cos, gain | kept")
    for group, members in (("tuned", TUNED), ("set aside", SET_ASIDE), ("weak points", WEAK)):
        names = tuple(name for name in members if name in styles)
        if not names:
            continue
        heads = {name: judge.head(styles[name]) for name in names}
        for name in names:
            line(name, [heads[name][k] for k in ("cosine", "gain", "style")], rows, (name,))
        whole = [float(np.mean([head[k] for head in heads.values()])) for k in ("cosine", "gain", "style")]
        line(f"mean of {len(names)} {group}", whole, rows, names)
        features = {k: float(np.mean([h[k] for h in heads.values() if k in h]))
                    for part in PARTS for k in (f"{part}_cosine", f"{part}_gain")}
        print("  head by features: " + ", ".join(
            f"{part} {features[f'{part}_cosine']:.2f}/{features[f'{part}_gain']:.2f}" for part in PARTS))
        out[group] = {"heads": heads, "features": features,
                      "means": {str(s): dict(zip(COLUMNS, mean_of(rows, names, s), strict=False)) for s in STRENGTHS}}
    return out


def line(title: str, head: list[float], rows: list[dict[str, object]], names: tuple[str, ...]) -> None:
    """Print one line of the table."""
    cells = f"{title:24}{head[0]:6.2f}{head[1]:6.2f}{head[2]:7.3f}"
    for strength in STRENGTHS:
        values = mean_of(rows, names, strength)
        if values:
            cells += "   {:.1f}: {:.2f} {:.2f} | {:.2f} {:.2f} | {:.2f}".format(strength, *values)
    print(cells, flush=True)


def demo_apart(styles: dict[str, StyleForm], persons: dict[str, Figure]) -> dict[str, float]:
    """Print and return the mean pairwise distance of the five demo styles on one photo's head."""
    out: dict[str, float] = {}
    for who, strength in product((p for p in APART_PERSONS if p in persons), STRENGTHS):
        heads = [shape_of(template(), persons[who], styles[n].form, strength, 1.0).parts[0]
                 for n in DEMO if n in styles]
        if len(heads) > 1:
            out[f"{who} {strength}"] = float(np.mean([apart(a, b) for a, b in combinations(heads, 2)]))
    print("\nfive demo styles on one photo, mean pairwise RMS of the Head, inter-pupil distances (aim 0.15): "
          + ", ".join(f"{k}: {v:.3f}" for k, v in out.items()))
    return out


def crossing(styles: dict[str, StyleForm], persons: dict[str, Figure]) -> dict[str, int]:
    """Print pairs whose visible skin runs through itself; returns {person x style: triangles}."""
    skin, out = kept_apart(), {}
    for who, figure in persons.items():
        rest = crossings(person_head(template(), figure).vertices, skin.triangles, skin.edges)
        out[f"{who} at rest"] = len(np.unique(rest[:, 2])) if len(rest) else 0
        for name, style in styles.items():
            out[f"{who} x {name}"] = shape_of(template(), figure, style.form, EXTREME, EXTREME).crossing
        mine = {k: v for k, v in out.items() if k.startswith(f"{who} ") and v}
        print(f"{who}: {len(styles)} styles, crossing triangles: {mine or 'none'}", flush=True)
    return out


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", nargs="+", default=list(PERSONS), help="photos of ../shared/data")
    parser.add_argument("--styles", nargs="+", default=[*TUNED, *SET_ASIDE], help="portraits with hand-placed points")
    parser.add_argument("--given", action="store_true", help="also with the points given as the user's, where all are")
    parser.add_argument("--crossings", action="store_true", help="count crossings instead, of every pair")
    parser.add_argument("--cache", type=Path, help="keep what does not depend on the style's form in this folder")
    parser.add_argument("--json", type=Path, help="write every number into this file")
    options = parser.parse_args()
    styles = style_forms(options.styles, options.cache)
    persons = {name: bare_figure(name, options.cache) for name in options.persons}
    found: dict[str, object] = {"style_cpu_seconds": float(np.mean([s.seconds for s in styles.values()]))}
    if options.crossings:
        found["crossing"] = crossing(styles, persons)
    else:
        rows, found["pair_cpu_seconds"] = measure(styles, persons)
        found |= {"pairs": rows, "automatic": table(f"landmarks found; {AIMS}", styles, rows)}
        found["demo_apart"] = demo_apart(styles, persons)
        complete = [n for n in options.styles if np.isfinite(read_points(n)).all()]
        if options.given and complete:
            own = style_forms(complete, options.cache, given=True)
            again, _ = measure(own, persons)
            table("the same portraits, landmarks found", {n: styles[n] for n in complete},
                  [row for row in rows if row["style"] in complete])
            found |= {"given_pairs": again, "given": table("hand-placed points as the user's 68 points", own, again)}
    print("\nCPU-seconds: " + ", ".join(f"{k.split('_')[0]} {v:.2f}" for k, v in found.items() if "seconds" in k)
          + " (aims: 2.5 with the regions' reading, 0.1)")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
