"""The photo's hair, beard and headwear as closed solids on the fitted head."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Float
from scipy import spatial

from twinbrush.base.beside import Works
from twinbrush.base.mesh import vertex_normals
from twinbrush.regions.values import Label
from twinbrush.sculpt.hair.beard import beard_directions, beard_grid, beard_outline, beard_scalp
from twinbrush.sculpt.hair.buns import seen_buns, without_buns
from twinbrush.sculpt.hair.headwear import sculpt_headwear
from twinbrush.sculpt.hair.locks import KINDS, Sculpted, surface_of, swept, with_locks
from twinbrush.sculpt.hair.mirror import leans_right, mirrored_head, mirrored_photo, mirrored_solid
from twinbrush.sculpt.hair.outline import LEAST_AREA_CM2, Outline, outline_of
from twinbrush.sculpt.hair.rest import Rest
from twinbrush.sculpt.hair.scalp import scalp_of
from twinbrush.sculpt.hair.simplify import simplified
from twinbrush.sculpt.hair.strands import StrandField, strand_field
from twinbrush.sculpt.hair.volume import Mass, mass_of
from twinbrush.sculpt.hair.voxels import zero_surface
from twinbrush.sculpt.implicit import taubin
from twinbrush.sculpt.values import Solid, Surroundings, Template

MOST_TRIANGLES, BEARD_TRIANGLES = 40_000, 12_000
MASS_ROUNDS = 5  # of smoothing the mass before strands are laid on it


def sculpt_hair(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings, rest: Callable[[], Rest]
) -> tuple[tuple[Solid, ...], tuple[str, ...]]:
    """Returns Hair, Beard and Headwear, each if the photo shows it, and warnings.

    vertices: of the finished head (n template vertices), mm. rest: returns what long hair lies on. The mirrored photo
    of the mirrored head gives the mirrored solids.
    """
    if leans_right(seen):
        solids = _sculpted(template, mirrored_head(template, vertices), mirrored_photo(seen), lambda: rest().mirrored())
        return tuple(mirrored_solid(solid) for solid in solids), ()
    return _sculpted(template, vertices, seen, rest), ()


def _sculpted(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings, rest: Callable[[], Rest]
) -> tuple[Solid, ...]:
    with Works() as works:
        worn = works.begin(partial(outline_of, seen, Label.HEADWEAR))
        beard = works.begin(partial(_beard, template, vertices, seen))
        outline, scalp, hair = outline_of(seen, Label.HAIR), None, None
        if outline.area_cm2(seen.pixels_per_mm) >= LEAST_AREA_CM2:
            buns = seen_buns(outline, vertices, seen)
            scalp = scalp_of(template, vertices, seen, without_buns(outline, buns, seen))
            mass = mass_of(template, vertices, scalp, seen, outline, rest(), buns)
            hair = _hair(mass, scalp.median, seen, outline)
        headwear = sculpt_headwear(template, vertices, seen, worn.result(), scalp, rest())
        return tuple(solid for solid in (hair, beard.result(), headwear) if solid is not None)


def _hair(mass: Mass, median: float, seen: Surroundings, outline: Outline) -> Solid:
    points, triangles = zero_surface(mass.grid)
    points = taubin(points, triangles, MASS_ROUNDS)
    strands = strand_field(
        points, triangles, seen, outline, long=mass.fall.any,
        bunch=None if mass.fall.any else mass.bunch)
    return solid_of("Hair", with_locks(mass, median, points, strands), points, strands, MOST_TRIANGLES)


def _beard(template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings) -> Solid | None:
    outline = beard_outline(seen)
    if outline is None:
        return None
    scalp = beard_scalp(template, vertices, seen, outline)
    grid, skin = beard_grid(template, vertices, scalp, seen, outline)
    if not (grid.values > 0).any():
        return None
    points, triangles = zero_surface(grid)
    points = taubin(points, triangles, MASS_ROUNDS)
    directions = beard_directions(points, vertex_normals(points, triangles))
    strands = StrandField(directions, np.zeros(len(points)), ("beard", 0.0))
    sculpted = swept(grid, skin, KINDS["beard"], points, strands)
    return solid_of("Beard", sculpted, points, strands, BEARD_TRIANGLES)


def solid_of(name: str, sculpted: Sculpted, points: Float[np.ndarray, "p 3"], strands: StrandField, most: int) -> Solid:
    """Returns the sculpted locks as a solid of at most `most` triangles. points: where the strands are known."""
    vertices, triangles = simplified(*surface_of(sculpted.grid), most)
    _, nearest = spatial.KDTree(points).query(vertices)
    relief = np.clip(-sculpted.ground.at(vertices) / sculpted.height, -1, 1)
    return Solid(name, vertices, triangles, strands.directions[nearest], relief)
