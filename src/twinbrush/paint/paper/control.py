"""The points that steer every warp: landmarks, and points all over hair, ears, neck and shoulders.

All of them are 3D points moved in 3D, so the warps of all views agree (landmarks moved in each view by themselves turn
into errors of depth). The style only says where the FACE goes. What surrounds it follows: in every direction from the
middle of the face, hair and ears move like the rim of the face in that direction, the neck less and less, and the
shoulders stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from twinbrush.maths.filters import smoothstep
from twinbrush.maths.thin_plate import ThinPlateSpline, merge_close

DIRECTIONS = 72  # around the face, 5 degrees each
RIM_BLUR_DEGREES = 14.0  # smoothing of the rim's displacement along the rim
OUTSIDE = 1.10  # surroundings begin here, in units of the face's radius in that direction
GROWTH, MOST_GROWTH = 0.5, 1.3  # how much more than the rim farther points move
DEPTH_FOLLOWS = 0.5  # share of the rim's displacement in depth that the surroundings take over
NECK = (-0.25, 0.6)  # below the chin, in face heights: from here to there the displacement fades to nothing
LANDMARK_SPACING = 0.02  # face heights: landmarks nearer than that (closed lips, nostrils) are merged
SURROUNDINGS = 90  # number of points outside the face
BETWEEN = 160  # number of points between the landmarks


@dataclass(frozen=True)
class ControlPoints:
    """Where steering points are on the portrait, and where they go (world mm).

    between_xyz: more points of the face's surface, for the splines of the views: where only landmarks steer them, two
    views' splines disagree between the rows of landmarks, and the triangulated cheeks ripple.
    """

    source_xyz: Float[np.ndarray, "c 3"]
    target_xyz: Float[np.ndarray, "c 3"]
    between_xyz: Float[np.ndarray, "b 3"]

    def scaled(self, factor: float) -> ControlPoints:
        """The same motion, `factor` times as far."""
        target = self.source_xyz + factor * (self.target_xyz - self.source_xyz)
        return ControlPoints(self.source_xyz, target, self.between_xyz)

    def deformation(self, smoothing: float = 1e-4) -> ThinPlateSpline:
        """The direct 3D deformation: a spline in space through all the points."""
        return ThinPlateSpline.fit(self.source_xyz, self.target_xyz, smoothing)

    def dense(self) -> tuple[Float[np.ndarray, "d 3"], Float[np.ndarray, "d 3"]]:
        """Source and target of all points; those in between go where the direct deformation takes them."""
        between = self.deformation().apply(self.between_xyz)
        return np.concatenate([self.source_xyz, self.between_xyz]), np.concatenate([self.target_xyz, between])


def control_points(
    vertices: Float[np.ndarray, "v 3"],
    visible: Bool[np.ndarray, "v"],
    landmarks_xyz: Float[np.ndarray, "m 3"],
    moved_xyz: Float[np.ndarray, "m 3"],
) -> ControlPoints:
    """Steering points for one portrait: merged landmarks first, then the surroundings, spread evenly over `visible`."""
    height = float(np.ptp(landmarks_xyz[:, 1]))
    source, target = merge_close(landmarks_xyz, moved_xyz, LANDMARK_SPACING * height, axes=2)
    candidates = vertices[visible]
    candidates = candidates[:: max(1, len(candidates) // 6000)]
    rim = _Rim.of(landmarks_xyz, moved_xyz)
    outside = rim.relative_radius(candidates) > OUTSIDE
    around = candidates[outside][_farthest_points(candidates[outside], SURROUNDINGS)]
    inside = candidates[~outside]
    between = inside[_farthest_points(inside, BETWEEN)]
    moved = around + rim.carried(around)
    return ControlPoints(np.concatenate([source, around]), np.concatenate([target, moved]), between)


@dataclass(frozen=True)
class _Rim:
    """The outline of the face by direction: its radius and its displacement."""

    centre: Float[np.ndarray, "2"]
    radius: Float[np.ndarray, "k"]
    displacement: Float[np.ndarray, "k 3"]
    chin_y: float
    face_height: float

    @classmethod
    def of(cls, landmarks: Float[np.ndarray, "m 3"], moved: Float[np.ndarray, "m 3"]) -> _Rim:
        centre = (landmarks[:, :2].min(0) + landmarks[:, :2].max(0)) / 2
        angle, distance = _polar(landmarks[:, :2] - centre)
        directions = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
        # the outermost landmarks within 10 degrees of each direction, the nearer to the direction the heavier
        apart = np.abs(np.angle(np.exp(1j * (directions[:, None] - angle))))
        reach = np.where(apart < np.radians(10), distance, 0)
        weight = np.where(reach > 0.93 * reach.max(1, keepdims=True), np.cos(apart) ** 50, 0)
        weight[reach.max(1) == 0] = (apart == apart.min(1, keepdims=True))[reach.max(1) == 0]
        weight /= weight.sum(1, keepdims=True)
        sigma = RIM_BLUR_DEGREES / (360 / DIRECTIONS)
        radius = ndimage.gaussian_filter1d(weight @ distance, sigma, mode="wrap")
        displacement = ndimage.gaussian_filter1d(weight @ (moved - landmarks), sigma, axis=0, mode="wrap")
        low, high = float(landmarks[:, 1].min()), float(landmarks[:, 1].max())
        return cls(centre, radius, displacement, low, high - low)

    def relative_radius(self, points: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "p"]:
        angle, distance = _polar(points[:, :2] - self.centre)
        return distance / self._at(self.radius[:, None], angle)[:, 0]

    def carried(self, points: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "p 3"]:
        """The displacement of points outside the face."""
        angle, _ = _polar(points[:, :2] - self.centre)
        growth = np.clip(1 + GROWTH * (self.relative_radius(points) - 1), 1, MOST_GROWTH)
        below = (self.chin_y - points[:, 1]) / self.face_height
        fade = 1 - smoothstep((below - NECK[0]) / (NECK[1] - NECK[0]))
        moved = self._at(self.displacement, angle) * (growth * fade)[:, None]
        moved[:, 2] *= DEPTH_FOLLOWS
        return moved

    def _at(self, values: Float[np.ndarray, "k c"], angle: Float[np.ndarray, "p"]) -> Float[np.ndarray, "p c"]:
        place = np.mod(angle, 2 * np.pi) / (2 * np.pi) * DIRECTIONS
        low = np.floor(place).astype(int)
        share = (place - low)[:, None]
        return values[low % DIRECTIONS] * (1 - share) + values[(low + 1) % DIRECTIONS] * share


def _polar(away: Float[np.ndarray, "p 2"]) -> tuple[Float[np.ndarray, "p"], Float[np.ndarray, "p"]]:
    return np.arctan2(away[:, 1], away[:, 0]), np.hypot(away[:, 0], away[:, 1])


def _farthest_points(points: Float[np.ndarray, "p 3"], count: int) -> list[int]:
    """Greedy: each next point is the one farthest from all before it; starts at the point farthest from the mean."""
    if len(points) == 0:
        return []
    distance = np.linalg.norm(points - points.mean(0), axis=1)
    chosen = [int(distance.argmax())]
    distance = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return chosen
