"""Measures can_tf beside what one would use instead. Needs: pip install -c constraints.txt -e '.[bench,demo,report]'

    python tools/benchmark.py COMMAND [--repeats N] [--json]

Each command runs all its sides in turn in one go, models in a process each, and prints medians, the spread, and how
many times longer the others take. Sides are first checked to give the same numbers. Nothing here is a test: a machine's
mood passes no judgment.
"""

from benchmark.main import main

if __name__ == "__main__":
    main()
