"""The CAN in PyTorch, in the two forms that its users write: padded batches, and packed sequences."""

import keras
import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmark.batch import Batch
from can_tf.models.config import ModelConfig


class TorchCan(nn.Module):
    """The CAN with inputs `word_index` `<int64>[batch, words]`, `mfcc` and `segment_frames` as can_tf's.

    Args:
        config: Its sizes.
        packed: Whether segments go through `pack_padded_sequence`, or are computed with their padding and masked.
    """

    def __init__(self, config: ModelConfig, *, packed: bool):
        super().__init__()
        self.packed = packed
        units, heads, labels = config.units, config.heads, len(config.labels)
        self.embedding = nn.Embedding(len(config.vocabulary) + 2, config.embedding_dim)
        self.text = nn.LSTM(config.embedding_dim, units, batch_first=True, bidirectional=True)
        self.segment = nn.LSTM(len(config.frame_mean), units, batch_first=True, bidirectional=True)
        self.audio = nn.LSTM(2 * units, units, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(config.dropout)
        self.queries = nn.Parameter(torch.randn(2, heads, 2 * units) * 0.1)
        context = heads * 2 * units
        self.heads = nn.ModuleDict(
            {
                "fused": nn.Linear(4 * context, labels),
                "text": nn.Linear(context, labels),
                "audio": nn.Linear(context, labels),
            }
        )

    def forward(self, word_index, mfcc, segment_frames):
        mask = word_index != 0
        lengths = mask.sum(1)
        text = self.dropout(_sequence(self.text, self.embedding(word_index), lengths))
        means = self._packed_means(mfcc, segment_frames) if self.packed else self._padded_means(mfcc, segment_frames)
        audio = self.dropout(_sequence(self.audio, means, lengths))
        text_weights, audio_weights = (
            _weights(states, query, mask) for states, query in zip((text, audio), self.queries, strict=True)
        )
        by_text, by_audio = text_weights.detach(), audio_weights.detach()
        contexts = {
            "text": _context(text_weights, text),
            "audio_by_text": _context(by_text, audio),
            "audio": _context(audio_weights, audio),
            "text_by_audio": _context(by_audio, text),
        }
        return {
            "fused": self.heads["fused"](torch.cat(list(contexts.values()), -1)),
            "text": self.heads["text"](contexts["text"]),
            "audio": self.heads["audio"](contexts["audio"]),
        }

    def _packed_means(self, mfcc, segment_frames):
        batch, words = segment_frames.shape
        lengths = segment_frames.reshape(-1)
        real = lengths.nonzero().squeeze(1)
        segments = mfcc.reshape(batch * words, *mfcc.shape[2:])[real]
        packed = pack_padded_sequence(segments, lengths[real], batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.segment(packed)[0], batch_first=True)
        means = states.new_zeros(batch * words, states.shape[-1])
        means[real] = states.sum(1) / lengths[real, None]  # Padding is zero here.
        return means.reshape(batch, words, -1)

    def _padded_means(self, mfcc, segment_frames):
        """Real words only, each padded to the longest; backwards through a gather, so that padding is not read."""
        batch, words = segment_frames.shape
        lengths = segment_frames.reshape(-1)
        real = lengths.nonzero().squeeze(1)
        lengths = lengths[real]
        segments = mfcc.reshape(batch * words, *mfcc.shape[2:])[real]
        time = torch.arange(segments.shape[1])
        mask = time < lengths[:, None]
        reverse = torch.where(mask, lengths[:, None] - 1 - time, time)
        reversed_segments = segments.gather(1, reverse[:, :, None].expand_as(segments))
        states = torch.cat([self._one_direction(segments, ""), self._one_direction(reversed_segments, "_reverse")], -1)
        means = states.new_zeros(batch * words, states.shape[-1])
        means[real] = (states * mask[:, :, None]).sum(1) / lengths[:, None]
        return means.reshape(batch, words, -1)

    def _one_direction(self, segments, suffix):
        weights = [
            getattr(self.segment, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        zeros = segments.new_zeros(1, len(segments), self.segment.hidden_size)
        return torch._VF.lstm(segments, (zeros, zeros), weights, True, 1, 0.0, self.training, False, True)[0]


def _sequence(lstm, inputs, lengths):
    packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(lstm(packed)[0], batch_first=True, total_length=inputs.shape[1])[0]


def _weights(states, query, mask):
    scores = torch.einsum("bwf,hf->bhw", states, query)
    return torch.softmax(scores.masked_fill(~mask[:, None, :], -torch.inf), -1)


def _context(weights, states):
    return torch.einsum("bhw,bwf->bhf", weights, states).flatten(1)


def copy_weights(source: keras.Model, target: TorchCan) -> None:
    """Gives the PyTorch model the weights of can_tf's; gates have the same order in both."""
    tensors = {
        layer.name: [torch.from_numpy(weight.copy()) for weight in layer.get_weights()] for layer in source.layers
    }
    with torch.no_grad():
        target.embedding.weight.copy_(tensors["word_vectors"][0])
        for name, lstm in (
            ("text_blstm", target.text),
            ("segment_blstm", target.segment),
            ("audio_blstm", target.audio),
        ):
            for suffix, (kernel, recurrent, bias) in zip(
                ("", "_reverse"), (tensors[name][:3], tensors[name][3:]), strict=True
            ):
                getattr(lstm, f"weight_ih_l0{suffix}").copy_(kernel.T)
                getattr(lstm, f"weight_hh_l0{suffix}").copy_(recurrent.T)
                getattr(lstm, f"bias_ih_l0{suffix}").copy_(bias)
                getattr(lstm, f"bias_hh_l0{suffix}").zero_()
        for index, query in enumerate(tensors["cross_attention"]):
            target.queries[index].copy_(query)
        for name, head in target.heads.items():
            head.weight.copy_(tensors[name][0].T)
            head.bias.copy_(tensors[name][1])


def torch_inputs(batch: Batch, vocabulary: tuple[str, ...]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns word indices as can_tf's lookup gives them, MFCCs and segment lengths."""
    index = {"": 0, **{word: place for place, word in enumerate(vocabulary, 2)}}
    words = np.array([[index[word] for word in row] for row in batch.words])
    return (
        torch.from_numpy(words),
        torch.from_numpy(batch.mfcc),
        torch.from_numpy(batch.segment_frames.astype(np.int64)),
    )


def training_step(model: TorchCan, inputs, label: np.ndarray, alpha: float):
    """Returns a function that does one step as can_tf's training does: Eq. 14, clipping at a norm of 1, Adam."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    target = torch.from_numpy(label).long()
    weights = {"fused": 1.0, "text": alpha, "audio": alpha}

    def step():
        model.train()
        optimizer.zero_grad(set_to_none=True)
        logits = model(*inputs)
        loss = sum(weight * nn.functional.cross_entropy(logits[name], target) for name, weight in weights.items())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step
