"""The medium in relief: the finished paint of a figure as a surface in mm, and what shows it."""
