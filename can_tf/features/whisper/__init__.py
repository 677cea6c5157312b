"""Whisper's encoder as a front end.

The source of all of it is OpenAI's `whisper` (Radford et al., 2022, "Robust Speech Recognition via Large-Scale Weak
Supervision"). `weights.py` has its weights, `log_mel.py` what it reads, `windows.py` how recordings over 30 s are cut,
`encoder.py` its convolutions and blocks, and `front_end.py` the mean of its states in each segment.
"""
