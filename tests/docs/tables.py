"""How a reader types what the pages show, and what cannot be typed here and why.

Every entry has to fit a command that is shown: `test_no_entry_of_the_tables_is_left_over`.
"""

import re
import sys

from tests.docs.shown import ROOT, Command

DEMO = "data/demo-1400-seed0"
GLOVE = ROOT / "can_tf" / "corpus" / "data" / "demo_glove.50d.txt"
SMALL = "--units 4 --heads 2 --epochs 1 --batch-size 32 --max-segment-frames 30"
ORDER = (  # A page is read after those before it. The tutorial leaves what `make demo` does: see REPLACED.
    "docs/tutorial.md",
    "README.md",
    "docs/iemocap.md",
    "docs/own-corpus.md",
    "docs/answers.md",
    "docs/long-recordings.md",
    "docs/deploy.md",
    "docs/operations.md",
    "docs/proxies.md",
    "docs/experiments.md",
)

NOT_RUN = {
    r"^make demo$": "does what the tutorial does, and takes six minutes; what its recipe types is looked up",
    r"^make test(-quick)?$": "runs these tests",
    r"^make docs$": "tests/docs/test_site.py builds the site",
    r"^make (fuzz|faults|audit)$": "takes from ten minutes to an hour and a half, or needs the internet",
    r"^make (encoders|test-whisper)$": "installs, and runs these tests",
    r"^make (test-newest|pythons|stacks)$": "installs other Pythons' libraries, and runs tests on them",
    r"^bash .ci/run$": "runs these tests",
    r"^can-tf listen$": "needs a microphone",
    r"^can-tf train --track mlflow ": "tells a tracking server; tests/training/tracking does it",
    r"^(tensorboard|mlflow ui)": "serves until it is stopped",
    r"^eval .*_CAN_TF_COMPLETE": "needs can-tf on the path; tests/cli/test_completion.py has it there",
    r"^ffmpeg ": "ffmpeg is none of the programs that the tests need; the next command on the page reads such sound",
    r"^python tools/listening_study.py": "listens for ten minutes, with a model of Whisper",
    r"^pip install ": "installs; the extras it names are looked up",
    r"^docker (compose|build|run) ": "needs Docker and images",
    r"^kubectl ": "needs a Kubernetes cluster",
    r"^#!/bin/bash\n#SBATCH": "needs SLURM; bash reads it, and the options in it are looked up",
    r"^python tools/benchmark.py": "measures for minutes, mostly beside PyTorch and librosa, which `dev` lacks",
    r"^python tools/faults.py": "takes an hour and a half; tests/faults does a little of it",
    r"^python tools/learning_curve.py": "goes on from ten trained folds; tests/test_learning_curve.py has its parts",
    r"^python tools/public_model.py": "trains for an hour on downloads; tests/test_public_model.py makes small ones",
    r"^python tools/words_study.py": "asks ten trained folds; tests/test_words_study.py has its parts",
}
# Appended to the command; where click meets an option twice, the last counts.
APPENDED = {
    r"^can-tf (train|cross-validate|reproduce|tune)\b": SMALL,
    # The smallest of the models, where it does not matter which.
    r"^can-tf (cross-validate|tune)\b": "--model text --jobs 1",
    r"^can-tf train .*(scenario|data/mine|best|iemocap-sessions)": "--model text",
    r"^can-tf build-records\b(?!.*--cluster)": "--workers 1",
    r"^can-tf cross-validate\b(?!.*--cluster)": "--folds 1 --seeds 1",
    r"^can-tf cross-validate .*--cluster": "--folds 2",
    r"^can-tf reproduce .*--glove (?!.*--plan)": "--tables 3 --folds 1 --jobs 1",
    r"^can-tf reproduce --utterances": "--plan --out reproduction-demo",  # What it would train, others train.
    r"^can-tf tune\b": "--trials 1 --folds 1",
    r"^can-tf serve": "--port {port}",
}
REPLACED = {
    r"--utterances \d+": "--utterances 100",
    r"data/(tutorial-corpus|demo-7486|demo-1000-seed0)\b": DEMO,  # One small corpus is enough.
    r"data/(tutorial|records-7486|records-1000)\b": "data/records",
    r"runs/tutorial(?!-)": "runs/can-paper-fold0-seed0",
    r" --out saved_models/tutorial$": "",
    r"saved_models/tutorial": "saved_models/can",
    r"^(can-tf export \S+)$": r"\1 --calibrated",  # Which has all that the other has; one export is enough.
    r"runs/emodb-four/can-": "runs/emodb-four/text-",  # See APPENDED.
    r"cv-(can|audio)-": "cv-text-",
    r"--corpus emodb --root /path/to/emodb": f"--corpus demo --root {DEMO}",
    r"--corpus crema-d --root /path/to/CREMA-D": f"--corpus demo --root {DEMO}",
    r"--root corpora.csv --labels four --features whisper-base": "--root two.csv --labels four",
    r"/path/to/IEMOCAP_full_release": f"{DEMO}/IEMOCAP_full_release",
    r"/path/to/glove\.\w+\.300d\.txt": str(GLOVE),
    r"Ses01F_impro01_F000\.wav": "Ses01F_impro01_M000.wav",  # A small corpus has the one and not the other.
    r"localhost:8501": "127.0.0.1:{port}",
    r"localhost:8500": "127.0.0.1:{grpc}",
    r"127\.0\.0\.1:8786": "127.0.0.1:{dask}",
    r"^dask scheduler ": f"{sys.executable} -m dask scheduler --port {{dask}} --dashboard-address 127.0.0.1:0 ",
    r"^dask worker ": f"{sys.executable} -m dask worker --no-dashboard ",
    r"head:8000": "127.0.0.1:{chief}",
    r"(--role chief .*)$": r"\1 &",  # On a machine of its own.
}
# Which file a block shows, by page and language, in their order.
FILES = {
    ("README.md", "csv"): ["corpus.csv"],
    ("docs/own-corpus.md", "csv"): ["corpora.csv", "corpus.csv", "transcripts.csv"],
    ("docs/own-corpus.md", "json"): ["corpus.jsonl"],
    ("docs/iemocap.md", "json"): ["valence.json"],
    ("docs/how-sure.md", "json"): ["merged.json"],
}


def in_small(command: Command) -> str:
    """Returns a command as it is typed here, with names in braces where ports of this machine go."""
    text = command.text.removesuffix("&").rstrip()
    for pattern, more in APPENDED.items():
        if re.search(pattern, text):
            text = f"{text} {more}"
    for pattern, other in REPLACED.items():
        text = re.sub(pattern, other, text)
    return f"{text} &" if command.background else text


def why_not(command: Command) -> str | None:
    """Returns why a command is not run; None if it is."""
    return next((reason for pattern, reason in NOT_RUN.items() if re.search(pattern, command.text)), None)
