"""A closed surface with six texture charts and known answers, for tests of what goes all the way round."""

from __future__ import annotations

import numpy as np

from twinbrush.base.mesh import Mesh


def cube_sphere(
    grid: int = 13, radii: tuple[float, float, float] = (100.0, 80.0, 60.0), bump: float = 0.25
) -> tuple[Mesh, np.ndarray]:
    """An ellipsoid with a blunt bump toward +x +y, made of a cube's six sides, each with its own chart of the texture
    (so that all the cube's edges are seams). Returns the mesh (texture: slow waves) and the welded index."""
    t = np.linspace(-1, 1, grid)
    u, v = (a.ravel() for a in np.meshgrid(t, t))
    one = np.ones_like(u)
    sides = [(u, v, one), (-u, v, -one), (one, v, -u), (-one, v, u), (u, one, -v), (u, -one, v)]
    index = np.arange(grid * grid).reshape(grid, grid)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    quads = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    points, uvs, faces = [], [], []
    for number, side in enumerate(sides):
        cube = np.round(np.stack(side, 1), 12)
        points.append(cube)
        corner = np.array([number % 3 / 3, number // 3 / 2])
        uvs.append(corner + (np.stack([u, v], 1) * 0.44 + 0.5) * [1 / 3, 1 / 2])
        faces.append(quads + number * grid * grid)
    cube = np.concatenate(points)
    sphere = cube / np.linalg.norm(cube, axis=1, keepdims=True)
    toward = np.array([0.75, 0.66, 0.0])
    reach = 1 + bump * np.exp(-((sphere - toward) ** 2).sum(1) / 0.12)
    vertices = np.round(sphere * reach[:, None] * radii, 9)
    _, welded = np.unique(vertices, axis=0, return_inverse=True)
    mesh = Mesh(vertices, np.concatenate(faces), np.concatenate(uvs), waves(64))
    return mesh, welded.reshape(-1)


def waves(size: int) -> np.ndarray:
    """Slow colour waves."""
    ys, xs = np.mgrid[:size, :size] / size
    return (0.5 + 0.3 * np.stack([np.sin(9 * xs + k) * np.cos(7 * ys - k) for k in range(3)], -1)).astype(np.float32)


def colour_of(points: np.ndarray) -> np.ndarray:
    """A colour for every place in space: a surface painted with it looks the same from everywhere."""
    return (0.5 + 0.3 * np.sin(points / 25 + [0.0, 1.0, 2.0])).astype(np.float32)


def bent(points: np.ndarray, share: float = 0.06) -> np.ndarray:
    """A smooth displacement of some percent of a 250 mm diagonal."""
    x = points / 250
    return 250 * share * np.stack(
        [np.sin(4 * x[:, 1] + 2 * x[:, 2]), np.cos(5 * x[:, 0]), np.sin(4 * x[:, 0] + 3 * x[:, 1])], axis=1
    )
