"""Makes a model to publish from the downloads of openly licensed corpora: records, estimates, export, card, notices.

Needs: pip install -c constraints.txt -e '.[align]'

    python tools/public_model.py --crema-d DIR --jl-corpus DIR --emodb DIR --out DIR

One corpus is enough. Run again, the command goes on where it was interrupted.
"""

from public_model.main import main

if __name__ == "__main__":
    main()
