"""What each stage of each road takes: drives the progress bar.

CPU-seconds at the default preset, as the manifest's timings have them; only their proportions count.
"""

from __future__ import annotations

from twinbrush.base.progress import Plan

INPUTS: Plan = {"models": {"models": 0.5}, "inputs": {"inputs": 3}}
FORMED: Plan = {"regions": {"regions": 1}, "style-head": {"style-head": 1}, "form": {"form": 1}, "shape": {"shape": 1}}
ROWS: Plan = {"strengths": {"strengths": 1}, "caricatures": {"caricatures": 1}, "hairs": {"hairs": 0.3}}
EXPORTED: Plan = {"export": {"export": 12}}

RING: Plan = {"texture": {"ring": 28}}
RELIEF: Plan = {"relief": {"relief": 4}}

FIGURE: Plan = {
    **INPUTS, "sculpt": {"sculpt": 20}, **FORMED,
    "pair": {"views": 1, "align": 1, "objective": 8, "stylize": 4, "refine": 2}, **RING, **RELIEF, **ROWS, **EXPORTED,
}  # fmt: skip
"""`stylize` of a photo."""

PAPER: Plan = {
    **INPUTS, "sculpt": {"sculpt": 20}, **FORMED, "start": {"start": 2},
    "pair": {"views": 1, "align": 1, "paper": 120, "warp": 1}, "triangulated": {"triangulated": 5},
    "shape": {"shape": 2}, "strengths": {"strengths": 6}, **RING, **RELIEF, **EXPORTED,
}  # fmt: skip
"""`stylize --method paper` of a photo."""

RIVAL: Plan = {**INPUTS, "rival": {"rival": 60}, **EXPORTED}
"""`stylize` by a rival."""

RESHAPE_PAPER: Plan = {
    "pair": {"pair": 0.2}, "texture": {"texture": 0.2}, "sculpt": {"sculpt": 0.2},
    "triangulated": {"triangulated": 0.2}, "shape": {"shape": 2}, "strengths": {"strengths": 0.5}, **RELIEF, **EXPORTED,
}  # fmt: skip
"""`reshape` of what that wrote."""

RESHAPE: Plan = {
    "pair": {"pair": 0.2}, "texture": {"texture": 0.2}, "sculpt": {"sculpt": 0.2}, **FORMED, **RELIEF, **ROWS,
    **EXPORTED,
}  # fmt: skip
"""`reshape` of a photo's figure."""

MESH: Plan = {
    "inputs": {"inputs": 1}, "mesh": {"mesh": 2}, "models": {"models": 0.5}, "front": {"front": 8},
    "style": {"style": 4}, "views": {"views": 2}, "align": {"align": 6},
    "stylize": {"warp": 1, "objective": 6, "stylize": 4, "refine": 2}, "shape": {"shape": 6},
    "mesh-shape": {"mesh-shape": 1}, "paint": {"claim": 2, "stylize": 60}, "export": {"export": 12},
}  # fmt: skip
"""`stylize` of a mesh, with a face or without, and `reshape` of its results."""


def sculpt_plan(*, mesh: bool, formed: bool) -> Plan:
    """Returns the plan of `sculpt`, of a mesh or a photo, as it is or in another form."""
    first: Plan = {**INPUTS, "mesh": {"mesh": 2}, "front": {"front": 8}} if mesh else INPUTS
    return {**first, "sculpt": {"sculpt": 20}, **({**FORMED, **ROWS} if formed else {}), **EXPORTED}
