"""`python -m can_tf` is `can-tf`."""

from can_tf.cli.main import main

if __name__ == "__main__":
    main()
