"""Draws apart lips and lids that run through each other in the template's expressions at weight 1 (on the mean head).

    python training/untangle_template.py src/twinbrush/sculpt/template.safetensors
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save
from template_weights import EXPRESSION_STEP_MM, STILL_MM, rounded, squeezed

from twinbrush.base.files import write_atomically
from twinbrush.sculpt.template import read_template
from twinbrush.sculpt.untangle import make_patch, untangled

ROUNDS = 150  # of drawing apart: rolled lips have a long way


def main() -> None:
    """Command line."""
    path = Path(sys.argv[1])
    data = path.read_bytes()
    model = read_template(data)
    pieces = [make_patch(model, name) for name in ("mouth", "eye left", "eye right")]
    names = list(model.expressions.names)
    offsets = model.expressions.offsets.astype(np.float64)
    jaw = offsets[names.index("jawOpen")]
    vertices, moves, ends = [], [], []
    for number, name in enumerate(names):
        if name > names[model.expressions.twins[number]]:
            continue
        start = model.mean + (jaw if name == "mouthClose" else 0.0)
        goal = start + offsets[number]
        for piece in pieces:
            goal = untangled(goal, piece, ROUNDS)
        offset = goal - start
        moved = np.flatnonzero(np.linalg.norm(offset, axis=1) > STILL_MM)
        vertices.append(moved)
        moves.append(rounded(offset[moved], EXPRESSION_STEP_MM))
        ends.append(len(moved))
        print(name, flush=True)
    tensors = load(data)
    tensors["expression_vertices"] = squeezed(np.concatenate(vertices).astype(np.uint16))
    tensors["expression_offsets"] = squeezed(np.concatenate(moves))
    tensors["expression_ends"] = np.cumsum(ends).astype(np.int32)
    data = save(tensors)
    write_atomically(path, data)
    print(f"{path}: {len(data) / 1e6:.2f} MB, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
