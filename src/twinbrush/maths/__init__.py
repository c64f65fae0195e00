"""General mathematics: no faces, no style, no files."""
