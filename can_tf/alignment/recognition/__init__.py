"""Recognition: the words of a recording that has no transcript, and when each was said.

A recognizer is one file here and one line in `registry.py`. Whatever else recognizes speech need only write one of the
files that `can_tf.alignment.formats` reads, or be a `Recognizer`.
"""

from can_tf.alignment.recognition.recognizer import Recognized, Recognizer, RecognizerOptions

__all__ = ["Recognized", "Recognizer", "RecognizerOptions"]
