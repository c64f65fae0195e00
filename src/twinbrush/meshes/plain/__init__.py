"""A mesh of ours as a plain file: GLB, OBJ, PLY, and what every format needs from it."""
