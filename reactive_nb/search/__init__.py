"""Search indexes: postings that rank by text, and vectors that rank by closeness, as immutable values."""
