"""Cells that run by themselves: what they run, when, and where the outputs go."""
