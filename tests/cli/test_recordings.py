"""What belongs to a recording, and which of the two is missing."""

import pytest

from can_tf.cli.shared.recordings import ALIGNMENT_SUFFIXES, Companions
from can_tf.errors import ConfigError
from tests.conftest import write_tone


def test_a_recording_that_is_not_there_is_not_told_as_a_missing_alignment(tmp_path):
    alignments = Companions("alignment", ALIGNMENT_SUFFIXES, tmp_path, 1)
    with pytest.raises(ConfigError, match=r"talk\.wav: there is no such recording"):
        alignments(tmp_path / "talk.wav")
    write_tone(tmp_path / "talk.wav", 0.1)
    with pytest.raises(ConfigError, match="holds no talk with .wdseg"):
        alignments(tmp_path / "talk.wav")
