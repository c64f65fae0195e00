"""Twinbrush: one face photo and one style portrait in, a stylized 3D portrait out."""

from twinbrush.compiled import ensure_cache_folder

__version__ = "0.1.0"

# Here, because numba reads it when it is first imported, and every way to a kernel comes through here.
ensure_cache_folder()
