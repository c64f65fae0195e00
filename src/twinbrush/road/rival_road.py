"""The rivals' road (`--method nst|strotss|dst|flat|nmr`): photo and style -> a rival's painted figure -> files.

Imports that take time wait until a stage is computed.
"""

from __future__ import annotations

from pathlib import Path

from twinbrush.base.progress import Progress
from twinbrush.baselines.scene import Rival
from twinbrush.config import Config, named_files
from twinbrush.export.figure_outputs import FigureScene, figure_metrics, picture_file
from twinbrush.export.outputs import Result
from twinbrush.regions.inputs import Input
from twinbrush.road.figure_export import Shown, export_figure, remember_shown
from twinbrush.road.run import Run
from twinbrush.road.stages import Stage, Walk

STAGE = "rival"


def painted(photo: Input, style: Input, engine: str | None, config: Config, progress: Progress) -> Rival:
    """Returns what the rival makes. engine: sha256 of the weights it sees with."""
    from twinbrush.baselines.paint import paint_rival  # imports torch: only now

    del engine
    return paint_rival(photo, style, config, progress=progress)


RIVAL = Stage(STAGE, Rival, ("photo", "style", "engine"), ("views.size", "stylize", "sculpt", "seed"), painted)


def stylize_rival(
    run: Run, content: Input, art: Input, engine: str | None, out: Path, config: Config
) -> Result:
    """Returns the files of a rival's figure. engine: sha256 of the weights it sees with. Raises TwinbrushError."""
    run.warn(tuple(f"photo: {w}" for w in content.warnings) + tuple(f"style: {w}" for w in art.warnings))
    walk = Walk(run, config)
    for name, value, key in (("photo", content, content.key), ("style", art, art.key), ("engine", engine, engine)):
        walk.give(name, value, key or "")
    made = walk.through(RIVAL)
    metrics = figure_metrics(made.figure) | made.log
    scene = FigureScene(
        made.figure, {"photo": picture_file(content), "style": picture_file(art)},
        (("Photo", content.picture.pixels), ("Style", art.picture.pixels), ("Painted", made.picture)), config,
        {name: float(value) for name, value in metrics.items()}, engine=config.stylize.method)
    result = export_figure(run, scene, out, config.export, (content.picture.path, art.picture.path,
                                                            *named_files(config)))  # fmt: skip
    remember_shown(run, Shown(STAGE, walk.keys[STAGE]))
    return result
