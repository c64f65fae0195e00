"""A figure is painted all the way round: the stereo pair first, then a ring of views in waves."""
