"""A head that came as a mesh: the portrait's stages on its front, then the paint all the way round.

The front is found on renderings (meshes/front.py); from there on the stereo pair, the alignment of the style and the
engines are those of a photo. The shape comes from the N-view solve (the pair is its case N = 2), so that vertices at uv
seams stay together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from twinbrush import store
from twinbrush.config import Config
from twinbrush.correspond.align import align_style
from twinbrush.correspond.values import AlignedStyle
from twinbrush.inputs import Input
from twinbrush.mesh import Mesh, Region
from twinbrush.mesh_outputs import ObjectScene, PaintedAtlas
from twinbrush.meshes.front import FoundFront
from twinbrush.meshes.regions import without_islands
from twinbrush.meshes.values import SourceModel
from twinbrush.reconstruct.shape import DISBELIEF_MM, SMOOTH_MM, ShapeResult, quality, sound_displacement
from twinbrush.reconstruct.solve import Sighting, solve_shape
from twinbrush.regions.engine import find_regions
from twinbrush.regions.values import RegionMap
from twinbrush.run import Run
from twinbrush.stages import content_of
from twinbrush.stylize import check_engine
from twinbrush.stylize.control import control_points
from twinbrush.stylize.values import Stylization
from twinbrush.views.consistency import view_consistency
from twinbrush.views.render import render_views
from twinbrush.views.values import ViewSet

LEAST_HAIR = 0.02  # of the vertices: with less the head is bald
BACKWARD = -0.1  # z of normals that no front view sees well
LIP = 0  # landmark in the middle of the upper lip


@dataclass(frozen=True)
class Front:
    """What was found on the mesh: a face or nothing."""

    found: FoundFront | None
    warnings: tuple[str, ...] = ()


def head_keys(front: str, art: Input, config: Config) -> dict[str, str]:
    """What the stages of a head depend on."""
    key = {"front": front, "style": store.stage_key("style", art.key)}
    key["views"] = store.stage_key("views", front, config.views)
    key["align"] = store.stage_key("align", key["views"], key["style"], config.align)
    painter = content_of(config.stylize), check_engine(config.stylize)
    key["stylize"] = store.stage_key("stylize", key["align"], *painter, config.seed)
    key["shape"] = store.stage_key("solve-head", key["stylize"])
    key["paint"] = store.stage_key("paint-head", key["shape"], config.reconstruct.texture_size)
    return key


def head_scene(
    run: Run, model: SourceModel, found: FoundFront, art: Input, key: dict[str, str], config: Config
) -> ObjectScene:
    """All stages; the shape in the model's world frame."""
    from twinbrush.stylize import stylize

    portrait, picture = found.portrait, art.picture.pixels
    parts = run.stage(
        "style", key["style"], RegionMap,
        lambda: find_regions(picture, art.face, mask=art.mask, given=art.labels, others=art.others),
    )  # fmt: skip
    pair = replace(config.views, views=2, angles=())
    views = run.stage("views", key["views"], ViewSet, lambda: render_views(portrait, pair))
    aligned = run.stage(
        "align",
        key["align"],
        AlignedStyle,
        lambda: align_style(
            picture, art.face, parts, portrait, views, config.align,
            progress=run.progress,
        ),
    )  # fmt: skip
    front = run.stage(
        "stylize",
        key["stylize"],
        Stylization,
        lambda: stylize(views, aligned, config.stylize, seed=config.seed, progress=run.progress),
    )
    shape = run.stage("shape", key["shape"], ShapeResult, lambda: _shape(model, found, views, aligned, front))
    painted = run.stage(
        "paint", key["paint"], PaintedAtlas, lambda: _paint(run, model, found, aligned, front, shape, config)
    )
    agreement = view_consistency(front.images, front.warped)
    metrics = {f"front_consistency_{name}": value for name, value in agreement.items()}
    metrics |= {name: float(value) for name, value in front.log.items()}
    toward = found.to_portrait[:3, :3].T @ np.array([0.0, 0.0, 1.0])
    degrees = float(np.degrees(np.arctan2(toward[0], toward[2])))
    return ObjectScene(model, art.picture, shape, painted, degrees, metrics, portrait.image, head=True)


def _shape(
    model: SourceModel, found: FoundFront, views: ViewSet, aligned: AlignedStyle, front: Stylization
) -> ShapeResult:
    """The stereo pair's solve, brought back into the model's world frame."""
    mesh, first = found.portrait.mesh, model.first
    rest = mesh.vertices
    everywhere = np.ones(len(rest), bool)  # the back follows the rim of the face, too
    factor = front.log.get("strength_factor", 1.0)
    control = control_points(rest, everywhere, views.landmarks_xyz, aligned.moved_xyz).scaled(factor)
    direct = control.deformation().apply(rest) - rest
    seen = np.logical_and.reduce(np.concatenate([views.vertex_visible, front.warped.vertex_visible]))

    def sightings() -> list[Sighting]:
        return [
            Sighting(camera, pixels, seen.astype(np.float64))
            for camera, pixels in zip(views.cameras, front.warped.vertex_pixels, strict=True)
        ]

    solved = solve_shape(rest, mesh.faces, sightings, smooth_length=SMOOTH_MM, prior=direct, disbelief=DISBELIEF_MM)
    solid = Mesh(rest[first], model.welded_faces)
    displacement, reduced, warnings = sound_displacement(solid, solved.displacement[first])
    metrics = {
        "skew_px": solved.skew_px,
        "seen_by_views": solved.seen,
        "strength_factor": factor * reduced,
        **quality(solid, displacement),
    }
    back = np.linalg.inv(found.to_portrait[:3, :3])
    in_world = (displacement @ back.T)[model.welded]
    moved = model.mesh.moved(model.mesh.vertices + in_world)
    return ShapeResult(moved, in_world, factor * reduced, metrics, warnings)


def _paint(
    run: Run,
    model: SourceModel,
    found: FoundFront,
    aligned: AlignedStyle,
    front: Stylization,
    shape: ShapeResult,
    config: Config,
) -> PaintedAtlas:
    from twinbrush.reconstruct.bake import finish_texture
    from twinbrush.stylize.surround.agreement import ring_consistency
    from twinbrush.stylize.surround.heads import Head, paint_head

    rest = found.portrait.mesh
    change = shape.displacement @ found.to_portrait[:3, :3].T
    moved = rest.moved(rest.vertices + change)
    labelled = replace(moved, regions=_with_back(found, model))
    head = Head(labelled, rest.vertices + _full(change, config), model.welded, model.coloured)
    paint, log, cameras = paint_head(
        head, aligned, front, config.views, config.stylize, config.reconstruct.texture_size, seed=config.seed,
        progress=run.progress,
    )  # fmt: skip
    baked = finish_texture(paint)
    agreement = ring_consistency(moved.painted(baked.texture), cameras)
    return PaintedAtlas(
        baked.texture, {**log, **baked.metrics, **agreement}, front.method, front.weights_sha256
    )


def _with_back(found: FoundFront, model: SourceModel) -> UInt8[np.ndarray, "v"]:
    """Regions of all vertices: what faces backward above the mouth, and was labelled by what is nearest in front, is
    hair where the head has any. A head of clay was labelled by place, its back and ears too. No islands."""
    mesh, landmarks = found.portrait.mesh, found.portrait.landmarks_xyz
    assert mesh.regions is not None
    normals = model.normals(mesh.vertices)
    if not model.coloured or float((mesh.regions == int(Region.HAIR)).mean()) < LEAST_HAIR:
        return without_islands(model, mesh.regions)
    height = float(np.ptp(landmarks[:, 1]))
    behind = (normals[:, 2] < BACKWARD) & (mesh.vertices[:, 2] < landmarks[:, 2].min() - 0.1 * height)
    skull = behind & (mesh.vertices[:, 1] > landmarks[LIP, 1])
    return without_islands(model, np.where(skull, np.uint8(Region.HAIR), mesh.regions))


def _full(change: Float[np.ndarray, "v 3"], config: Config) -> Float[np.ndarray, "v 3"]:
    """The displacement at strength 1: where the style's canvas lies."""
    return change / config.align.strength if config.align.strength > 0 else change


