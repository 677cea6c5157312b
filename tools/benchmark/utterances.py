"""One utterance, from a wav file's bytes and its words to probabilities: can_tf's graph, and librosa with PyTorch."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile
import tensorflow as tf
import torch

from benchmark import torch_peer
from benchmark.batch import paper_config
from benchmark.librosa_peer import word_mfccs
from benchmark.measure import Side
from benchmark.sides import OURS, PACKED
from can_tf.alignment.spans import share_silence
from can_tf.corpus.iemocap import read_iemocap
from can_tf.corpus.labels import LABEL_SETS
from can_tf.features.config import FeatureConfig
from can_tf.features.mfcc import segment_mfcc
from can_tf.features.segments import segment_samples
from can_tf.models.losses import final_log_probabilities
from can_tf.models.registry import build

UTTERANCES, ALPHA = 100, 0.1


def utterance_side(name: str, root: Path) -> tuple[str, Side]:
    """Returns what is measured, and 100 utterances one after another of the side of that name."""
    utterances = read_iemocap(root, LABEL_SETS["paper7"]).utterances[:UTTERANCES]
    requests = [(utterance.audio_path.read_bytes(), share_silence(utterance.words)) for utterance in utterances]
    what = f"{len(requests)} utterances one at a time, wav bytes to probabilities"
    config = paper_config()
    model = build("can", config)
    if name == OURS:
        return what, _our_side(_graph(model), requests)
    peer = torch_peer.TorchCan(config, packed=name == PACKED)
    torch_peer.copy_weights(model, peer)
    peer.eval()
    index = {word: place for place, word in enumerate(config.vocabulary, 2)}
    return what, lambda: [_torch_probabilities(peer, index, content, words) for content, words in requests]


def _our_side(predict, requests) -> Side:
    def side() -> None:
        for content, words in requests:
            texts = [word.text for word in words]
            predict(content, texts, [word.start for word in words], [word.end for word in words])

    return side


def _graph(model):
    """The graph that answers in production: stock ops from the bytes to Eq. 15."""
    config = FeatureConfig()

    @tf.function(
        input_signature=[
            tf.TensorSpec([], tf.string),
            tf.TensorSpec([None], tf.string),
            tf.TensorSpec([None], tf.float32),
            tf.TensorSpec([None], tf.float32),
        ]
    )
    def predict(content, words, start, end):
        waveform = tf.audio.decode_wav(content)[0][:, 0]
        num_samples = tf.size(waveform, out_type=tf.int64)
        first, count = segment_samples(start, end, num_samples, config)
        mfcc, segment_frames = segment_mfcc(waveform, first, count, config)
        padded = tf.RaggedTensor.from_row_lengths(mfcc, segment_frames).to_tensor()
        inputs = {
            "words": words[None],
            "mfcc": padded[None],
            "segment_frames": tf.cast(segment_frames, tf.int32)[None],
        }
        return tf.exp(final_log_probabilities(model(inputs, training=False), ALPHA))

    return predict


def _torch_probabilities(peer: torch_peer.TorchCan, index: Mapping[str, int], content: bytes, words) -> np.ndarray:
    samples, _ = soundfile.read(io.BytesIO(content), dtype="float32")
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
