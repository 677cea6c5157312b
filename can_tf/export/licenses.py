"""What the licenses of what a model is made of say: for its card, and the notices that go with every copy of it."""

from collections.abc import Mapping
from typing import Any

from can_tf.corpus.registry import sources_of
from can_tf.corpus.source import Source
from can_tf.export.markdown import plain
from can_tf.features.registry import front_end_from_json

NOTICE_FILE = "NOTICE.txt"
_NO_ADVICE = "This is a summary and no legal advice: the licenses themselves count."


def notices_of(records: Mapping[str, Any]) -> str:
    """Returns the text of `NOTICE.txt`; empty where nothing has to go with the model.

    Args:
        records: What a run's `config.json` says of its records.

    Example:
        >>> from can_tf.features.registry import front_end, front_end_to_json
        >>> corpus = {"name": "crema-d", "synthetic": False}
        >>> features = front_end_to_json(front_end("mfcc"))
        >>> notices_of({"corpus": corpus, "features": features})[:43]
        'Contains information from CREMA-D (https://'
    """
    found = [source.notice for source in _sources(records).values()]
    found.append(front_end_from_json(records["features"]).notice())
    return "\n\n".join(dict.fromkeys(notice.strip() for notice in found if notice)) + "\n" if any(found) else ""


def licenses_section(records: Mapping[str, Any]) -> str:
    """Returns, as Markdown, what the license of each corpus and of the features asks; `records` as above."""
    sources = _sources(records)
    lines = [line for name, source in sources.items() for line in _lines(name, source)]
    if notice := front_end_from_json(records["features"]).notice():
        first, _, _ = notice.partition("\n\n")
        lines.append(f"- **{plain(records['features']['name'])}**, the features: {plain(first)}")
    parts = ["\n".join(lines)]
    if notices_of(records):
        parts.append(f"`{NOTICE_FILE}` beside this card has the notices that go with every copy of the model.")
    if any(source.asks for source in sources.values()):
        parts.append(_NO_ADVICE)
    return "\n\n".join(parts)


def speech_of(records: Mapping[str, Any]) -> str:
    """Returns a sentence on the speech that a model was trained on; empty where that is not known."""
    known = [source.speech for source in _sources(records).values() if source.speech]
    return f"Trained on {'; '.join(known)}. " if known else ""


def _sources(records: Mapping[str, Any]) -> dict[str, Source]:
    corpus = records["corpus"]
    return sources_of(corpus["name"], corpus.get("parts"))


def _lines(name: str, source: Source) -> list[str]:
    place = f"<{source.address}>" if source.address else ""
    about = ", ".join(filter(None, (source.citation, place)))
    return [
        f"- **{plain(name)}**: {source.license}{f' {about}.' if about else ''}",
        *(f"  - {asked}" for asked in source.asks),
    ]
