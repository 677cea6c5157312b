"""One utterance, from a wav file's bytes and its words to probabilities: can_tf's export, and librosa with PyTorch."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmark import torch_peer
from benchmark.batch import paper_config
from benchmark.librosa_peer import word_mfccs
from benchmark.measure import Side
from benchmark.sides import OURS, PACKED
from can_tf.alignment.spans import share_silence
from can_tf.alignment.word import Word
from can_tf.audio import read_audio, wav_bytes
from can_tf.corpus.iemocap import read_iemocap
from can_tf.corpus.labels import LABEL_SETS
from can_tf.prediction.backends import open_model
from can_tf.prediction.requests import Request, inputs_of

UTTERANCES, ALPHA = 100, 0.1


def utterance_side(name: str, root: Path, export: Path) -> tuple[str, Side]:
    """Returns what is measured, and 100 utterances one after another of the side of that name.

    The peers have random weights: the work is the same.
    """
    utterances = read_iemocap(root, LABEL_SETS["paper7"]).utterances[:UTTERANCES]
    requests = [Request(read_audio(utterance.audio_path), share_silence(utterance.words)) for utterance in utterances]
    wavs = [wav_bytes(request.samples) for request in requests]
    what = f"{len(requests)} utterances one at a time, wav bytes to probabilities"
    if name == OURS:
        model = open_model(export)
        inputs = [inputs_of([request]) for request in requests]
        return what, lambda: [model.answer(values) for values in inputs]
    config = paper_config()
    peer = torch_peer.TorchCan(config, packed=name == PACKED)
    peer.eval()
    index = {word: place for place, word in enumerate(config.vocabulary, 2)}
    return what, lambda: [
        _torch_probabilities(peer, index, wav, request.words) for wav, request in zip(wavs, requests, strict=True)
    ]


def _torch_probabilities(
    peer: torch_peer.TorchCan, index: Mapping[str, int], wav: bytes, words: Sequence[Word]
) -> np.ndarray:
    samples, _ = soundfile.read(io.BytesIO(wav), dtype="float32")
    mfccs = word_mfccs(samples, [(word.start, word.end) for word in words])
    frames = np.array([len(mfcc) for mfcc in mfccs])
    padded = np.zeros((1, len(mfccs), frames.max(), 40), np.float32)
    for place, mfcc in enumerate(mfccs):
        padded[0, place, : len(mfcc)] = mfcc
    word_index = torch.tensor([[index.get(word.text, 1) for word in words]])
    with torch.inference_mode():
        logits = peer(word_index, torch.from_numpy(padded), torch.from_numpy(frames[None]))
        product = torch.log_softmax(logits["fused"], -1)
        for name in ("text", "audio"):
            product += ALPHA * torch.log_softmax(logits[name], -1)
        return torch.softmax(product, -1).numpy()
