"""What `can-tf serve` starts, with what it has no option for: python -m benchmark.one_server MODEL PORT JOINED

JOINED: utterances of several requests that are answered together; 1 for every request alone.
"""

import os
import sys
from pathlib import Path

from can_tf.processes import cores

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(max(1, cores() // 2)))  # As `can-tf` does.

from can_tf.server.gate import RequestLimits
from can_tf.server.serving import ServeOptions, serve

if __name__ == "__main__":
    model, port, joined = sys.argv[1:]
    limits = RequestLimits(at_once=cores(), joined=int(joined))
    serve(Path(model), ServeOptions(port=int(port), limits=limits, log_level="warning"))
