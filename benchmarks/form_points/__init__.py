"""68 points placed by hand on portraits, and on the mean head in clay."""
