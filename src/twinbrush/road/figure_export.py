"""A figure's finished files take their places: `sculpt`, `stylize` and `reshape` end here, `load_figure` goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from twinbrush.base import store
from twinbrush.base.beside import cpu_seconds
from twinbrush.base.errors import BadOption
from twinbrush.base.progress import Step
from twinbrush.baselines.scene import Rival
from twinbrush.config import ExportConfig
from twinbrush.export.figure_outputs import FigureScene, write_figure_files, write_figure_manifest
from twinbrush.export.outputs import Result, RunReport, Timing
from twinbrush.road.placing import move_over
from twinbrush.road.run import Run, gone, run_folder, staging_folder
from twinbrush.sculpt.values import Figure

SHOWN = "shown.npz"  # in the folder of kept stages: which of them the files show


def export_figure(
    run: Run, scene: FigureScene, out: Path, config: ExportConfig, given: Iterable[Path | str], *, stills: bool = True
) -> Result:
    """Write everything into a hidden folder, then move it over. given: files that no result may overwrite. stills:
    False: those of an earlier shape are removed, which is told. Raises BadMesh, OutputError."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    with staging_folder(run, out) as staging:
        solid = write_figure_files(scene, staging, config, run.progress, stills=stills)
        run.warn(() if solid is None else solid.warnings)
        run.timings.append(Timing("export", cpu_seconds() - cpu, time.perf_counter() - wall, False))
        write_figure_manifest(scene, staging, RunReport(tuple(run.warnings), tuple(run.timings)), solid)
        before = _pictures(out)
        files = move_over(staging, out, given)
    run.progress(Step("export", 1, 1))
    notes = [] if solid is None else [f"{solid.told}, stands up to a tilt of {solid.leans_degrees:.0f} degrees"]
    removed = len(before - _pictures(out))
    if removed and not stills:
        notes.append(f"{removed} pictures of the old shape were removed: --stills draws them of the new one")
    return Result(out, files, scene.metrics, tuple(run.warnings), tuple(run.timings), tuple(notes))


def _pictures(out: Path) -> set[str]:
    return {path.name for path in out.iterdir() if path.suffix in (".png", ".webp")}


@dataclass(frozen=True)
class Shown:
    """Which kept stages a folder's files show.

    stage: `sculpt`, `shape` or (a rival's) `rival`; key: its key; texture: the painted texture's, empty: it has
    its own colours.
    """

    stage: str
    key: str
    texture: str = ""


def remember_shown(run: Run, shown: Shown) -> None:
    """Keep what `load_figure` must know. Raises OutputError."""
    if run.keep:
        store.save(run.cache / SHOWN, store.code_hash(), shown)


def load_figure(out: Path) -> Figure:
    """Returns the figure that a results folder of `sculpt`, `stylize` or `reshape` shows, painted where it is painted.

    Raises BadOption when its stages are not kept there, or were made by another version.
    """
    from twinbrush.paint.values import PaintedTexture

    with run_folder(out, new=False) as cache:
        shown = store.load(cache / SHOWN, store.code_hash(), Shown)
        if shown is None or shown.stage not in ("sculpt", "shape", "rival"):
            raise BadOption(f"{out}: no figure of this version of Twinbrush is kept there.",
                            "Run `twinbrush stylize` or `sculpt` first, without --no-cache.")
        if shown.stage == "rival":
            return (store.load(cache / "rival.npz", shown.key, Rival) or gone(out, "rival")).figure
        figure = store.load(cache / f"{shown.stage}.npz", shown.key, Figure) or gone(out, shown.stage)
        if not shown.texture:
            return figure
        painted = store.load(cache / "texture.npz", shown.texture, PaintedTexture) or gone(out, "texture")
        return replace(figure, texture=painted.texture)
