"""Functions that run later or again and again: when they fall due, and what is written down about each run."""
