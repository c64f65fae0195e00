"""A mesh and a style picture -> the same mesh, moved and repainted: which road it walks, and its files.

A mesh with a face and a style with a face walk the head's road (head_road.py), everything else the object's
(object_road.py).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from twinbrush.base.beside import cpu_seconds
from twinbrush.base.errors import BadOption, FaceNotFound, FaceUnusable, ModelFileError
from twinbrush.base.files import nothing_left
from twinbrush.base.image import load_image
from twinbrush.base.models import ensure_models
from twinbrush.base.progress import Meter, Progress, Step, ignore
from twinbrush.config import Config, check, check_used, named_files
from twinbrush.export.mesh_outputs import (
    ObjectScene,
    PaintedAtlas,
    mesh_metrics,
    write_mesh_manifest,
    write_models,
    write_round,
)
from twinbrush.export.outputs import Result, RunReport, Timing
from twinbrush.meshes.orient import face_axes
from twinbrush.meshes.read import load_model
from twinbrush.meshes.values import SourceModel
from twinbrush.paint.engine import check_engine
from twinbrush.regions.inputs import Input, read_input, read_mask
from twinbrush.road import head_road, object_road
from twinbrush.road.head_road import front_of, give_model, head_scene
from twinbrush.road.object_road import MeshInputs, object_scene
from twinbrush.road.placing import move_over
from twinbrush.road.plans import MESH
from twinbrush.road.run import CACHE, Run, gone, restrengthened, run_folder, staging_folder
from twinbrush.road.stages import Stage, Walk
from twinbrush.shape.displacement import ShapeResult


@dataclass(frozen=True)
class MeshRun:
    """What `reshape` must know of a mesh's finished run. key: {stage: key of its kept result}; sha256: of the mesh file
    then. The rest: see ObjectScene."""

    given: MeshInputs
    config: Config
    key: dict[str, str]
    sha256: str
    front_degrees: float
    metrics: dict[str, float]
    reference: Float[np.ndarray, "h w 3"]
    head: bool


def stylize_mesh(mesh: Path, style: Path, out: Path, config: Config, *, progress: Progress = ignore) -> Result:
    """Everything `twinbrush stylize model.obj style.jpg` does. Raises TwinbrushError; then nothing new is left."""
    check(config)
    method = config.stylize.method
    if method not in ("hybrid", "guided"):
        raise BadOption(f"--method {method}: is for portraits.", "Leave it out for a mesh, or give --method guided.")
    check_used(config, "mesh")
    progress = Meter(MESH, progress)
    progress(Step("inputs", 0, 1))
    picture = load_image(style)
    path = config.style_face.mask
    mask = None if path is None else read_mask(path, picture, shown="the object is")
    given = MeshInputs(mesh, picture, mask)
    model = load_model(mesh, config.mesh, progress=progress)
    with nothing_left(out / CACHE), run_folder(out, keep=config.cache) as cache:
        run = Run(cache, progress, config.cache)
        return _stylize(run, model, given, out, config)


def _stylize(run: Run, model: SourceModel, given: MeshInputs, out: Path, config: Config) -> Result:
    run.warn((*model.repairs, *model.warnings))
    if config.export.stl or config.export.threemf:
        run.warn(("--stl, --threemf: only a photo's portrait becomes a bust; the mesh comes back in its own format.",))
    walk = _begun(run, model, given, config)
    art = _faces(walk, given)
    if art is None:
        run.warn(given.picture.notes)
        scene = object_scene(walk)
    else:
        walk = _upright(walk, given)
        run.warn(tuple(f"style: {warning}" for warning in art.warnings))
        scene = head_scene(walk, art)
    kept = {stage.name: walk.keys[stage.name] for stage in _kept(scene.head)}
    run.remember(MeshRun(
        given, walk.config, kept, model.sha256, scene.front_degrees, scene.metrics, scene.reference, scene.head))
    return _export(run, scene, out, walk.config)


def _kept(head: bool) -> tuple[Stage[ShapeResult], Stage[PaintedAtlas]]:
    """The stages whose results `reshape` takes up again."""
    return (head_road.SHAPE, head_road.PAINT) if head else (object_road.SHAPE, object_road.PAINT)


def _begun(run: Run, model: SourceModel, given: MeshInputs, config: Config) -> Walk:
    walk = Walk(run, config)
    give_model(walk, model)
    walk.give("picture", given, given.picture.sha256)
    engine = check_engine(config.stylize)
    walk.give("engine", engine, engine or "")
    return walk


def _upright(walk: Walk, given: MeshInputs) -> Walk:
    """The walk with the mesh placed as the face on it is upright, unless the user has said which way up it is."""
    run, config = walk.run, walk.config
    if config.mesh.up != "auto":
        return walk
    axes = face_axes(walk.values["model"].to_world, walk.values["front"].to_portrait)
    if axes is None:
        return walk
    turned = replace(config, mesh=replace(config.mesh, up=axes[0], forward=axes[1]))
    again = _begun(run, load_model(given.mesh, turned.mesh, progress=run.progress), given, turned)
    if front_of(again, replace(head_road.FRONT, name="front_upright")) is None:
        return walk
    run.warn((f"{given.mesh.name}: taken with {axes[0]} up and {axes[1]} in front, as the face on it is upright; --up "
              "and --forward say otherwise.",))  # fmt: skip
    return again


def _faces(walk: Walk, given: MeshInputs) -> Input | None:
    """The face in the style when there is one on the mesh, too (the user's pairs make it an object)."""
    run, config = walk.run, walk.config
    if config.objects.pairs is not None:
        return None
    try:
        ensure_models(run.progress)
    except ModelFileError:  # where they would lie is nobody's business: warnings go into the manifest
        run.warn(("No faces were looked for: the model files are not there (`twinbrush models fetch`).",))
        return None
    if front_of(walk) is None:
        return None
    try:
        return read_input(Path(given.picture.path), config.style_face, config.portrait, art=True)
    except (FaceNotFound, FaceUnusable) as error:
        run.warn((f"The mesh is a head, but the style shows no face ({error.problem}): it is painted as an object.",))
        return None


def _export(run: Run, scene: ObjectScene, out: Path, config: Config) -> Result:
    """Write everything into a hidden folder, then move it over."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    with staging_folder(run, out) as staging:
        metrics = mesh_metrics(scene)
        run.warn(write_models(scene, staging, run.progress))
        write_round(scene, staging, config, run.progress)
        run.timings.append(Timing("export", cpu_seconds() - cpu, time.perf_counter() - wall, False))
        report = RunReport(tuple(run.warnings), tuple(run.timings))
        write_mesh_manifest(scene, staging, config, metrics, report)
        files = move_over(staging, out, (scene.model.path, scene.picture.path, *named_files(config)))
    run.progress(Step("export", 1, 1))
    return Result(out, files, metrics, tuple(run.warnings), tuple(run.timings))


def reshape_mesh(run: Run, out: Path, strength: float, known: MeshRun) -> Result:
    """The shape at another strength; nothing is painted again. Raises BadOption when stages are gone or the mesh file
    has changed since."""
    from twinbrush.shape.n_view import reshape_allround

    given, config = known.given, restrengthened(known.config, strength, out)
    model = load_model(given.mesh, config.mesh, progress=run.progress)
    if model.sha256 != known.sha256:
        raise BadOption(f"{given.mesh}: has changed since {out} was made.", "Run `twinbrush stylize` again.")
    shaped, paint = _kept(known.head)
    before = run.stage(shaped.name, known.key.get(shaped.name, ""), ShapeResult, lambda: gone(out, shaped.name))
    painted = run.stage(paint.name, known.key.get(paint.name, ""), PaintedAtlas, lambda: gone(out, paint.name))
    shape = reshape_allround(model.mesh, model.welded, before, strength / known.config.align.strength)
    run.warn(shape.warnings)
    scene = ObjectScene(
        model, given.picture, shape, painted, known.front_degrees, known.metrics, known.reference, known.head
    )  # fmt: skip
    return _export(run, scene, out, config)
