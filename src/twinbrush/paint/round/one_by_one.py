"""Views all the way round, painted one after the other on one surface.

The front comes first, then its neighbours to both sides, the back last. Each view paints what it looks at most
squarely; what earlier views painted there already is shown to it and kept, so that patches continue across the borders.
Cost and memory of a view do not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float32, Int, UInt8

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import Mesh, Region
from twinbrush.base.progress import Progress, Step, ignore
from twinbrush.base.rasterize import interpolate
from twinbrush.base.sampling import TextureSampler
from twinbrush.config import StylizeConfig
from twinbrush.maths.fill import push_pull
from twinbrush.paint.bands import blend
from twinbrush.paint.colour import PAINTED, with_photo_colours
from twinbrush.paint.guided.atlas import StyleSheet, style_sheet
from twinbrush.paint.guided.consensus import Known
from twinbrush.paint.guided.scene import Scene
from twinbrush.paint.guided.synthesis import synthesize
from twinbrush.paint.round.guide import SQUARE, guide_mesh, region_weights
from twinbrush.paint.round.subject import StyleCanvas, Subject
from twinbrush.views.surface_paint import Look, SurfacePaint

# How far from a border a view's colours follow its neighbour's, and the blur of what follows, in units: broad light
# over the whole side of a face (a cheek in shadow must not end in a lit stripe), strokes only at the border itself.
FOLLOWED = ((0.6, 0.1), (0.1, 0.025))
LEAST_OWNED = 0.0004  # of a view's pixels: a view that owns less paints nothing
# Share of the guide in each band of the result at 0.65 of the identity slider, fine to coarse (see guided/paint.py).
FROM_GUIDE = (0.0, 0.1, 0.25, 0.4, 0.45, 0.45)
IDENTITY_POWER = 1.6
PREFERRED = 1.2  # factor of the bids of pictures that were finished before
SIDEWAYS_TRUST = 0.1  # least weight of a point's place in the canvas, where it is drawn out
UNLIKE = 0.3  # the most in a style of something else

Picture = tuple[Camera, Float32[np.ndarray, "h w 3"]]
Lead = Callable[[Scene, int], Scene]
"""(scene, number of the view) -> the scene with a lead: another engine's picture of the view, which guides patches."""


def sheet_of(canvas: StyleCanvas) -> StyleSheet:
    """The canvas as the guided painter takes it."""
    labels = np.uint8(Region.SKIN) if canvas.regions is None else canvas.regions
    regions = np.where(canvas.usable, labels, np.uint8(Region.BACKGROUND))
    return style_sheet(canvas.image, canvas.usable, regions, np.zeros((0, 2)), canvas.unit_px)


def painting_order(cameras: tuple[Camera, ...], front: Camera) -> Int[np.ndarray, "n"]:
    """By the angle between a camera's line of sight and the front's, nearest first."""
    facing = [float(camera.world_to_camera[2, :3] @ front.world_to_camera[2, :3]) for camera in cameras]
    return np.argsort(-np.round(facing, 6), kind="stable")


def paint_one_by_one(
    paint: SurfacePaint,
    subject: Subject,
    canvas: StyleCanvas,
    cameras: tuple[Camera, ...],
    config: StylizeConfig,
    *,
    seed: int,
    lead: Lead | None = None,
    first: Sequence[Picture] = (),
    progress: Progress = ignore,
) -> dict[str, float]:
    """Paint the surface from `cameras`, in their order; returns numbers for the log.

    paint: an empty atlas of the subject's mesh; filled in place. first: finished pictures that are laid down before and
    own more than their share (a portrait's stereo pair). The same seed gives the same bytes.
    """
    sheet = sheet_of(canvas)
    guide = guide_mesh(subject, sheet, config.identity)
    lay_first(paint, first)
    for number, camera in enumerate(cameras):
        paint.claim(paint.look(camera))
        progress(Step("claim", number + 1, len(cameras)))
    for camera, image in first:
        look = preferred(paint.look(camera))
        paint.add(look, image, paint.share(look))
    costs, gaps = [], []
    for number, camera in enumerate(cameras):
        look = paint.look(camera)
        share = paint.share(look)
        scene, weight = view_scene(paint, look, share, subject, guide, sheet)
        if float((scene.consensus.own[0] > 0.02).mean()) > LEAST_OWNED:
            if lead is not None:
                scene = lead(scene, number)
            painting = synthesize(scene, identity=config.identity**IDENTITY_POWER, seed=seed + 7919 * number)
            image = finished(scene, painting.images[0], config)
            image = continued(image, scene, weight)
            costs.append(painting.cost)
            gaps.append(border_gap(image, scene, weight))
            paint.add(look, image, share)
        progress(Step("stylize", number + 1, len(cameras), f"view {number + 1} of {len(cameras)}"))
    known = [gap for gap in gaps if gap is not None]
    return {"match_cost": float(np.mean(costs)), "border_difference": float(np.mean(known)) if known else 0.0}


def preferred(look: Look) -> Look:
    return replace(look, score=look.score * PREFERRED)


def lay_first(paint: SurfacePaint, first: Sequence[Picture]) -> None:
    """The finished pictures bid."""
    for camera, _ in first:
        paint.claim(preferred(paint.look(camera)))


def view_scene(
    paint: SurfacePaint, look: Look, share: Float32[np.ndarray, "s"], subject: Subject, guide: Mesh, sheet: StyleSheet
) -> tuple[Scene, Float32[np.ndarray, "h w"]]:
    """What one view paints, and how much of each pixel earlier views have painted."""
    return continuing(bare_scene(look, subject, guide, sheet), paint, look, share)


def bare_scene(look: Look, subject: Subject, guide: Mesh, sheet: StyleSheet) -> Scene:
    """What one view paints where nothing is painted yet."""
    coverage = look.raster.face_index >= 0
    attributes = np.column_stack([subject.places_xy, subject.facing])
    seen = interpolate(look.raster.face_index, look.raster.barycentric, subject.mesh.faces, attributes)
    seen = push_pull(seen.astype(np.float32), coverage.astype(np.float32))
    trust = np.clip(seen[..., 2] / SQUARE, 0, 1) ** 2 * (1.0 if subject.like else UNLIKE)
    nothing = np.zeros((1, *coverage.shape, 3), np.float32)
    return Scene(
        photo=_seen(subject.mesh, look)[None],
        matched=_seen(guide, look)[None],
        coverage=coverage[None],
        regions=_labels(subject, look)[None],
        landmarks_xy=np.zeros((1, 0, 2)),
        consensus=Known(coverage[None].astype(np.float32), nothing),
        sheet=sheet,
        places_xy=np.ascontiguousarray(seen[None, ..., :2]),
        place_weight=np.maximum(trust, SIDEWAYS_TRUST).astype(np.float32)[None],
        unit_px=sheet.unit,
    )


def continuing(
    scene: Scene, paint: SurfacePaint, look: Look, share: Float32[np.ndarray, "s"]
) -> tuple[Scene, Float32[np.ndarray, "h w"]]:
    """The scene with what earlier views have painted, and how much of each pixel that is."""
    mine = paint.shown(look, paint.texels.picture(share[:, None]))[..., 0]
    layer = paint.shown(look)
    before = layer[..., 3]
    claimed = mine + before
    own = np.where(claimed > 0.05, mine / np.maximum(claimed, 1e-6), 1.0)
    own = np.where(scene.coverage[0], own, 0).astype(np.float32)
    picture = push_pull(layer[..., :3] / np.maximum(before, 1e-6)[..., None], np.clip(before * 4, 0, 1))
    return replace(scene, consensus=Known(own[None], picture.astype(np.float32)[None])), before


def _labels(subject: Subject, look: Look) -> UInt8[np.ndarray, "h w"]:
    """The region of each pixel."""
    if subject.regions is None:
        return np.full(look.raster.face_index.shape, int(Region.SKIN), np.uint8)
    weights = region_weights(subject)
    shown = interpolate(look.raster.face_index, look.raster.barycentric, subject.mesh.faces, weights)
    return np.array([int(region) for region in PAINTED], np.uint8)[shown.argmax(-1)]


def _seen(mesh: Mesh, look: Look) -> Float32[np.ndarray, "h w 3"]:
    """The mesh's texture in a view, pushed past the silhouette."""
    sampler = TextureSampler.of(mesh, project(look.camera, mesh.vertices)[0], 1)
    covered = look.raster.face_index >= 0
    return push_pull(sampler.colours(look.raster), covered.astype(np.float32)).astype(np.float32)


def finished(
    scene: Scene, painted: Float32[np.ndarray, "h w 3"], config: StylizeConfig
) -> Float32[np.ndarray, "h w 3"]:
    """The content's broad light and colour brought back, and the content as far as the style is wanted less."""
    assert scene.unit_px is not None
    unit, scale = scene.unit_px, 2 * config.identity**IDENTITY_POWER
    shares = tuple(float(np.clip(scale * share, 0, 1)) for share in FROM_GUIDE)
    # the guide lies on the surface, a lead belongs to its view: broad colours come from what all views share
    mixed = blend(painted, scene.matched[0], unit, shares)
    if config.style_strength < 1:
        mixed = blend(mixed, scene.photo[0], unit, tuple(1 - config.style_strength for _ in shares))
    if config.keep_colours:
        mixed = with_photo_colours(mixed[None], scene.photo, scene.coverage, 0.05 * unit)[0]
    return np.clip(mixed, 0, 1).astype(np.float32)


def continued(
    image: Float32[np.ndarray, "h w 3"], scene: Scene, before: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w 3"]:
    """The view's colours bent to those of what is painted beside it, the less the farther and the finer (FOLLOWED)."""
    assert isinstance(scene.consensus, Known)
    assert scene.unit_px is not None
    both = ((before > 0.1) & (scene.consensus.own[0] > 0.05) & scene.coverage[0]).astype(np.float32)
    if both.sum() < 20:
        return image
    away = cv2.distanceTransform((both == 0).astype(np.uint8), cv2.DIST_L2, 5) / scene.unit_px
    for far, blur in FOLLOWED:
        wide = push_pull((scene.consensus.picture[0] - image) * both[..., None], both)
        bent = wide * np.exp(-away / far)[..., None].astype(np.float32)
        image = image + cv2.GaussianBlur(bent, (0, 0), blur * scene.unit_px, borderType=cv2.BORDER_REPLICATE)
        image = np.clip(image, 0, 1).astype(np.float32)
    return image


def border_gap(
    image: Float32[np.ndarray, "h w 3"], scene: Scene, before: Float32[np.ndarray, "h w"]
) -> float | None:
    """Mean difference between this view's painting and what was there, where both count."""
    assert isinstance(scene.consensus, Known)
    both = (before > 0.1) & (scene.consensus.own[0] > 0.1) & scene.coverage[0]
    if both.sum() < 20:
        return None
    return float(np.abs(image - scene.consensus.picture[0])[both].mean())


