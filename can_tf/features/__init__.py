"""From waveform and spans to frames of MFCCs."""
