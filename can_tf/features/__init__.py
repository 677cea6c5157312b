"""Front ends: from waveforms and spans to the frames of segments. One file each, and one line in the registry."""
