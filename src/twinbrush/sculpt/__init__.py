"""A photo (or a mesh with a face) in, a figure out: a sculpted head with eyes, teeth and expressions."""
