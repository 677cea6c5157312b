"""What all pages share, those of `can-tf serve` and of the documentation among them: one design."""
