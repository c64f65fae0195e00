"""The numbers: what is measured of a stylized figure, each with its source, formula, unit and direction."""
