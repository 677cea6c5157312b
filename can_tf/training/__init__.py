"""Folds, fitting, metrics."""
