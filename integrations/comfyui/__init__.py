"""Nodes for ComfyUI: a photo and a style portrait become a 3D figure. What ComfyUI reads are the two names below."""

from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
