"""Rendering a textured mesh into N views, and rendering it again where a warp has moved its vertices."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8
from scipy.spatial import KDTree

from twinbrush.camera import Camera, project
from twinbrush.errors import BadMesh
from twinbrush.mesh import Mesh, Region
from twinbrush.progress import Progress, Step, ignore
from twinbrush.rasterize import Raster, rasterize, visible_points
from twinbrush.views.fill import fill_nearest, push_pull
from twinbrush.views.sampling import TextureSampler, averaged, bands
from twinbrush.views.values import ViewSet

# Sub-samples along each side of a pixel: 2 x 2 with a prefiltered texture shows no aliasing at any size we render.
SUBSAMPLES = 2


def render_mesh_views(
    mesh: Mesh, landmarks_xyz: Float[np.ndarray, "m 3"], cameras: tuple[Camera, ...], *, progress: Progress = ignore
) -> ViewSet:
    """Any textured mesh seen by any cameras of one size. Raises BadMesh without faces, uv or texture."""
    vertex_pixels = np.stack([project(camera, mesh.vertices)[0] for camera in cameras])
    landmarks_xy = np.stack([project(camera, landmarks_xyz)[0] for camera in cameras])
    return _render(mesh, cameras, vertex_pixels, landmarks_xyz, landmarks_xy, progress)


def warp_views(
    views: ViewSet,
    vertex_pixels: Float[np.ndarray, "n v 2"],
    landmarks_xy: Float[np.ndarray, "n m 2"] | None = None,
    *,
    progress: Progress = ignore,
) -> ViewSet:
    """The same surface with every vertex drawn at another place of each view, at its old depth: warped content,
    occlusion and correspondence in one pass (Eq. 4-5 without inverting any map).

    landmarks_xy: where the landmarks go; without it they move like the nearest vertices.
    """
    if vertex_pixels.shape != views.vertex_pixels.shape:
        raise ValueError(f"expected {views.vertex_pixels.shape}, got {vertex_pixels.shape}")
    if landmarks_xy is None:
        landmarks_xy = views.landmarks_xy + carried(
            views.mesh.vertices, views.landmarks_xyz, vertex_pixels - views.vertex_pixels)
    return _render(views.mesh, views.cameras, vertex_pixels, views.landmarks_xyz, landmarks_xy, progress)


def vertex_depths(views: ViewSet) -> Float[np.ndarray, "n v"]:
    """Depth of every vertex in every view, mm."""
    return np.stack([project(camera, views.mesh.vertices)[1] for camera in views.cameras])


def carried(
    vertices: Float[np.ndarray, "v 3"], points: Float[np.ndarray, "m 3"], moved: Float[np.ndarray, "*n v c"]
) -> Float[np.ndarray, "*n m c"]:
    """The vertices' displacements at points of the surface, from the 4 nearest vertices by inverse distance."""
    distance, nearest = KDTree(vertices).query(points, k=4)
    weight = 1 / (distance + 1e-3)
    weight /= weight.sum(1, keepdims=True)
    return np.einsum("...mkc,mk->...mc", moved[..., nearest, :], weight)


def _render(
    mesh: Mesh,
    cameras: tuple[Camera, ...],
    vertex_pixels: Float[np.ndarray, "n v 2"],
    landmarks_xyz: Float[np.ndarray, "m 3"],
    landmarks_xy: Float[np.ndarray, "n m 2"],
    progress: Progress,
) -> ViewSet:
    _check(mesh)
    width, height = cameras[0].width, cameras[0].height
    rasters: list[Raster] = []
    images, regions, visible = [], [], []
    for number, camera in enumerate(cameras):
        depth = project(camera, mesh.vertices)[1]
        raster = rasterize(vertex_pixels[number], depth, mesh.faces, width, height)
        if not (raster.face_index >= 0).any():
            raise BadMesh(f"The mesh is not in view {number}.", "Check its units (mm) and its place.")
        rasters.append(raster)
        images.append(_paint(mesh, vertex_pixels[number], depth, camera))
        regions.append(_label(mesh, raster))
        visible.append(
            visible_points(vertex_pixels[number], depth, vertex_pixels[number], depth, mesh.faces, width, height)
        )
        progress(Step("views", number + 1, len(cameras)))
    return ViewSet(
        mesh=mesh, cameras=cameras, images=np.stack(images),
        face_index=np.stack([raster.face_index for raster in rasters]),
        barycentric=np.stack([raster.barycentric.astype(np.float32) for raster in rasters]),
        depth=np.stack([raster.depth.astype(np.float32) for raster in rasters]),
        vertex_pixels=vertex_pixels, vertex_visible=np.stack(visible), regions=np.stack(regions),
        landmarks_xyz=landmarks_xyz, landmarks_xy=landmarks_xy,
    )


def _check(mesh: Mesh) -> None:
    if len(mesh.faces) == 0 or mesh.faces.max() >= len(mesh.vertices) or mesh.faces.min() < 0:
        raise BadMesh("The mesh has no faces, or faces that name vertices it lacks.", "Give another mesh.")
    if mesh.uv is None or mesh.texture is None:
        raise BadMesh("The mesh has no texture or no texture coordinates.", "Give a textured mesh.")


def _paint(
    mesh: Mesh, pixels: Float[np.ndarray, "v 2"], depth: Float[np.ndarray, "v"], camera: Camera
) -> Float[np.ndarray, "h w 3"]:
    """The texture seen through the view, 2 x 2 samples a pixel, past the silhouette by push-pull."""
    image = np.empty((camera.height, camera.width, 3), np.float32)
    known = np.empty((camera.height, camera.width), np.float32)
    sampler = TextureSampler.of(mesh, pixels, SUBSAMPLES)
    for band in bands(pixels, depth, mesh.faces, camera.width, camera.height, SUBSAMPLES):
        colour, share = averaged(sampler.colours(band.raster), band.covered, SUBSAMPLES)
        image[band.start : band.stop] = colour / np.maximum(share, 1e-6)[..., None]
        known[band.start : band.stop] = share > 0
    return push_pull(image, known)


def _label(mesh: Mesh, raster: Raster) -> UInt8[np.ndarray, "h w"]:
    """The region of each pixel's heaviest corner; outside the surface that of the nearest pixel inside."""
    covered = raster.face_index >= 0
    labels = np.full(covered.shape, Region.BACKGROUND, np.uint8)
    if mesh.regions is not None:
        corner = raster.barycentric[covered].argmax(-1)
        labels[covered] = mesh.regions[mesh.faces[raster.face_index[covered], corner]]
    return fill_nearest(labels, covered)
