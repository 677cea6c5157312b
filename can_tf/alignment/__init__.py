"""Word timings: their file formats, and the spans of audio made from them."""
