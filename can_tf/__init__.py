"""can_tf: speech emotion recognition with a Cross Attention Network over aligned audio and text."""

__version__ = "0.1.0"
