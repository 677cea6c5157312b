"""`can-tf serve`: TensorFlow Serving's REST contract, and a page to try it."""
