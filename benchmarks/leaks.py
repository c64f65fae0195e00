"""Does the paint of one region come from another? Finished pairs' colours against the style's own true regions.

    python benchmarks/contact_sheet.py PHOTOS STYLES OUT --preset fast
    python benchmarks/leaks.py OUT

For every pair of OUT whose style has a truth in benchmarks/truth: mixtures are fitted to the style's true skin, hair,
cloth and ground; of each painted region the share of pixels that look more like the ground (or, hair, like the skin)
than like any of the person's own classes, by an energy of 3. Shares of a few percent are shading; the worst are named,
to be looked at.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from truth.pictures import picture_list, read_truth
from twinbrush.base import store
from twinbrush.base.image import to_lab
from twinbrush.base.mesh import Region
from twinbrush.maths.mixture import Mixture, fit_mixture
from twinbrush.paint.values import PaintedPair
from twinbrush.regions.values import COARSE_PAINT
from twinbrush.road.figure_pipeline import FigureRun
from twinbrush.road.run import CACHE

MARGIN = 3.0  # energy by which another class must fit better
LEAST_PIXELS = 300
COMPONENTS, LEAST_DEVIATION = 6, 4.0


def style_models(name: str) -> dict[Region, Mixture] | None:
    """Colour mixtures of the style's true regions; None without a truth."""
    entry = next((e for e in picture_list() if e.name == name), None)
    truth = None if entry is None else read_truth(entry)
    if truth is None:
        return None
    image, labels, _ = truth
    known, lab = labels < 6, to_lab(np.ascontiguousarray(image, np.float32))
    regions = COARSE_PAINT[np.where(known, labels, 0)]
    models = {}
    for region in Region:
        where = known & (regions == region)
        if where.sum() >= LEAST_PIXELS:
            models[region] = fit_mixture(lab[where], COMPONENTS, LEAST_DEVIATION)
    return models


def leaks(folder: Path, models: dict[Region, Mixture]) -> dict[str, float] | None:
    """Shares of one finished pair; None when its stages are gone."""
    cache = folder / CACHE
    known = store.load(cache / "run.npz", store.code_hash(), FigureRun)
    pair = None if known is None else store.load(cache / "pair.npz", known.key["pair"], PaintedPair)
    if pair is None:
        return None
    painted = pair.pair
    lab = to_lab(np.ascontiguousarray(painted.images[0], np.float32))
    energy = {region: model.energy(lab) for region, model in models.items()}
    person = np.min([e for region, e in energy.items() if region != Region.BACKGROUND], axis=0)
    view, out = painted.warped, {}
    for region in (Region.SKIN, Region.HAIR, Region.CLOTH):
        where = view.coverage[0] & (view.regions[0] == region)
        if where.sum() < LEAST_PIXELS:
            continue
        if Region.BACKGROUND in energy:
            out[f"ground in {region.name.lower()}"] = float((energy[Region.BACKGROUND] + MARGIN < person)[where].mean())
        if region == Region.HAIR and Region.HAIR in energy:
            out["skin in hair"] = float((energy[Region.SKIN] + MARGIN < energy[Region.HAIR])[where].mean())
    return out


def main() -> None:
    """Parse the command line, print means and the worst pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the folder that contact_sheet.py has written")
    options = parser.parse_args()
    rows: dict[str, list[tuple[float, str]]] = {}
    for folder in sorted(options.out.glob("*__*")):
        models = style_models(folder.name.split("__")[1])
        found = None if models is None else leaks(folder, models)
        if found is None:
            print(f"{folder.name}: left out (no truth of its style, or its stages are gone)")
            continue
        for name, share in found.items():
            rows.setdefault(name, []).append((share, folder.name))
    for name, shares in sorted(rows.items()):
        worst = ", ".join(f"{pair} {100 * share:.0f}%" for share, pair in sorted(shares, reverse=True)[:5])
        print(f"{name}: mean {100 * np.mean([s for s, _ in shares]):.1f}% over {len(shares)} pairs; worst: {worst}")


if __name__ == "__main__":
    main()
