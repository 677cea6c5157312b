"""Faults made on purpose, and whether the commands of can_tf come through them."""
