"""Hair of `twinbrush sculpt` against the photos it was made from.

    python benchmarks/hair_outline.py [NAME ...] [--solids FOLDER]

For every photo of ../shared/data that has hand-drawn regions (benchmarks/truth), in the photo's own view: intersection
over union of the sculpted hair that is seen with the cleaned mask that it was built from, and with the hand-drawn hair
(its "unsure" band does not count); median distance of the two outlines, mm; hair before pixels drawn as skin, % of the
hair; triangles, closed or not, triangles that cross; CPU-seconds. Hair farther down than LOWEST_MM is left out.
An asterisk: set aside, never looked at while the hair was tuned.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from truth.pictures import SET_ASIDE, UNSURE, picture_list, read_truth
from twinbrush.base.camera import project
from twinbrush.base.mesh import Mesh
from twinbrush.base.rasterize import rasterize
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.faces.face import find_face
from twinbrush.maths.crossings import crossings
from twinbrush.meshes.plain.ply import write_ply
from twinbrush.regions.values import Label
from twinbrush.sculpt.bust import sculpt_bust
from twinbrush.sculpt.figure import carve, fit_crop
from twinbrush.sculpt.hair.build import sculpt_hair
from twinbrush.sculpt.hair.fall import EAR_PLANE_MM
from twinbrush.sculpt.hair.outline import outline_of
from twinbrush.sculpt.hair.simplify import is_closed
from twinbrush.sculpt.seen import SeenPerson, seen_person, surroundings
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import HeadFit, Solid, Surroundings

LOWEST_MM = -225.0  # what hair lies on farther down is narrower than the person: not compared


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union."""
    return float((a & b).sum() / max(1, (a | b).sum()))


def drawn_in(person: SeenPerson, fit: HeadFit, labels: np.ndarray, wanted: int) -> np.ndarray:
    """Where one hand-drawn class lies in the wide picture."""
    alone = np.where(labels == wanted, np.uint8(Label.HAIR), np.uint8(0))
    truth = replace(person, regions=replace(person.regions, labels=alone), given=True)  # not to be doubted
    return surroundings(truth, fit).labels == Label.HAIR


def visible(seen: Surroundings, vertices: np.ndarray, hair: Solid) -> np.ndarray:
    """Pixels of the wide picture at which the hair is the nearest surface."""
    head = template()
    pixels, depth = project(seen.camera, np.concatenate([vertices, hair.vertices]))
    faces = np.concatenate([head.triangles, hair.triangles + len(vertices)])
    height, width = seen.labels.shape
    index = np.asarray(rasterize(pixels, depth, faces, width, height).face_index)
    return (index >= len(head.triangles)) & seen.inside


def measure(pixels: np.ndarray, labels: np.ndarray, name: str, folder: Path | None) -> list[float] | None:
    """The row of one photo; None when it has no hair."""
    face = find_face(pixels, FaceConfig(), where=name, portrait=PortraitConfig())
    person = seen_person(pixels, face)
    head = template()
    fit, _ = fit_crop(head, person.crop)
    vertices = carve(head, fit, person.crop).vertices
    seen = surroundings(person, fit)
    _, rest = sculpt_bust(head, vertices, seen, socle=True)
    started = time.process_time()
    solids, _ = sculpt_hair(head, vertices, seen, lambda: rest)
    cost = time.process_time() - started
    if folder is not None:
        for solid in solids:
            write_ply(Mesh(solid.vertices, solid.triangles), folder / f"{name}_{solid.name}.ply")
    hair = next((solid for solid in solids if solid.name == "Hair"), None)
    if hair is None:
        return None
    shown = visible(seen, vertices, hair)
    lowest = project(seen.camera, np.array([[0.0, LOWEST_MM, EAR_PLANE_MM]]))[0][0, 1]
    counted = seen.inside & (np.arange(seen.labels.shape[0])[:, None] < lowest)
    outline = outline_of(seen, Label.HAIR)
    sure = counted & ~drawn_in(person, fit, labels, UNSURE)
    edge = (cv2.Canny((shown & counted).astype(np.uint8) * 255, 50, 100) > 0) & counted
    skin = drawn_in(person, fit, labels, Label.SKIN)
    drawn = drawn_in(person, fit, labels, Label.HAIR)
    return [
        overlap(shown & counted, outline.mask & counted), overlap(shown & sure, drawn & sure),
        float(np.median(np.abs(outline.fine[edge]))), 100 * float((shown & skin & sure).sum() / max(1, shown.sum())),
        len(hair.triangles), float(is_closed(hair.triangles)), len(crossings(hair.vertices, hair.triangles)), cost]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--solids", type=Path, help="also write every solid as PLY into this folder")
    arguments = parser.parse_args()
    if arguments.solids is not None:
        arguments.solids.mkdir(parents=True, exist_ok=True)
    print(f"{'photo':24} mask IoU  drawn IoU  outline mm  on skin %  triangles  closed  crossing  CPU-s")
    rows = []
    for entry in picture_list():
        if entry.art or (arguments.names and entry.name not in arguments.names):
            continue
        truth = read_truth(entry)
        if truth is None:
            continue
        row = measure(truth[0], truth[1], entry.name, arguments.solids)
        mark = "*" if entry.name in SET_ASIDE else " "
        if row is None:
            print(f"{entry.name + mark:24} no hair", flush=True)
            continue
        rows.append(row)
        print(f"{entry.name + mark:24} {row[0]:8.3f}  {row[1]:9.3f}  {row[2]:10.2f}  {row[3]:9.2f}  {row[4]:9.0f}  "
              f"{'yes' if row[5] else 'NO':>6}  {row[6]:8.0f}  {row[7]:5.1f}", flush=True)
    if rows:
        mean = np.mean(rows, 0)
        print(f"{'mean of ' + str(len(rows)):24} {mean[0]:8.3f}  {mean[1]:9.3f}  {mean[2]:10.2f}  {mean[3]:9.2f}")


if __name__ == "__main__":
    main()
