"""What `tools/benchmark.py` measures against, written as a competent user of each library would."""
