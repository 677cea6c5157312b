"""`can-tf`, and `python -m can_tf`, which is the same."""

import os
import sys

_SIGNS_OF_LITTLE_MEMORY = ("failed to map segment", "annot allocate memory", "bad_alloc", "OOM when allocating")


def main() -> None:
    """Runs the command line. Ctrl-C ends it in a line, while its modules are being imported too, and so does memory."""
    try:
        from can_tf.cli.main import main as command_line
        from can_tf.imports import leave_keras_out

        leave_keras_out()
        command_line(prog_name="can-tf")
    except KeyboardInterrupt:
        sys.exit("Aborted!")
    except Exception as error:
        if not _is_of_little_memory(error):
            raise
        reason = " ".join(str(error).split())[:200] or "it is used up"
        print(f"Error: there is too little memory ({reason}). Expected 2 GB or more to be free.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)  # What could not begin for lack of memory may not end either: TensorFlow's threads wait for it.


def _is_of_little_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in _SIGNS_OF_LITTLE_MEMORY)


if __name__ == "__main__":
    main()
