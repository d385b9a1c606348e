"""Measurements: of the engine beside other tools, and of its parts. Nothing of it is installed with the engine."""
