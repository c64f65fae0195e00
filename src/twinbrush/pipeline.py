"""`stylize` and `reshape`: which road an input walks, and the relief's road of `--method paper`.

The only owner of paths. Every stage's result is kept under OUT/.twinbrush, named by a hash of all it depends on, so
that a second run with the same inputs goes on where the first one stopped. Results move into OUT only when complete.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from twinbrush import plans, store
from twinbrush.config import Config, check, check_used, named_files
from twinbrush.correspond.values import AlignedStyle
from twinbrush.errors import BadOption
from twinbrush.figure_pipeline import Changes, FigureRun, reshape_figure, stylize_photo
from twinbrush.files import nothing_left
from twinbrush.inputs import Input, check_named_files, read_input
from twinbrush.meshes.guard import is_mesh_file
from twinbrush.models import ensure_models
from twinbrush.outputs import (
    Result,
    RunReport,
    Scene,
    Timing,
    finish,
    run_metrics,
    write_manifest,
    write_meshes,
    write_pictures,
)
from twinbrush.placing import move_over
from twinbrush.portrait.values import Portrait
from twinbrush.progress import Meter, Progress, Step, ignore
from twinbrush.reconstruct.shape import ShapeResult
from twinbrush.reconstruct.texture import BakedTexture
from twinbrush.run import CACHE, FINISHED, Run, gone, restrengthened, run_folder, staging_folder
from twinbrush.stylize.values import Stylization
from twinbrush.views.values import ViewSet

T = TypeVar("T")


@dataclass(frozen=True)
class PhotoRun:
    """What `reshape` must know of a relief's finished run. key: {stage: key of its kept result}."""

    config: Config
    key: dict[str, str]
    content: Input
    art: Input


def stylize_files(photo: Path, style: Path, out: Path, config: Config, *, progress: Progress = ignore) -> Result:
    """Everything `twinbrush stylize` does, for a photo or a mesh file. Raises TwinbrushError; then nothing new is left
    behind."""
    check(config)
    check_named_files(config)
    _check_device(config)
    if is_mesh_file(photo):
        from twinbrush.mesh_pipeline import stylize_mesh

        return stylize_mesh(photo, style, out, config, progress=progress)
    paper = config.stylize.method == "paper"
    check_used(config, "relief" if paper else "figure")
    if config.stylize.method == "guided":
        check_used(config, "guided")
    progress = Meter(plans.RELIEF if paper else plans.FIGURE, progress)
    ensure_models(progress)
    progress(Step("inputs", 0, 1))
    content = read_input(photo, config.photo_face, config.portrait, art=False)
    art = read_input(style, config.style_face, config.portrait, art=True)
    # What the user must mend leaves nothing behind; after an interruption finished stages wait for the next run.
    with nothing_left(out / CACHE), run_folder(out, keep=config.cache) as cache:
        walk = _stylize if paper else stylize_photo
        return walk(Run(cache, progress, config.cache), content, art, out, config)


def _check_device(config: Config) -> None:
    """Raise BadOption before any work when CUDA is asked for and absent."""
    if config.stylize.device == "cuda":
        from twinbrush.stylize.device import choose_compute  # imports torch: only when it matters

        choose_compute("cuda")


def _stylize(run: Run, content: Input, art: Input, out: Path, config: Config) -> Result:
    from twinbrush.correspond.align import align_style
    from twinbrush.portrait.build import build_portrait
    from twinbrush.reconstruct.shape import reconstruct
    from twinbrush.reconstruct.texture import bake_texture
    from twinbrush.regions.engine import find_regions
    from twinbrush.regions.values import RegionMap
    from twinbrush.stylize import check_engine, stylize
    from twinbrush.views.render import render_views

    photo, picture, progress = content.picture.pixels, art.picture.pixels, run.progress
    run.warn(tuple(f"photo: {w}" for w in content.warnings) + tuple(f"style: {w}" for w in art.warnings))
    key = _keys(content, art, config, check_engine(config.stylize))
    portrait = run.stage(
        "portrait",
        key["portrait"],
        Portrait,
        lambda: build_portrait(
            photo, content.face, config.portrait, mask=content.mask, labels=content.labels, others=content.others,
            progress=progress,
        ),
    )
    parts = run.stage(
        "style", key["style"], RegionMap,
        lambda: find_regions(picture, art.face, mask=art.mask, given=art.labels, others=art.others),
    )  # fmt: skip
    views = run.stage("views", key["views"], ViewSet, lambda: render_views(portrait, config.views))
    aligned = run.stage(
        "align",
        key["align"],
        AlignedStyle,
        lambda: align_style(
            picture, art.face, parts, portrait, views, config.align, progress=progress
        ),
    )
    painted = run.stage(
        "stylize",
        key["stylize"],
        Stylization,
        lambda: stylize(views, aligned, config.stylize, seed=config.seed, progress=progress),
    )
    shape = run.stage(
        "shape", key["shape"], ShapeResult,
        lambda: reconstruct(portrait, views, aligned, painted.warped, config.reconstruct),
    )  # fmt: skip
    baked = run.stage(
        "texture", key["texture"], BakedTexture, lambda: bake_texture(portrait, painted, config.reconstruct)
    )
    run.remember(PhotoRun(config, key, content, art))
    return _export(run, Scene(content, art, portrait, views, aligned, painted, shape, baked), out, config)


def _keys(content: Input, art: Input, config: Config, weights: str | None) -> dict[str, str]:
    """What every stage's result depends on, as a hash: a change redoes that stage and those after it, no others."""
    key = {"portrait": store.stage_key("portrait", content.key, config.portrait)}
    key["style"] = store.stage_key("style", art.key)
    key["views"] = store.stage_key("views", key["portrait"], config.views)
    key["align"] = store.stage_key("align", key["views"], key["style"], config.align)
    key["stylize"] = store.stage_key("stylize", key["align"], config.stylize, weights, config.seed)
    key["shape"] = store.stage_key("shape", key["stylize"], config.reconstruct)
    key["texture"] = store.stage_key("texture", key["stylize"], config.reconstruct.texture_size)
    return key


def _export(run: Run, scene: Scene, out: Path, config: Config) -> Result:
    """Write everything into a hidden folder, then move it over."""
    cpu, wall = time.process_time(), time.perf_counter()
    with staging_folder(run, out) as staging:
        metrics = run_metrics(scene)
        finished = finish(scene, config)
        run.warn(finished.warnings)
        bust = write_meshes(scene, finished, staging, config, run.progress)
        run.warn(() if bust is None else bust.warnings)
        write_pictures(scene, finished.mesh, staging, config, run.progress)
        run.timings.append(Timing("export", time.process_time() - cpu, time.perf_counter() - wall, False))
        write_manifest(scene, staging, config, metrics, RunReport(tuple(run.warnings), tuple(run.timings)), bust)
        files = move_over(staging, out, (scene.content.picture.path, scene.art.picture.path, *named_files(config)))
    run.progress(Step("export", 1, 1))
    notes = () if bust is None else (bust.told,)
    return Result(out, files, metrics, tuple(run.warnings), tuple(run.timings), notes)


def reshape_files(
    out: Path, strength: float | None = None, *, caricature: float | None = None, hair_shape: float | None = None,
    relief: float | None = None, stills: bool = False, progress: Progress = ignore,
) -> Result:
    """Everything `twinbrush reshape` does: the shape at another strength, caricature, hair_shape, and another height of
    the relief in mm (None: as it was); nothing is painted or baked again. stills: also a figure's stills, sheet and
    turntable.

    Raises BadOption when `out` holds no finished run of this version, or one without any change of shape.
    """
    from twinbrush.mesh_pipeline import MeshRun, reshape_mesh

    with run_folder(out, new=False) as cache:
        known = store.load(cache / FINISHED, store.code_hash(), FigureRun, PhotoRun, MeshRun)
        if known is None:
            raise BadOption(f"{out}: no finished run of this version of Twinbrush.", "Run `twinbrush stylize` first.")
        if isinstance(known, FigureRun):
            run = Run(cache, Meter(plans.RESHAPE, progress))
            changes = Changes(strength, caricature, hair_shape, relief)
            return reshape_figure(run, out, known, changes, stills=stills)
        if strength is None or any(value is not None for value in (caricature, hair_shape, relief)):
            raise BadOption("--caricature, --hair-shape, --relief: are for a photo's figure.",
                            "Give --strength, and nothing else, for this folder.")
        if stills:
            raise BadOption("--stills: is for a photo's figure.", "Leave it out: they are always drawn of this folder.")
        if isinstance(known, MeshRun):
            return reshape_mesh(Run(cache, Meter(plans.MESH, progress)), out, strength, known)
        return _reshape(Run(cache, Meter(plans.RELIEF, progress)), out, strength, known)


def _reshape(run: Run, out: Path, strength: float, known: PhotoRun) -> Result:
    from twinbrush.reconstruct.shape import reshape

    config = restrengthened(known.config, strength, out)

    def kept(name: str, kind: type[T]) -> T:
        return run.stage(name, known.key.get(name, ""), kind, lambda: gone(out, name))

    portrait, views, aligned = kept("portrait", Portrait), kept("views", ViewSet), kept("align", AlignedStyle)
    painted, before, baked = kept("stylize", Stylization), kept("shape", ShapeResult), kept("texture", BakedTexture)
    shape = reshape(portrait, before, strength / known.config.align.strength)
    run.warn(shape.warnings)
    return _export(run, Scene(known.content, known.art, portrait, views, aligned, painted, shape, baked), out, config)
