"""Embeddings: vectors of texts by a model of the user's, cached by content, and kept up to date beside the texts."""
