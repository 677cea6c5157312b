"""Which of the two sets of libraries this is, as setup.cfg installs them.

Up to Python 3.12 it is TensorFlow 2.16, the last that tensorflow-io loads under; from 3.13 on, today's, with soxr.
"""

import sys

RESAMPLER = "soxr" if sys.version_info >= (3, 13) else "tensorflow-io"
# How protobuf 5 and later, and 4, are told to give fields that have their default.
WITH_DEFAULTS = {
    "always_print_fields_with_no_presence" if sys.version_info >= (3, 13) else "including_default_value_fields": True
}
