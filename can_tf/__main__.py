"""`can-tf`, and `python -m can_tf`, which is the same."""

import sys


def main() -> None:
    """Runs the command line. Ctrl-C and a lack of memory each end it in one line, also while modules are imported."""
    try:
        from can_tf.cli.main import main as command_line
        from can_tf.imports import import_lean

        import_lean()
        command_line(prog_name="can-tf")
    except KeyboardInterrupt:
        sys.exit("Aborted!")
    except Exception as error:
        from can_tf.memory import end_without_memory, ran_out_of_memory

        if not ran_out_of_memory(error):
            raise
        end_without_memory(error, status=1)


if __name__ == "__main__":
    main()
