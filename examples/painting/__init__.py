"""A small painter: procedural sitters, and the media that paint them. See `examples/README.md`."""
