"""Twinbrush: one face photo and one style portrait in, a stylized 3D portrait out."""

__version__ = "0.1.0"
