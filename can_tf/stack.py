"""Which of the two sets of libraries this is, as setup.cfg installs them.

Up to Python 3.12 it is TensorFlow 2.16, the last that tensorflow-io loads under; from 3.13 on, today's, with soxr.
"""

import sys

RESAMPLER = "soxr" if sys.version_info >= (3, 13) else "tensorflow-io"
