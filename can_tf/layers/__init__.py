"""Custom layers, one a file."""

from can_tf.layers.cross_attention import CrossAttention
from can_tf.layers.global_attention import GlobalAttention
from can_tf.layers.segment_encoder import ReferenceSegmentEncoder, SegmentEncoder
from can_tf.layers.sequence_encoder import SequenceEncoder

__all__ = ["CrossAttention", "GlobalAttention", "ReferenceSegmentEncoder", "SegmentEncoder", "SequenceEncoder"]
