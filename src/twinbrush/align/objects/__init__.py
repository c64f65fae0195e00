"""An object in a picture brought to a mesh: contours, pairs of points, the deformation that they tell of."""
