"""Asking a model: requests, answers, and who answers."""
