"""Hair, beards and headwear: closed masses with locks on the fitted head."""
