"""From a commit to the one moment: which results are stale, which changed, what is pushed together."""
