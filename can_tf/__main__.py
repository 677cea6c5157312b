"""`can-tf`, and `python -m can_tf`, which is the same."""

import sys


def main() -> None:
    """Runs the command line. Ctrl-C ends it in a line, while its modules are being imported too."""
    try:
        from can_tf.cli.main import main as command_line
        from can_tf.imports import leave_keras_out

        leave_keras_out()
        command_line(prog_name="can-tf")
    except KeyboardInterrupt:
        sys.exit("Aborted!")


if __name__ == "__main__":
    main()
