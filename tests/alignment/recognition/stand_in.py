"""A stand-in for Whisper: answers what it is told, as `faster_whisper.WhisperModel` does."""

from types import SimpleNamespace


def segment(words, text=None, compression_ratio=1.0):
    """Returns a segment of words `(text, start, end)`, which are written as Whisper writes them."""
    found = [SimpleNamespace(word=word, start=start, end=end) for word, start, end in words]
    return SimpleNamespace(
        text=text or "".join(word for word, _, _ in words), words=found, compression_ratio=compression_ratio
    )


class StandIn:
    """Gives its answers one after another, the last again and again, and remembers how it was asked."""

    def __init__(self, *answers, language="en", supported_languages=("en", "de", "ja")):
        self.answers, self.language, self.supported_languages = list(answers), language, list(supported_languages)
        self.asked = []

    def transcribe(self, samples, **options):
        self.asked.append(options)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return iter(answer), SimpleNamespace(language=options["language"] or self.language)
