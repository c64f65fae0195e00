"""The losses of the objective: one equation of the paper a file."""
