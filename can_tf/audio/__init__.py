"""Sound: from any source to 16 kHz, mono, on the 16-bit grid."""
