"""The photo's colours on the head's atlas: what was seen as it is, the rest completed.

Unseen texels take the other side's detail in this side's tone, then a smooth field that continues the seen colours and
tends to the skin's own (a screened membrane on the surface).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy import sparse, spatial

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import Mesh, vertex_normals
from twinbrush.base.rasterize import rasterize
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.gather import interpolated
from twinbrush.maths.linear import factorised
from twinbrush.maths.surface import cotangent_laplacian
from twinbrush.maths.texels import texels_of
from twinbrush.sculpt.lids import lash_shade
from twinbrush.sculpt.light import shading
from twinbrush.sculpt.lips import on_lips
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.trust import trusted
from twinbrush.sculpt.values import Template

FACING = (0.22, 0.55)  # cosine to the camera: unseen below, as it is above
SHARP_FACING = (0.36, 0.66)  # the same for detail, which is drawn out to streaks where skin is seen at a grazing angle
HIDDEN_MM = 3.0  # a point this far behind the nearest surface is hidden
BASE_BLUR_MM = 1.6  # the smooth field is taken from the photo blurred by this
BASE_SEEN, BASE_MIRRORED, BASE_OWN = 3e-2, 1e-3, 6e-5  # pulls of the field: to seen, mirrored, and the skin's own
DETAIL_RANGE = (0.72, 1.3)  # by which mirrored detail brightens or darkens the smooth field
OWN_QUANTILES = (0.35, 0.85)  # of seen skin's brightness between which the skin's own colour is averaged
DARK_LEAST = 0.5  # but for the part that keeps a shaded side from ending in a border
DARK_SHARE = 0.55  # seen skin darker than this share of the median does not speak for what is unseen
MOUTH_COLOUR, SOCKET_COLOUR = (0.30, 0.11, 0.10), (0.52, 0.30, 0.27)
INNER_LIP, LIP_PULL = 0.9, 0.5  # how dark the hidden part of a lip is against its seen part; pull of that colour
LIP_NEIGHBOURS, LIP_REDDEST = 40, 10  # vertices of the seen part nearby, and how many of them, the reddest, tell it
LIP_REACH_MM = 5.0  # inside the mouth the lips' colour fades out over this
PHOTO_EDGE_PX = 3.0
ABOVE_BEARD_MM = -42.0  # the skin's own colour is that of the face above this: no beard
CAP_SHADE = 0.8  # the cut below the neck lies in shadow


@dataclass(frozen=True)
class Sight:
    """What the photo lends: blurred (base) and sharp pictures, skin (h, w) 0..1, depths of the nearest surface, mm."""

    camera: Camera
    image: Float[np.ndarray, "h w 3"]
    base: Float[np.ndarray, "h w 3"]
    skin: Float[np.ndarray, "h w"]
    depth: Float[np.ndarray, "h w"]

    def weight(
        self, points: Float[np.ndarray, "n 3"], normals: Float[np.ndarray, "n 3"],
        cosines: tuple[float, float] = FACING,
    ) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n"]]:
        """Pixels of the points and how far the photo is to be believed there, 0..1."""
        pixels, depth = project(self.camera, points)
        view = self.camera.centre_xyz - points
        facing = np.einsum("nk,nk->n", normals, view) / np.sqrt(np.einsum("nk,nk->n", view, view))
        height, width = self.skin.shape
        low, high = PHOTO_EDGE_PX, np.array([width, height]) - 1 - PHOTO_EDGE_PX
        inside = ((pixels > low) & (pixels < high)).all(1)
        seen = depth < lookup(self.depth, pixels) + HIDDEN_MM
        ramp = smoothstep((facing - cosines[0]) / (cosines[1] - cosines[0]))
        return pixels, ramp * inside * seen * lookup(self.skin, pixels)


def lookup(picture: Float[np.ndarray, "h w *c"], xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n *c"]:
    """Bilinear values at pixels."""
    count = len(xy)
    padded = np.pad(xy.astype(np.float32), ((0, -count % 1024), (0, 0)), mode="edge").reshape(-1, 1024, 2)
    x, y = (np.ascontiguousarray(padded[..., k]) for k in range(2))
    values = cv2.remap(picture.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return values.reshape(-1, *picture.shape[2:])[:count]


def photo_sight(
    crop: Crop, camera: Camera, whole: Mesh, skin: Float[np.ndarray, "h w"], pixels_per_mm: float
) -> Sight:
    """The sight of the crop. whole: the figure's surface, to tell what is hidden; skin: see `lending_skin`."""
    height, width = crop.matte.shape
    pixels, depth = project(camera, whole.vertices)
    nearest = rasterize(pixels, depth, whole.faces, width, height).depth
    near = np.where(np.isfinite(nearest), nearest, 0.0).astype(np.float32)
    near = cv2.dilate(near, np.ones((3, 3), np.uint8))
    near[near == 0] = 1e6
    blurred = masked(crop.image, skin, BASE_BLUR_MM * pixels_per_mm)
    return Sight(camera, crop.image, blurred, skin, near)


def masked(
    image: Float[np.ndarray, "h w 3"], mask: Float[np.ndarray, "h w"], sigma: float
) -> Float[np.ndarray, "h w 3"]:
    """Gaussian blur of what the mask shows; elsewhere the plain blur."""
    total = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)[..., None]
    own = cv2.GaussianBlur(image.astype(np.float32) * mask[..., None].astype(np.float32), (0, 0), sigma)
    return np.where(total > 1e-2, own / np.maximum(total, 1e-2), cv2.GaussianBlur(image, (0, 0), sigma))


def colours_seen(
    template: Template, vertices: Float[np.ndarray, "n 3"], sight: Sight
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"], Float[np.ndarray, "n"]]:
    """The vertices, the blurred photo's colour at each, and how far it is to be believed."""
    pixels, weight = sight.weight(vertices, vertex_normals(vertices, template.triangles))
    return vertices, lookup(sight.base, pixels).astype(np.float64), np.where(template.labels <= 3, weight, 0.0)


def smooth_field(
    template: Template, vertices: Float[np.ndarray, "n 3"], sight: Sight, trust: Float[np.ndarray, "n"],
    shade: Float[np.ndarray, "n 3"],
) -> Float[np.ndarray, "n 3"]:
    """A colour for every vertex: the blurred photo where seen, elsewhere continued smoothly to the skin's own, in the
    light that the seen skin is in (`shade`)."""
    normals = vertex_normals(vertices, template.triangles)
    pixels, weight = sight.weight(vertices, normals)
    weight = np.where(template.labels <= 3, weight, 0.0) * trust
    colour = lookup(sight.base, pixels).astype(np.float64) / shade
    grey = colour.mean(1)
    seen = weight > 0.5
    if not seen.any():
        seen = weight >= weight.max()
    upper = seen & (template.labels == 0) & (template.mean[:, 1] > ABOVE_BEARD_MM)
    told = upper if upper.sum() > 200 else seen
    low, high = np.quantile(grey[told], OWN_QUANTILES)
    own = colour[told & (grey >= low) & (grey <= high)].mean(0)
    dark = smoothstep((grey / np.median(grey[seen]) - DARK_SHARE) / 0.25)
    pull = BASE_SEEN * weight * np.maximum(dark, DARK_LEAST)
    mirrored = BASE_MIRRORED * (weight * dark)[template.mirror] * (weight < 0.3)
    lips = on_lips(template)
    known, hidden = np.flatnonzero(lips & (weight > 0.5)), np.flatnonzero(lips & (weight <= 0.5))
    if len(known) >= LIP_NEIGHBOURS:  # what a lip turns to the teeth is lip: no skin, and no tooth
        nearest = known[spatial.KDTree(vertices[known]).query(vertices[hidden], k=LIP_NEIGHBOURS)[1]]
        red = colour[:, 0] / np.maximum(colour.sum(1), 1e-6)
        reddest = np.take_along_axis(nearest, np.argsort(-red[nearest], axis=1)[:, :LIP_REDDEST], axis=1)
        lip = colour[reddest].mean(1)
        light = np.median(grey[nearest], axis=1) / np.maximum(lip.mean(1), 1e-6)
        colour[hidden] = INNER_LIP * lip * light[:, None]
        pull[hidden], mirrored[hidden] = LIP_PULL, 0.0
    stiffness, areas = cotangent_laplacian(vertices, template.triangles)
    matrix = stiffness + sparse.diags(areas * (pull + mirrored + BASE_OWN))
    right = areas[:, None] * (pull[:, None] * colour + mirrored[:, None] * colour[template.mirror] + BASE_OWN * own)
    right += _slopes(stiffness, (weight * dark)[template.mirror] * (1 - weight)) @ colour[template.mirror]
    return np.clip(factorised(matrix).solve(right) * shade, 0, 1)


def _slopes(stiffness: sparse.csr_matrix, share: Float[np.ndarray, "n"]) -> sparse.csr_matrix:
    """The stiffness of the edges alone whose two ends have a share: a field's differences along them are wanted."""
    edges = stiffness.tocoo()
    between = edges.row != edges.col
    rows, columns = edges.row[between], edges.col[between]
    weights = edges.data[between] * np.sqrt(share[rows] * share[columns])
    off = sparse.csr_matrix((weights, (rows, columns)), shape=stiffness.shape)
    return sparse.csr_matrix(off - sparse.diags(np.asarray(off.sum(1)).ravel()))


def paint_head(
    template: Template, vertices: Float[np.ndarray, "n 3"], sight: Sight, atlas: Float[np.ndarray, "s s 3"],
    covered: Bool[np.ndarray, "s s"],
) -> None:
    """Paint the head's charts into the atlas and mark them as covered (both are changed)."""
    layout = template.layout
    texels = texels_of(layout.uv, layout.triangles, len(atlas))
    corners = layout.origin[layout.triangles].astype(np.int32)[texels.face]
    weights = texels.weights
    _, lit, weight = colours_seen(template, vertices, sight)
    shade = shading(template, vertices, lit, weight)
    trust = trusted(template, vertices, lit / shade, weight)
    base = smooth_field(template, vertices, sight, trust, shade)
    normals = vertex_normals(vertices, template.triangles)

    def at(values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        return interpolated(values, corners, weights, rows)

    colour = at(base)
    inside = at(np.isin(template.labels, (4, 5, 6)).astype(float)[:, None])
    skin = np.flatnonzero(inside[:, 0] < 0.5)
    share = np.zeros(len(corners), np.float32)
    seen_colour = np.zeros((len(corners), 3), np.float32)
    mirror = template.mirror
    for own in (False, True):  # first the mirrored side's detail, then this side's over it
        rows = skin
        place = vertices if own else vertices[mirror]
        facing = normals if own else normals[mirror]
        near = at(facing, rows)
        near /= np.maximum(np.linalg.norm(near, axis=1, keepdims=True), 1e-9)
        pixels, weight = sight.weight(at(place, rows), near, SHARP_FACING)
        weight = weight * at((trust if own else trust[mirror])[:, None], rows)[:, 0]
        found = weight > 0
        rows, pixels, weight = rows[found], pixels[found], weight[found, None]
        detail = lookup(sight.image, pixels)
        if not own:
            smooth = np.maximum(lookup(sight.base, pixels), 0.03)
            detail = at(base, rows) * np.clip(detail / smooth, *DETAIL_RANGE)
        seen_colour[rows] = (1 - weight) * np.where(share[rows, None] > 0, seen_colour[rows], detail) + weight * detail
        share[rows] = np.maximum(share[rows], weight[:, 0])
    colour = (1 - share[:, None]) * colour + share[:, None] * seen_colour
    bag = at(inside_colours(template, vertices, base))
    inside = smoothstep((inside - 0.15) / 0.5)
    colour = ((1 - inside) * colour + inside * bag) * at(lash_shade(template, vertices)[:, None])
    atlas.reshape(-1, 3)[texels.place] = np.clip(colour, 0, 1)
    covered.reshape(-1)[texels.place[texels.inside]] = True


def inside_colours(
    template: Template, vertices: Float[np.ndarray, "n 3"], base: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 3"]:
    """The bags' colours: near the lips and lids theirs, deeper the mouth's own and the lids' lining."""
    out = base.copy()
    triangles = template.triangles
    for label, deep in ((4, MOUTH_COLOUR), (5, SOCKET_COLOUR), (6, SOCKET_COLOUR)):
        bag = template.labels == label
        touching = np.unique(triangles[bag[triangles].any(1) & ~bag[triangles].all(1)])
        rim = touching[~bag[touching]]
        distance, nearest = spatial.KDTree(vertices[rim]).query(vertices[bag])
        fade = smoothstep(distance / LIP_REACH_MM)[:, None]
        light = float(np.clip(base[rim].mean() / 0.5, 0.3, 1.2))
        out[bag] = (1 - fade) * base[rim][nearest] * 0.85 + fade * np.array(deep) * light
    return out


def spread(atlas: Float[np.ndarray, "s s 3"], covered: Bool[np.ndarray, "s s"]) -> Float[np.ndarray, "s s 3"]:
    """The atlas with each uncovered texel coloured like the nearest covered one."""
    _, label = cv2.distanceTransformWithLabels(
        (~covered).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    rows, columns = np.nonzero(covered)
    numbers: np.ndarray = np.asarray(label).astype(np.int64)
    look = np.zeros(int(numbers.max()) + 1, np.int64)
    look[numbers[covered]] = np.arange(len(rows))
    nearest = look[numbers]
    return atlas[rows[nearest], columns[nearest]]


def paint_cap(
    template: Template, box: tuple[float, float, float, float], atlas: Float[np.ndarray, "s s 3"],
    covered: Bool[np.ndarray, "s s"],
) -> None:
    """Paint the neck's cap in the mean colour of the skin along its border (both arrays are changed)."""
    from twinbrush.sculpt.base import border_loop

    size = len(atlas)
    rim = np.isin(template.layout.origin, border_loop(template))
    column = np.clip((template.layout.uv[rim, 0] * size).astype(int), 0, size - 1)
    row = np.clip(((1 - template.layout.uv[rim, 1]) * size).astype(int), 0, size - 1)
    window = np.s_[int((1 - box[3]) * size) : int((1 - box[1]) * size), int(box[0] * size) : int(box[2] * size)]
    atlas[window] = CAP_SHADE * np.median(atlas[row, column], axis=0)
    covered[window] = True
