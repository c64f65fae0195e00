"""How well `twinbrush.regions` names the pixels: against truth drawn by hand (benchmarks/truth).

    python benchmarks/regions.py                     # tuning pictures, pictures set aside, two people's agreement
    python benchmarks/regions.py --ablation          # each part of the engine switched off alone
    python benchmarks/regions.py --overlays FOLDER   # what was found, drawn on every picture
    python benchmarks/regions.py --kept-out FOLDER   # other pictures that nothing learned from (training/region_labels)

Scores are taken inside the head's square (3.6 face heights), not under the truth's "unsure" bands. Intersection over
union is averaged over the pictures that show the class; `outline` is the share of the person's outline that was found
within 1.5% of the face's height. Needs the pictures of ../shared/data; those that are not there are left out, and told.
"""

from __future__ import annotations

import argparse
import functools
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from truth.draw import CLASSES, COLOURS
from truth.pictures import FOLDER, SET_ASIDE, TruthPicture, picture_list, read_pixels, read_truth
from twinbrush.config import DEFAULT
from twinbrush.faces.face import FoundFace, find_face_with_warnings
from twinbrush.regions.frame import head_frame

COLUMNS = ("skin", "hair", "beard", "cloth", "headwear", "person", "glasses", "outline")
OUTLINE_REACH = 0.015  # face heights
LEAST_PIXELS = 0.0015  # of the square: a picture that shows less of a class has no score for it

Finder = Callable[[np.ndarray, object, tuple, bool], tuple[np.ndarray, np.ndarray]]


def engine(**switches: object) -> Finder:
    """The engine as it is shipped, or with switches of `regions.RegionsConfig`."""
    from twinbrush.regions.engine import find_regions

    def find(image: np.ndarray, face: object, others: tuple, art: bool) -> tuple[np.ndarray, np.ndarray]:
        found = find_regions(image, face, others=others, **switches)
        return found.labels, found.glasses

    return find


def score(labels: np.ndarray, glasses: np.ndarray, truth: np.ndarray, true_glasses: np.ndarray, unit: float,
          square: np.ndarray) -> dict[str, float]:
    """Intersection over union of each class that the picture shows, and the outline's share."""
    known = square & (truth < 6)
    least, out = LEAST_PIXELS * square.sum(), {}
    for name in COLUMNS[:-1]:
        if name == "person":
            a, b = labels > 0, truth > 0
        elif name == "glasses":
            a, b = glasses, true_glasses
        else:
            k = CLASSES.index(name)
            a, b = labels == k, truth == k
        a, b = a & known, b & known
        if b.sum() > least:
            out[name] = float((a & b).sum() / (a | b).sum())
    out["outline"] = outline_share(labels > 0, truth, unit, square)
    return out


def outline_share(person: np.ndarray, truth: np.ndarray, unit: float, square: np.ndarray) -> float:
    """The share of the true outline, away from unsure bands and the picture's border, that lies near the found one."""
    def border(mask: np.ndarray) -> np.ndarray:
        mask = mask.astype(np.uint8)
        return (cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0) & (cv2.erode(mask, np.ones((3, 3), np.uint8)) == 0)

    reach = max(OUTLINE_REACH * unit, 1.0)
    unsure = cv2.dilate((truth == 6).astype(np.uint8), np.ones((3, 3), np.uint8), iterations=int(np.ceil(reach))) > 0
    rim = np.zeros(truth.shape, bool)
    rim[2:-2, 2:-2] = True
    true = border(truth > 0) & ~unsure & square & rim
    found = border(person)
    if not true.any():
        return 1.0
    if not found.any():
        return 0.0
    away = cv2.distanceTransform((~found).astype(np.uint8), cv2.DIST_L2, 5)
    return float((away[true] <= reach).mean())


Scored = tuple[dict[str, float], dict[str, np.ndarray]]


@functools.cache
def found_face(entry: TruthPicture) -> FoundFace:
    """The picture's face, found once for all switches of an ablation."""
    config = DEFAULT.style_face if entry.art else DEFAULT.photo_face
    return find_face_with_warnings(
        read_pixels(entry), config, where=entry.name, art=entry.art, portrait=DEFAULT.portrait
    )


def run(entry: TruthPicture, find: Finder, folder: Path = FOLDER) -> Scored | None:
    """Scores of one picture, and its arrays; None without truth or face."""
    truth = read_truth(entry, folder)
    if truth is None:
        return None
    image, true_labels, true_glasses = truth
    found = found_face(entry)
    start = time.process_time()
    labels, glasses = find(image, found.face, found.others, entry.art)
    cost = time.process_time() - start
    frame = head_frame(found.face, 256)
    square = frame.paste(np.ones((256, 256), np.float32), image.shape[:2], 0.0) > 0.5
    scores = score(labels, glasses, true_labels, true_glasses > 0, found.face.height_px, square)
    scores["cpu"] = cost
    return scores, {"image": image, "labels": labels, "glasses": glasses, "truth": true_labels}


def kept_out(folder: Path, overlays: Path | None) -> None:
    """Run on the labelled pictures that training leaves out, as far as `folder` has them: casual/NAME.*,
    paintings/NAME.*. What the engine's choices are made by: neither tuning pictures nor those set aside."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))
    from region_sources import KEPT_OUT, LABELS

    results = {}
    for full in sorted(KEPT_OUT):
        kind, name = full.split("-")
        kinds = {"casual": "casual", "painting": "paintings"}[kind]
        for path in (folder / kinds).glob(f"{name}.*"):
            entry = TruthPicture(name, path, kind == "painting")
            done = run(entry, engine(), LABELS / kinds)
            results |= {name: (entry, done[0])} if done else {}
            if done and overlays:
                overlays.mkdir(parents=True, exist_ok=True)
                overlay(done[1], overlays / f"{name}.png")
    table(results, each=True, called="kept out")


def mean_of(rows: list[dict[str, float]], column: str) -> float:
    """Over the pictures that have it."""
    values = [row[column] for row in rows if column in row]
    return float(np.mean(values)) if values else float("nan")


def table(
    results: dict[str, tuple[TruthPicture, dict[str, float]]], *, each: bool, called: str = "tuning"
) -> None:
    """Print the means of photos and art, of those set aside and of the others, which are `called` so."""
    head = "".join(f"{c:>10}" for c in COLUMNS)
    print(f"{'':34}{head}{'CPU-s':>8}")
    for aside in (False, True):
        for art in (False, True):
            rows = [(e.name, s) for e, s in results.values() if e.art == art and (e.name in SET_ASIDE) == aside]
            if not rows:
                continue
            if each:
                for name, s in rows:
                    cells = "".join(f"{s[c]:10.3f}" if c in s else f"{'-':>10}" for c in COLUMNS)
                    print(f"  {name:32}{cells}{s['cpu']:8.2f}")
            label = f"{'set aside' if aside else called}, {'art' if art else 'photos'} ({len(rows)})"
            cells = "".join(f"{mean_of([s for _, s in rows], c):10.3f}" for c in COLUMNS)
            print(f"{label:34}{cells}{mean_of([s for _, s in rows], 'cpu'):8.2f}")


def overlay(arrays: dict[str, np.ndarray], path: Path) -> None:
    """What was found, beside the truth, over the picture."""
    palette = np.array([COLOURS[c] for c in CLASSES], np.float32) / 255
    tiles = []
    for labels in (arrays["labels"], arrays["truth"]):
        shown = 0.55 * arrays["image"] + 0.45 * palette[labels]
        if labels is arrays["labels"]:
            shown[arrays["glasses"]] = 0.5 * shown[arrays["glasses"]] + 0.5 * np.array([0, 0.86, 0.86])
        tiles.append(shown)
    both = np.concatenate([arrays["image"], *tiles], 1)
    scale = min(1.0, 700 / both.shape[0])
    both = cv2.resize(both.astype(np.float32), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), (np.clip(both, 0, 1) * 255).astype(np.uint8)[..., ::-1])


def second_drawings() -> None:
    """How far two people who drew the same pictures, blind, agree."""
    rows = []
    for entry in picture_list():
        first, second = read_truth(entry), read_truth(entry, FOLDER / "second")
        if first is None or second is None:
            continue
        image, truth, glasses = first
        config = DEFAULT.style_face if entry.art else DEFAULT.photo_face
        face = find_face_with_warnings(image, config, where=entry.name, art=entry.art, portrait=DEFAULT.portrait).face
        square = head_frame(face, 256).paste(np.ones((256, 256), np.float32), image.shape[:2], 0.0) > 0.5
        # what either of them is unsure of does not count
        truth = np.where(second[1] == 6, 6, truth)
        theirs = np.where(second[1] == 6, 0, second[1])
        rows.append(score(theirs, second[2] > 0, truth, glasses > 0, face.height_px, square))
    if rows:
        cells = "".join(f"{mean_of(rows, c):10.3f}" for c in COLUMNS)
        print(f"{f'two people, blind ({len(rows)})':34}{cells}")


def main() -> None:
    """Parse the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--overlays", type=Path)
    parser.add_argument("--only", nargs="*", help="names of pictures")
    parser.add_argument("--tuning", action="store_true", help="leave out the pictures that are set aside")
    parser.add_argument("--each", action="store_true", help="a line a picture")
    parser.add_argument("--ablation", action="store_true")
    parser.add_argument("--kept-out", type=Path, help="folder of the labelled pictures: casual/, paintings/")
    options = parser.parse_args()
    entries = [e for e in picture_list() if not options.only or e.name in options.only]
    entries = [e for e in entries if not (options.tuning or options.ablation) or e.name not in SET_ASIDE]
    if options.kept_out:
        kept_out(options.kept_out, options.overlays)
        return
    if options.ablation:
        ablation(entries)
        return
    measured(entries, engine(), options.overlays, each=options.each)
    second_drawings()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB (whole benchmark)")


def measured(entries: list[TruthPicture], find: Finder, overlays: Path | None, *, each: bool) -> dict[str, float]:
    """Run, print, and give the means over all pictures."""
    results, missing = {}, []
    for entry in entries:
        done = run(entry, find)
        if done is None:
            missing.append(entry.name)
            continue
        results[entry.name] = (entry, done[0])
        if overlays:
            overlays.mkdir(parents=True, exist_ok=True)
            overlay(done[1], overlays / f"{entry.name}.png")
    table(results, each=each)
    if missing:
        print(f"without truth: {', '.join(missing)}")
    return {c: mean_of([s for _, s in results.values()], c) for c in COLUMNS}


def ablation(entries: list[TruthPicture]) -> None:
    """Each switch of the engine off alone: the change of each class' mean, in percentage points."""
    from twinbrush.regions.engine import PARTS

    base = None
    print(f"{'switched off':34}" + "".join(f"{c:>10}" for c in COLUMNS))
    for part in ("nothing", *PARTS):
        find = engine(without=frozenset() if part == "nothing" else frozenset({part}))
        rows = [done[0] for done in (run(entry, find) for entry in entries) if done is not None]
        means = {c: 100 * mean_of(rows, c) for c in COLUMNS}
        base = base or means
        cells = "".join(f"{means[c] if part == 'nothing' else means[c] - base[c]:10.2f}" for c in COLUMNS)
        print(f"{part:34}{cells}", flush=True)


if __name__ == "__main__":
    main()
