"""Painting a surface all the way round: view by view, with one guide that lies on the surface itself."""
