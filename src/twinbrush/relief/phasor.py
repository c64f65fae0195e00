"""Regular lines along a field of directions: hatching, cut grooves, bristles.

Phasor noise (Tricard et al., Procedural phasor noise, 2019): waves about points of the surface, summed as complex
numbers; the sum's phase is an even pattern of lines wherever the waves agree. They are brought to agree point by point
(as Tricard et al., Freely orientable microstructures, 2020, do), held by the phase of the paint's own lines where it
has some.

(`no_type_check` keeps the import hook of the tests away from the compiled kernels.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32
from numba import njit

from twinbrush.relief.ground import Ground
from twinbrush.relief.marks import Touches, cubes_about, fields_of, product, touches_on

SPACING, REACH = 1.4, 2.2  # between the waves' points and of each wave, in periods
SWEEPS = 12  # in which the waves are brought to agree
HELD = 6.0  # how much the paint's own phase counts against all neighbours together


@dataclass(frozen=True)
class Lines:
    """phase (s,): 0 on a ridge, 1 in the middle of a groove, at every texel. sure (s,): how far the waves agree, 0..1.
   """

    phase: Float32[np.ndarray, "s"]
    sure: Float32[np.ndarray, "s"]


def waves_on(ground: Ground, period_mm: float, seed: int) -> Touches:
    """Returns the points of waves for lines `period_mm` apart."""
    return touches_on(ground, SPACING * period_mm, REACH * period_mm, seed)


def lines_on(ground: Ground, touches: Touches, period_mm: float, seed: int, *, crossing: bool = False) -> Lines:
    """Returns lines `period_mm` apart along the paint's directions (crossing: across them) about the points of
    `waves_on`; grooves lie on the paint's own dark lines, where it has lines of this period."""
    across = touches.along if crossing else touches.across
    rng = np.random.default_rng(seed + 1)
    start = rng.uniform(-np.pi, np.pi, len(touches.points)).astype(np.float32)
    wave = np.float32(2 * np.pi / period_mm)
    near = np.float32(REACH * period_mm)
    grid = fields_of(touches.grid)
    start, held = _measured(
        ground.points, ground.normals, ground.group, ground.band, touches.points, touches.normals, touches.group,
        across, wave, np.float32(period_mm), start, *grid)
    own = touches.points, touches.normals, touches.group, across
    phases = _agreed(*own, wave, near, start, HELD * held, SWEEPS, *grid)
    phase, sure = _summed(ground.points, ground.normals, ground.group, ground.gate, *own, phases, wave, near, *grid)
    return Lines(phase, sure)


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _measured(  # noqa: C901 (calls cost twice as much)
    points, normals, group, band, places, facing, own, across, wave, radius, start, low, counts, first, order, cell
):
    """Phase and clearness (0..1) of the paint's lines about each point."""
    real, imaginary = np.zeros(len(places), np.float32), np.zeros(len(places), np.float32)
    total = np.full(len(places), 1e-6, np.float32)
    reach = np.float32(1.5) * radius
    one, scale = np.float32(1), np.float32(1) / (reach * reach)
    for s in range(0, len(points), 2):
        value = band[s]
        if value == 0.0:
            continue
        x0, x1, y0, y1, z0, z1 = cubes_about(points[s], low, counts, cell)
        for x in range(x0, x1 + 1):
            for y in range(y0, y1 + 1):
                for z in range(z0, z1 + 1):
                    c = (x * counts[1] + y) * counts[2] + z
                    for k in range(first[c], first[c + 1]):
                        j = order[k]
                        dx, dy, dz = (
                            points[s, 0] - places[j, 0], points[s, 1] - places[j, 1], points[s, 2] - places[j, 2])
                        square = dx * dx + dy * dy + dz * dz
                        if square > reach * reach or own[j] != group[s]:
                            continue
                        facing_same = product(normals, s, facing, j)
                        if facing_same < 0.3:
                            continue
                        w = one - square * scale
                        angle = wave * (dx * across[j, 0] + dy * across[j, 1] + dz * across[j, 2])
                        real[j] += w * value * np.cos(angle)
                        imaginary[j] -= w * value * np.sin(angle)
                        total[j] += w * abs(value)
    held = np.sqrt(real * real + imaginary * imaginary) / total
    phase = start.copy()
    for j in range(len(places)):
        if held[j] > 1e-6:
            phase[j] = np.arctan2(imaginary[j], real[j])
    return phase, held


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _agreed(places, facing, own, across, wave, near, start, held, sweeps, low, counts, first, order, cell):  # noqa: C901 (calls cost twice as much)
    """The waves' phases, each turned again and again to what its neighbours foretell at its place."""
    phase = start.copy()
    one, half, scale = np.float32(1), np.float32(0.5), np.float32(1) / (near * near)
    for _ in range(sweeps):
        for i in range(len(places)):
            real, imaginary, total = np.float32(0), np.float32(0), np.float32(0)
            x0, x1, y0, y1, z0, z1 = cubes_about(places[i], low, counts, cell)
            for x in range(x0, x1 + 1):
                for y in range(y0, y1 + 1):
                    for z in range(z0, z1 + 1):
                        c = (x * counts[1] + y) * counts[2] + z
                        for k in range(first[c], first[c + 1]):
                            j = order[k]
                            if j == i or own[j] != own[i]:
                                continue
                            dx, dy, dz = (
                                places[i, 0] - places[j, 0], places[i, 1] - places[j, 1], places[i, 2] - places[j, 2])
                            square = dx * dx + dy * dy + dz * dz
                            if square > near * near:
                                continue
                            same = product(facing, i, facing, j)
                            turn = product(across, i, across, j)
                            if same < 0.3:
                                continue
                            w = one - square * scale
                            w = w * w * abs(turn)
                            # midway between the two directions: lines fan out and stay in step
                            sense = np.float32(1) if turn >= 0 else np.float32(-1)
                            ax = half * (across[j, 0] + sense * across[i, 0])
                            ay = half * (across[j, 1] + sense * across[i, 1])
                            az = half * (across[j, 2] + sense * across[i, 2])
                            angle = sense * (phase[j] + wave * (dx * ax + dy * ay + dz * az))
                            real += w * np.cos(angle)
                            imaginary += w * np.sin(angle)
                            total += w
            real += held[i] * total * np.cos(start[i])
            imaginary += held[i] * total * np.sin(start[i])
            if real * real + imaginary * imaginary > 1e-12:
                phase[i] = np.arctan2(imaginary, real)
    return phase


@njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def _summed(
    points, normals, group, gate, places, facing, own, across, phases, wave, near, low, counts, first, order, cell
):
    phase, sure = np.zeros(len(points), np.float32), np.zeros(len(points), np.float32)
    one, scale = np.float32(1), np.float32(1) / (near * near)
    for s in range(len(points)):
        if gate[s] <= 0.02:
            continue
        real, imaginary, total = np.float32(0), np.float32(0), np.float32(1e-6)
        rx, ry, rz = np.float32(0), np.float32(0), np.float32(0)
        x0, x1, y0, y1, z0, z1 = cubes_about(points[s], low, counts, cell)
        for x in range(x0, x1 + 1):
            for y in range(y0, y1 + 1):
                for z in range(z0, z1 + 1):
                    c = (x * counts[1] + y) * counts[2] + z
                    for k in range(first[c], first[c + 1]):
                        j = order[k]
                        dx, dy, dz = (
                            points[s, 0] - places[j, 0], points[s, 1] - places[j, 1], points[s, 2] - places[j, 2])
                        square = dx * dx + dy * dy + dz * dz
                        if square > near * near or own[j] != group[s]:
                            continue
                        same = product(normals, s, facing, j)
                        if same < 0.2:
                            continue
                        w = one - square * scale
                        w = w * w * w
                        turn = rx * across[j, 0] + ry * across[j, 1] + rz * across[j, 2]
                        sense = np.float32(1) if turn >= 0 else np.float32(-1)
                        rx += sense * w * across[j, 0]
                        ry += sense * w * across[j, 1]
                        rz += sense * w * across[j, 2]
                        angle = sense * (
                            phases[j] + wave * (dx * across[j, 0] + dy * across[j, 1] + dz * across[j, 2]))
                        real += w * np.cos(angle)
                        imaginary += w * np.sin(angle)
                        total += w
        phase[s] = abs(np.arctan2(imaginary, real)) / np.pi
        sure[s] = np.sqrt(real * real + imaginary * imaginary) / total
    return phase, sure
