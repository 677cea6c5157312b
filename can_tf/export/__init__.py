"""The served graph: written, described and checked."""
