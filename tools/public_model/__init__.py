"""A model to publish, from the downloads of openly licensed corpora."""
