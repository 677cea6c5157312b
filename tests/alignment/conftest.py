"""Three sentences of real speech, and what is said in them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from can_tf.audio import read_audio
from can_tf.samples import SAMPLE_RATE_HZ

FOLDER = Path(__file__).parent / "data"
NAMES = ("austen-0880", "austen-0890", "austen-0930")


class Speech(NamedTuple):
    """A recording at `SAMPLE_RATE_HZ`."""

    path: Path
    samples: np.ndarray
    transcript: str

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


def speech_of(name: str, folder: Path = FOLDER) -> Speech:
    path = folder / f"{name}.flac"
    return Speech(path, read_audio(path), path.with_suffix(".txt").read_text(encoding="utf-8"))


@pytest.fixture(params=NAMES)
def speech(request: pytest.FixtureRequest) -> Speech:
    """Each of the three."""
    return speech_of(request.param)
