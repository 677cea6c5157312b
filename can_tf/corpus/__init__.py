"""Corpora: what was said, when, by whom, with which emotion."""
