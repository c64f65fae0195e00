"""Style and figure brought together: the template fitted to the style's portrait."""
