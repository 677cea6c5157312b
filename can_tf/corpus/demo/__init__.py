"""The corpus of synthetic speech."""
