"""Custom layers, one a file."""

from can_tf.layers.cross_attention import CrossAttention
from can_tf.layers.global_attention import GlobalAttention
from can_tf.layers.last_states import LastStates
from can_tf.layers.learned_alignment import LearnedAlignment
from can_tf.layers.masked_max import MaskedMax
from can_tf.layers.only import Only
from can_tf.layers.query_attention import QueryAttention
from can_tf.layers.segment_encoder import ReferenceSegmentEncoder, SegmentEncoder
from can_tf.layers.segment_frame import SegmentFrame
from can_tf.layers.sequence_encoder import SequenceEncoder
from can_tf.layers.utterance_frames import UtteranceFrames

__all__ = [
    "CrossAttention",
    "GlobalAttention",
    "LastStates",
    "LearnedAlignment",
    "MaskedMax",
    "Only",
    "QueryAttention",
    "ReferenceSegmentEncoder",
    "SegmentEncoder",
    "SegmentFrame",
    "SequenceEncoder",
    "UtteranceFrames",
]
