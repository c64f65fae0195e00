"""Which of the photo's colours are the skin's own: strands of hair, a hand and earrings before it are not."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import sparse, spatial

from twinbrush.faces import indices
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.linear import factorised
from twinbrush.maths.surface import cotangent_laplacian, mean_over_neighbours
from twinbrush.sculpt.values import Template

LIGHT_MM = 14.0  # light on the two sides differs smoothly, over lengths beyond this
ODD_FROM, ODD_OVER = 0.28, 0.2  # how much darker (log) than the other side is odd, and over which wholly


def trusted(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Float[np.ndarray, "n 3"],
    weight: Float[np.ndarray, "n"],
) -> Float[np.ndarray, "n"]:
    """Returns how far each vertex' colour is its skin's, 0..1.

    Not where it is much darker than the other side's, by more than light that changes slowly, and that one is nearer to
    the skin's own colour: strands of hair, a hand, earrings.
    """
    colour = np.log(np.maximum(seen, 0.02))
    mirror = template.mirror
    both = weight * weight[mirror]
    stiffness, areas = cotangent_laplacian(vertices, template.triangles)
    matrix = areas * (both + 1e-4)
    solve = factorised(LIGHT_MM**2 * stiffness + sparse.diags(matrix))
    middle = solve.solve(areas[:, None] * both[:, None] * np.clip(colour - colour[mirror], -1, 1))
    excess = colour - colour[mirror] - middle
    own = np.median(colour[weight > 0.5], axis=0) if (weight > 0.5).any() else colour.mean(0)
    off, other = colour - own - middle / 2, colour[mirror] - own + middle / 2
    worse = np.linalg.norm(off, axis=1) - np.linalg.norm(other, axis=1)
    darker = -excess.mean(1)  # what is brighter is light
    odd = smoothstep((darker - ODD_FROM) / ODD_OVER) * smoothstep(worse / ODD_OVER + 0.2)
    odd = odd * (both > 0.02) * (1 - feature_share(template))
    for _ in range(2):  # what is odd is wider than its darkest line
        neighbours = mean_over_neighbours(template.triangles, len(odd))
        odd = np.maximum(odd, 1.6 * (neighbours @ odd))
    return 1 - np.clip(odd, 0, 1)


def feature_share(template: Template) -> Float[np.ndarray, "n"]:
    """Returns 1 on eyes, nostrils and mouth, whose two sides may differ, 0 elsewhere."""
    at = template.landmarks(template.mean)
    groups = (indices.EYE_LEFT, indices.EYE_RIGHT, indices.LIPS_OUTER, indices.LIPS_INNER_LOWER, indices.NOSE)
    distance, _ = spatial.KDTree(at[[i for group in groups for i in group]]).query(template.mean)
    return 1 - smoothstep((distance - 3.0) / 4.0)
