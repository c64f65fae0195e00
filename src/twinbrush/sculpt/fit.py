"""The template's coefficients and pose from the landmarks of one photo: a regression, then a maximum a posteriori fit.

The regression knows how the landmark network sees heads of known form, and how unsure it is (`doubt`): that is the
prior. The fit (Gauss-Newton, bounds by an active set) brings the posed template's landmarks near the pixels in which
they were found, the more so the less the prior cares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from twinbrush.camera import Camera, project
from twinbrush.faces import indices
from twinbrush.faces.face_model import mirror_indices
from twinbrush.maths.bounded import bounded_step
from twinbrush.portrait.geometry import Frame, observe
from twinbrush.sculpt.values import Template

FLIP = np.array([-1.0, 1.0, 1.0])
STEPS = 9  # of Gauss-Newton; five are usually enough
CONVERGED = 1e-3  # a step smaller than this, in standard deviations, mm or radians, is the last
# Standard deviations of the picture's evidence, mm. Points next to each other err together: they are made wider.
FEATURE_MM, SKIN_MM, OVAL_MM, INNER_LIP_MM = 0.7, 1.1, 2.5, 0.35
CORRELATED = 4.0
HUBER_SIGMAS, HUBER_MM = 2.5, 1.6  # residuals beyond so many of max(sigma, HUBER_MM) count linearly
IDENTITY_GAIN, EXPRESSION_GAIN = 0.25, 0.8  # of the regression's doubt: the landmarks' common errors, which it knows,
# must not move the form; expressions, which it saw few of, may go where the picture says
DOUBT_FLOOR = 0.05  # standard deviation below which no coefficient is believed
MOST_SIGMAS = 3.5  # bound of the identity coefficients
OPEN_LIP_SHARE, OPEN_LIP_MM, OPEN_LIP_MOST_MM = 0.25, 1.5, 1.4  # an open lip rolls in: see `lip_roll`


@dataclass(frozen=True)
class Pose:
    """Head to world: x -> scale * rotation @ x + (shift_x, shift_y, 0), mm."""

    rotation: Float[np.ndarray, "3 3"]
    scale: float
    shift: Float[np.ndarray, "2"]

    def apply(self, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """The points in the world."""
        return self.scale * points @ self.rotation.T + np.append(self.shift, 0.0)

    def camera_of_head(self, camera: Camera) -> Camera:
        """The camera in the head's frame and millimetres: its pixels are the same, its depths in head's mm."""
        turn, move = camera.world_to_camera[:, :3], camera.world_to_camera[:, 3]
        rotation = turn @ self.rotation
        shift = (turn @ np.append(self.shift, 0.0) + move) / self.scale
        return Camera(camera.intrinsics, np.c_[rotation, shift], camera.width, camera.height)


@dataclass(frozen=True)
class Coefficients:
    """identity (k,) in standard deviations, expression (e,) 0..1 of all of ARKit's (eyeLook* 0)."""

    identity: Float[np.ndarray, "k"]
    expression: Float[np.ndarray, "e"]

    def head(self, template: Template) -> Float[np.ndarray, "n 3"]:
        """The template's vertices, mm."""
        moved = np.tensordot(self.identity, template.modes, 1) + np.tensordot(
            self.expression, template.expressions.offsets, 1)
        return template.mean + moved


def regressed(template: Template, observed: Float[np.ndarray, "468 3"]) -> Float[np.ndarray, "c"]:
    """Returns the coefficients that upright landmarks (mm) speak for: the mean of the answers to them and, mirrored
    back, to their mirror image."""
    model = template.regression
    swap, sign = mirrored_coefficients(template)
    plain = (observed - model.observed_mean).reshape(-1) @ model.weights
    other = (observed[mirror_indices()] * FLIP - model.observed_mean).reshape(-1) @ model.weights
    return model.mean + (plain + other[swap] * sign) / 2


def mirrored_coefficients(template: Template) -> tuple[np.ndarray, Float[np.ndarray, "c"]]:
    """Returns order and sign with which coefficients describe the mirror image of a head."""
    fitted = template.fitted_expressions.tolist()
    count = len(template.modes)
    twins = [fitted.index(int(template.expressions.twins[i])) for i in fitted]
    order = np.concatenate([np.arange(count), count + np.array(twins)])
    antisymmetric = (np.arange(len(order)) >= template.symmetric) & (np.arange(len(order)) < count)
    return order, np.where(antisymmetric, -1.0, 1.0)


def landmark_sigmas() -> Float[np.ndarray, "468"]:
    """Returns how exactly each landmark is taken to be seen, mm."""
    sigma = np.full(468, FEATURE_MM)
    sigma[list(indices.PLAIN_SKIN)] = SKIN_MM
    sigma[list(indices.OVAL)] = OVAL_MM
    sigma[list(indices.LIPS_INNER_UPPER[1:-1] + indices.LIPS_INNER_LOWER[1:-1])] = INNER_LIP_MM
    return sigma


def lip_roll(gap_mm: float) -> Float[np.ndarray, "468 2"]:
    """Returns by how much the seen inner rim of an open upper lip lies beyond the line where lips touch, mm: a quarter
    of what the mouth is open beyond 1.5 mm, fading to the corners. The lower lip's rim is that line."""
    amount = float(np.clip(OPEN_LIP_SHARE * (gap_mm - OPEN_LIP_MM), 0, OPEN_LIP_MOST_MM))
    offset = np.zeros((468, 2))
    across = np.linspace(-0.8, 0.8, 9)
    beside = 4 * across**2 * (1 - across**2)
    offset[list(indices.LIPS_INNER_UPPER[1:-1]), 1] -= amount * (1 - across**4 + 0.6 * beside)
    offset[list(indices.LIPS_INNER_LOWER[1:-1]), 1] += 0.9 * amount * beside
    return offset


def seen_points(frame: Frame) -> Float[np.ndarray, "468 2"]:
    """Returns the landmarks in mm at the eyes' depth, x right, y up, from the camera's axis."""
    pixels, _ = project(frame.camera, frame.landmarks_xyz)
    centre = frame.camera.intrinsics[:2, 2]
    return (pixels - centre) / frame.pixels_per_mm * [1, -1]


def fit_head(
    template: Template, frame: Frame, bias: Float[np.ndarray, "468 2"], still: tuple[str, ...] = ()
) -> tuple[Coefficients, Pose]:
    """Returns coefficients and pose of the head whose landmarks were found.

    frame: the photo's camera and landmarks. bias (468, 2): how much farther along the head's x and y the network sees
    each landmark in photos than in the pictures that the regression learned from, mm. still: beginnings of the names of
    expressions that are not used.
    """
    wanted = seen_points(frame)
    observed, rotation = observe(frame)
    model = template.regression
    flat = np.c_[bias, np.zeros(468)]
    prior = regressed(template, observed - flat)
    count = len(template.modes)
    gain = np.where(np.arange(len(prior)) < count, IDENTITY_GAIN, EXPRESSION_GAIN)
    doubt = gain[:, None] * model.doubt * gain + DOUBT_FLOOR**2 * np.eye(len(prior))
    low = np.r_[np.full(6, -np.inf), np.full(count, -MOST_SIGMAS), np.zeros(len(prior) - count)]
    high = np.r_[np.full(6, np.inf), np.full(count, MOST_SIGMAS), np.ones(len(prior) - count)]
    names = [template.expressions.names[i] for i in template.fitted_expressions]
    high[6 + count :] = [0.0 if name.startswith(still) else 1.0 for name in names] if still else 1.0
    roll = lip_roll(float(np.linalg.norm(wanted[13] - wanted[14])))
    basis = _landmark_basis(template)
    rest = template.landmarks(template.mean) + flat + np.c_[model.offset + roll, np.zeros(468)]
    precision = np.linalg.inv(doubt)
    values = np.clip(prior, low[6:], high[6:])
    pose = Pose(rotation, 1.0, np.zeros(2))
    sigma = landmark_sigmas()
    for _ in range(STEPS):
        points = rest + np.tensordot(values, basis, 1)
        residual, jacobian = _projected(points, basis, pose, frame.distance_mm, wanted)
        away = np.linalg.norm(residual, axis=1) / np.maximum(sigma, HUBER_MM)
        weight = np.sqrt(np.clip(HUBER_SIGMAS / np.maximum(away, 1e-6), 0, 1)) / (CORRELATED * sigma)
        rows = (jacobian * weight[:, None, None]).reshape(-1, jacobian.shape[2])
        normal = rows.T @ rows
        gradient = -rows.T @ (residual * weight[:, None]).reshape(-1)
        normal[6:, 6:] += precision
        gradient[6:] -= precision @ (values - prior)
        normal[np.diag_indices(6)] += 1e-9
        step = bounded_step(normal, gradient, np.r_[np.zeros(6), values], low, high)
        turned = Rotation.from_rotvec(step[:3]).as_matrix() @ pose.rotation
        pose = Pose(turned, pose.scale * float(np.exp(step[3])), pose.shift + step[4:6])
        values = values + step[6:]
        if np.abs(step).max() < CONVERGED:
            break
    expression = np.zeros(len(template.expressions.names))
    expression[template.fitted_expressions] = values[count:]
    return Coefficients(values[:count], expression), pose


def _landmark_basis(template: Template) -> Float[np.ndarray, "c 468 3"]:
    fitted = template.expressions.offsets[template.fitted_expressions]
    return np.concatenate([template.landmarks(template.modes), template.landmarks(fitted)]).astype(np.float64)


def _projected(
    points: Float[np.ndarray, "468 3"], basis: Float[np.ndarray, "c 468 3"], pose: Pose, distance: float,
    wanted: Float[np.ndarray, "468 2"],
) -> tuple[Float[np.ndarray, "468 2"], Float[np.ndarray, "468 2 p"]]:
    """Residuals (mm at the eyes' depth) and their derivatives by rotation, log scale, shift and coefficients."""
    turned = pose.scale * points @ pose.rotation.T
    world = turned + np.append(pose.shift, 0.0)
    derivative = np.zeros((468, 3, 6 + len(basis)))
    x, y, z = turned.T
    derivative[:, 0, 1], derivative[:, 0, 2] = z, -y
    derivative[:, 1, 0], derivative[:, 1, 2] = -z, x
    derivative[:, 2, 0], derivative[:, 2, 1] = y, -x
    derivative[:, :, 3] = turned
    derivative[:, 0, 4] = derivative[:, 1, 5] = 1.0
    derivative[:, :, 6:] = np.einsum("pnk,jk->njp", basis, pose.scale * pose.rotation)
    nearer = distance / (distance - world[:, 2])
    seen = world[:, :2] * nearer[:, None]
    jacobian = nearer[:, None, None] * (derivative[:, :2] + (seen / distance)[:, :, None] * derivative[:, 2:3])
    return seen - wanted, jacobian
