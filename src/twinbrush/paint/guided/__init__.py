"""Guided patch synthesis: the engine that needs no trained weights."""
