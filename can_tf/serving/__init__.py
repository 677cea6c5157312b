"""From a trained run to answers: the exported graph, and those who ask it."""
