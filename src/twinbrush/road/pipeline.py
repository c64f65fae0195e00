"""`stylize` and `reshape`: which road an input walks.

Every stage's result is kept under OUT/.twinbrush, named by a hash of all it depends on, so that a second run with the
same inputs goes on where the first one stopped. Results move into OUT only when complete.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from twinbrush.base import store
from twinbrush.base.beside import Works
from twinbrush.base.errors import BadOption
from twinbrush.base.files import nothing_left
from twinbrush.base.models import ensure_models
from twinbrush.base.progress import Meter, Progress, Step, ignore
from twinbrush.config import Config, check, check_used
from twinbrush.config.roads import RIVALS, road_of
from twinbrush.export.outputs import Result
from twinbrush.meshes.guard import is_mesh_file
from twinbrush.regions.inputs import check_named_files, read_input
from twinbrush.road import plans
from twinbrush.road.figure_pipeline import Changes, FigureRun, reshape_figure, stylize_photo
from twinbrush.road.run import CACHE, FINISHED, Run, run_folder


def stylize_files(photo: Path, style: Path, out: Path, config: Config, *, progress: Progress = ignore) -> Result:
    """Everything `twinbrush stylize` does, for a photo or a mesh file. Raises TwinbrushError; then nothing new is left
    behind."""
    check(config)
    check_named_files(config)
    _check_device(config)
    if is_mesh_file(photo):
        from twinbrush.road.mesh_pipeline import stylize_mesh

        return stylize_mesh(photo, style, out, config, progress=progress)
    method = config.stylize.method
    rival = method in RIVALS
    check_used(config, road_of(method))
    if method == "guided":
        check_used(config, "guided")
    plan = plans.RIVAL if rival else plans.PAPER if method == "paper" else plans.FIGURE
    progress = Meter(plan, progress)
    ensure_models(progress)
    progress(Step("inputs", 0, 1))
    with Works() as works:
        engine = works.begin(partial(_engine, config))  # importing torch takes as long as reading two pictures
        content = read_input(photo, config.photo_face, config.portrait, art=False)
        art = read_input(style, config.style_face, config.portrait, art=True)
        weights = engine.result()
    # What the user must mend leaves nothing behind; after an interruption finished stages wait for the next run.
    with nothing_left(out / CACHE), run_folder(out, keep=config.cache) as cache:
        if rival:
            from twinbrush.road.rival_road import stylize_rival

            return stylize_rival(Run(cache, progress, config.cache), content, art, weights, out, config)
        return stylize_photo(Run(cache, progress, config.cache), content, art, weights, out, config)


def _engine(config: Config) -> str | None:
    """The sha256 of the painter's weights."""
    from twinbrush.paint.engine import check_engine

    return check_engine(config.stylize)


def _check_device(config: Config) -> None:
    """Raise BadOption before any work when CUDA is asked for and absent."""
    if config.stylize.device == "cuda":
        from twinbrush.paint.device import choose_compute  # imports torch: only when it matters

        choose_compute("cuda")


def reshape_files(
    out: Path, strength: float | None = None, *, caricature: float | None = None, hair_shape: float | None = None,
    relief: float | None = None, stills: bool = False, progress: Progress = ignore,
) -> Result:
    """Everything `twinbrush reshape` does: the shape at another strength, caricature, hair_shape, and another height of
    the relief in mm (None: as it was); nothing is painted or baked again. stills: also a figure's stills, sheet and
    turntable.

    Raises BadOption when nothing is asked for, when `out` holds no finished run of this version, or one without any
    change of shape.
    """
    from twinbrush.road.mesh_pipeline import MeshRun, reshape_mesh

    if all(value is None for value in (strength, caricature, hair_shape, relief)) and not stills:
        raise BadOption("reshape: nothing to change.", "Give --strength, --caricature, --hair-shape or --relief.")

    with run_folder(out, new=False) as cache:
        known = store.load(cache / FINISHED, store.code_hash(), FigureRun, MeshRun)
        if known is None:
            raise BadOption(f"{out}: no finished run of this version of Twinbrush.", "Run `twinbrush stylize` first.")
        if isinstance(known, FigureRun):
            plan = plans.RESHAPE_PAPER if known.config.stylize.method == "paper" else plans.RESHAPE
            run = Run(cache, Meter(plan, progress))
            changes = Changes(strength, caricature, hair_shape, relief)
            return reshape_figure(run, out, known, changes, stills=stills)
        if strength is None or any(value is not None for value in (caricature, hair_shape, relief)):
            raise BadOption("--caricature, --hair-shape, --relief: are for a photo's figure.",
                            "Give --strength, and nothing else, for this folder.")
        if stills:
            raise BadOption("--stills: is for a photo's figure.", "Leave it out: they are always drawn of this folder.")
        return reshape_mesh(Run(cache, Meter(plans.MESH, progress)), out, strength, known)
