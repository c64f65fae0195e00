"""The style's form carried to a figure: skin, eyes, mouth, and everything that grows or lies on it."""
