"""Questions to the page of `can-tf serve`, over HTTP."""

import base64
import io
from pathlib import Path

import numpy as np
import requests
import soundfile

SPEECH = Path(__file__).parents[1] / "alignment" / "data" / "austen-0880.flac"
TRANSCRIPT = SPEECH.with_suffix(".txt").read_text(encoding="utf-8").strip()


def ask(address: str, **question: object) -> requests.Response:
    body = {"transcript": None, "name": "x.wav", **question}
    return requests.post(f"{address}/explain", json=body, timeout=60)


def sound(samples: np.ndarray, rate: int = 16_000, kind: str = "WAV") -> dict[str, str]:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind)
    return {"b64": base64.b64encode(file.getvalue()).decode()}


SPOKEN = {"b64": base64.b64encode(SPEECH.read_bytes()).decode()}
