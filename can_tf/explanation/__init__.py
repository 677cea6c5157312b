"""A prediction as people look at it: a page, a figure, a gallery of a run, and the page that `can-tf serve` has."""
