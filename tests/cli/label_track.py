"""A format that can_tf does not know, such as Audacity's label tracks: a line per word with start, end and word."""

from can_tf.alignment.formats import Format
from can_tf.alignment.formats.format import one_token, parse_seconds
from can_tf.alignment.silence import SILENCES
from can_tf.alignment.word import Word


def _read(path, text, utterance_id):
    for number, line in enumerate(text.splitlines(), 1):
        start, end, label = line.split("\t")
        yield Word(label, parse_seconds(path, number, start), parse_seconds(path, number, end))


def _write(utterance_id, tokens, audio_seconds):
    return "".join(f"{token.start:.6f}\t{token.end:.6f}\t{one_token(token.text)}\n" for token in tokens)


LABEL_TRACK = Format(suffixes=(".Labels", ".track"), read=_read, write=_write, silence_labels=SILENCES)
