"""Shapes between which the viewer's page blends: one row along a form's strength, one along the caricature, one
along the shape of the hair.

The page adds the rows' blends to the shape it was written with, so each row is stored as offsets from that shape,
16-bit integers with one step for a whole shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int, Int16

from twinbrush.base.errors import BadMesh
from twinbrush.export.viewer.packing import pack_numbers
from twinbrush.shape.live import LiveShapes

LEAST_STEP_MM = 0.01  # finer steps than this do not show in the clay and make the page heavier
MOST_ERROR_MM = 0.02  # of a stored coordinate: more would show as noise in the clay's highlights
_MOST = 32767


def quantised(offsets: Float[np.ndarray, "n 3"]) -> tuple[Int16[np.ndarray, "n 3"], float]:
    """Returns offsets (mm) in whole steps, and the step: 0.01 mm, or what the largest offset needs to fit 16 bits.

    Every coordinate is right to half a step. Raises BadMesh when that would be more than MOST_ERROR_MM.
    """
    step = float(np.maximum(LEAST_STEP_MM, np.abs(offsets).max(initial=0.0) / _MOST))
    if not step / 2 <= MOST_ERROR_MM:  # nor when offsets are no numbers
        raise BadMesh(
            f"A shape for the viewer lies {step * _MOST:.0f} mm from the shown one.",
            "Use less strength or caricature.")
    return np.round(offsets / step).astype(np.int16), step


def packed_live(
    shown: Float[np.ndarray, "n 3"], kept: Int[np.ndarray, "k"], live: LiveShapes
) -> list[dict[str, Any]]:
    """Returns what the page's sliders read; a slider that would move nothing is left out.

    shown: the mesh as written; kept: its vertices that are drawn.

    Raises BadMesh when the shapes do not belong to the mesh.
    """
    by_hair = live.by_strength[:0] if live.by_hair is None else live.by_hair
    for at, shapes in (
        (live.strengths, live.by_strength), (live.caricatures, live.by_caricature), (live.hairs, by_hair)
    ):  # fmt: skip
        if shapes.shape != (len(at), *shown.shape):
            raise BadMesh(
                f"The viewer's shapes have {shapes.shape[1]} vertices, the mesh {len(shown)}.",
                "Give one shape of the mesh's own vertices for each value.")
    rows = [_row("Strength", live.strengths, live.by_strength - shown, live.strength, kept)]
    if live.caricatures:
        rows.append(_row("Caricature", live.caricatures, live.by_caricature - shown, live.caricature, kept))
    if live.hairs:
        rows.append(_row("Hair", live.hairs, by_hair - shown, live.hair_shape, kept))
    return [row for row in rows if any(row["offsets"])]


def _row(
    name: str, at: tuple[float, ...], offsets: Float[np.ndarray, "s n 3"], shown: float, kept: Int[np.ndarray, "k"]
) -> dict[str, Any]:
    """One slider's shapes; the shown one is among them. Shapes that move nothing take no room."""
    lowest, highest = at[0], at[-1]
    if len(at) < 2 or list(at) != sorted(set(at)) or not lowest <= shown <= highest:
        raise BadMesh(
            f"{name}: the viewer has no shapes about the shown one's {shown}.",
            "Give two or more ascending values, one not above it and one not below.")
    if shown in at and np.abs(offsets[at.index(shown)]).max(initial=0.0) > MOST_ERROR_MM:
        raise BadMesh(
            f"{name} {shown}: the viewer's shape is not the shown one.", "Show the figure shaped with these values.")
    stored = {value: _packed(offset[kept]) for value, offset in zip(at, offsets, strict=True)}
    stored[shown] = None
    values = sorted(stored)
    return {"name": name, "shown": shown, "at": values, "offsets": [stored[value] for value in values]}


def _packed(offsets: Float[np.ndarray, "k 3"]) -> dict[str, Any] | None:
    whole, step = quantised(offsets)
    return None if not whole.any() else {"data": pack_numbers(whole.T.ravel()), "step": step}
