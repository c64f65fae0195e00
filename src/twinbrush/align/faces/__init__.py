"""A style portrait brought to a head: its proportions, its points, its own head; turned to the content's pose."""
