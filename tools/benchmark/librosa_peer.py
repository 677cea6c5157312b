"""Word-level MFCCs with librosa, called once a word, and TFRecords as TensorFlow's guide writes them.

    python -m benchmark.librosa_peer ROOT OUT WORKERS

Its MFCCs are not can_tf's (other mel triangles and framing, see docs/how-it-works.md); the work is the same.
"""

import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import librosa
import numpy as np
import soundfile

from can_tf.alignment.spans import share_silence
from can_tf.corpus.iemocap import read_iemocap
from can_tf.corpus.labels import LABEL_SETS
from can_tf.corpus.utterance import Utterance

RATE, WINDOW, HOP, FFT, OVERLAP = 16_000, 400, 160, 512, 0.1
UTTERANCES_PER_SHARD = 64


def word_mfccs(samples: np.ndarray, spans: Sequence[tuple[float, float]]) -> list[np.ndarray]:
    """Returns `<float32>[frames, 40]` of each span in seconds, with the overlap of the paper."""
    features = []
    for start, end in spans:
        growth = (end - start) * OVERLAP / 2
        word = samples[max(round((start - growth) * RATE), 0) : round((end + growth) * RATE)]
        if len(word) < FFT:
            word = np.pad(word, (0, FFT - len(word)))
        mfcc = librosa.feature.mfcc(
            y=word,
            sr=RATE,
            n_mfcc=40,
            n_fft=FFT,
            win_length=WINDOW,
            hop_length=HOP,
            window="hamming",
            center=False,
            n_mels=40,
            htk=True,
        )
        features.append(mfcc.T)
    return features


def write_shard(utterances: Sequence[Utterance], path: Path) -> None:
    """Reads, computes and writes some utterances."""
    import tensorflow as tf

    def floats(values):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    with tf.io.TFRecordWriter(str(path)) as writer:
        for utterance in utterances:
            words = share_silence(utterance.words)
            samples, _ = soundfile.read(utterance.audio_path, dtype="float32")
            mfccs = word_mfccs(samples, [(word.start, word.end) for word in words])
            feature = {
                "id": tf.train.Feature(bytes_list=tf.train.BytesList(value=[utterance.id.encode()])),
                "words": tf.train.Feature(bytes_list=tf.train.BytesList(value=[word.text.encode() for word in words])),
                "word_start": floats([word.start for word in words]),
                "word_end": floats([word.end for word in words]),
                "segment_frames": tf.train.Feature(int64_list=tf.train.Int64List(value=[len(mfcc) for mfcc in mfccs])),
                "frames": floats(np.concatenate(mfccs).ravel()),
            }
            writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())


def main(root: str, out: str, workers: str) -> None:
    utterances = read_iemocap(Path(root), LABEL_SETS["paper7"]).utterances
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    shards = [
        (utterances[start : start + UTTERANCES_PER_SHARD], folder / f"shard-{start}.tfrecord")
        for start in range(0, len(utterances), UTTERANCES_PER_SHARD)
    ]
    with multiprocessing.get_context("spawn").Pool(int(workers)) as pool:
        pool.starmap(write_shard, shards, chunksize=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
