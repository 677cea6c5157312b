"""All that `can-tf` does, for programs: one name for each, which `import can_tf` gives too.

Importing this module imports TensorFlow, which takes seconds; `can_tf.NAME` does so at the first use of a name.
"""

from can_tf.alignment.formats import format_alignment, read_alignment
from can_tf.alignment.recognition import RecognizerOptions
from can_tf.alignment.word import Word
from can_tf.audio import read_audio
from can_tf.corpus.demo import make_demo_corpus
from can_tf.corpus.labels import load_label_set
from can_tf.corpus.registry import read_corpus
from can_tf.corpus.utterance import Corpus, Utterance
from can_tf.errors import CanError
from can_tf.explanation.data import Explanation
from can_tf.explanation.figure import write_figure
from can_tf.explanation.gallery import gallery
from can_tf.explanation.page import Group, write_page
from can_tf.explanation.recordings import explain_recordings
from can_tf.explanation.timeline_files import write_timelines
from can_tf.explanation.timelines import timelines
from can_tf.export.write import export_run
from can_tf.features.registry import front_end
from can_tf.models.config import ModelConfig
from can_tf.models.registry import build
from can_tf.prediction.align import align_recordings
from can_tf.prediction.answers import Prediction
from can_tf.prediction.listening import listen
from can_tf.prediction.many import predict_many
from can_tf.prediction.options import PredictionOptions
from can_tf.prediction.predictor import Predictor, at_server
from can_tf.prediction.tables import write_predictions
from can_tf.prediction.timeline import timeline
from can_tf.progress import Event
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import Dataset, load_dataset
from can_tf.report.against import compare_together
from can_tf.report.elsewhere import write_elsewhere
from can_tf.report.inspection import inspect_records
from can_tf.report.integrity import verify
from can_tf.report.reproduction import Reproduction, reproduce
from can_tf.report.run import draw_run, read_evaluation
from can_tf.report.timeline_text import RecordingTimeline
from can_tf.report.together import read_together, scores_together
from can_tf.report.together_page import write_together
from can_tf.report.tuning import tune
from can_tf.training.calibration import calibration_of
from can_tf.training.cross_validation import cross_validate
from can_tf.training.elsewhere import Elsewhere, evaluate_on
from can_tf.training.fit import train_fold
from can_tf.training.folds import make_fold
from can_tf.training.options import TrainOptions
from can_tf.training.search import Search

__all__ = [
    "BuildOptions",
    "CanError",
    "Corpus",
    "Dataset",
    "Elsewhere",
    "Event",
    "Explanation",
    "Group",
    "ModelConfig",
    "Prediction",
    "PredictionOptions",
    "Predictor",
    "RecognizerOptions",
    "RecordingTimeline",
    "Reproduction",
    "Search",
    "TrainOptions",
    "Utterance",
    "Word",
    "align_recordings",
    "at_server",
    "build",
    "build_records",
    "calibration_of",
    "compare_together",
    "cross_validate",
    "draw_run",
    "evaluate_on",
    "explain_recordings",
    "export_run",
    "format_alignment",
    "front_end",
    "gallery",
    "inspect_records",
    "listen",
    "load_dataset",
    "load_label_set",
    "make_demo_corpus",
    "make_fold",
    "predict_many",
    "read_alignment",
    "read_audio",
    "read_corpus",
    "read_evaluation",
    "read_together",
    "reproduce",
    "scores_together",
    "timeline",
    "timelines",
    "train_fold",
    "tune",
    "verify",
    "write_elsewhere",
    "write_figure",
    "write_page",
    "write_predictions",
    "write_timelines",
    "write_together",
]
