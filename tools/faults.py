"""Makes faults on purpose, and tells whether can_tf comes through them.

Needs: pip install -c constraints.txt -e '.[serve]'

    python tools/faults.py COMMAND

Each command prints a table, or JSON, and ends with 1 if anything was lost or changed.
"""

from faults.main import main

if __name__ == "__main__":
    main()
