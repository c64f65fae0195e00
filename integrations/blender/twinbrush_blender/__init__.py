"""Twinbrush in Blender: a panel in the sidebar that makes a figure of a photo and a style portrait."""

from . import panel


def register():
    """Called by Blender when the add-on is switched on."""
    panel.register()


def unregister():
    """Called by Blender when the add-on is switched off."""
    panel.unregister()
