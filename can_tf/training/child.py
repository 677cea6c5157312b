"""One training in a process of its own: `can_tf.training.child JOB`, as `fold_runs` starts it.

JOB is a JSON file: the `options`, the run `folder`, the `records` folder, whether to do the validation alone, and which
trackers to tell. What goes on is written to stderr, an error as its last line; the exit code is MACHINE_FAILED where
the disk failed. The process ends when the one that started it does.
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from can_tf.errors import CanError
from can_tf.imports import import_lean, silence_tensorflow
from can_tf.memory import end_without_memory, ran_out_of_memory
from can_tf.processes import end_with_parent
from can_tf.progress import Event
from can_tf.records.dataset import load_dataset
from can_tf.training.options import TrainOptions

MACHINE_FAILED = 74  # The exit code of an error of input or output, as sysexits.h has it.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """What a process of its own is to train; paths may be relative to its working directory."""

    options: TrainOptions
    folder: Path
    records: Path
    validation_only: bool
    track: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        paths = {"folder": str(self.folder), "records": str(self.records)}
        return {**dataclasses.asdict(self), **paths}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Job":
        """Returns the job that `to_json` wrote."""
        return cls(
            options=TrainOptions(**values["options"]),
            folder=Path(values["folder"]),
            records=Path(values["records"]),
            validation_only=values["validation_only"],
            track=tuple(values["track"]),
        )


def main(path: Path) -> None:
    """Trains what a file says."""
    end_with_parent()
    silence_tensorflow()
    import_lean()
    job = Job.from_json(json.loads(path.read_text(encoding="utf-8")))
    try:
        dataset = load_dataset(job.records)
        from can_tf.training.fit import train_fold  # Imports TensorFlow, which whoever starts a process need not.

        train_fold(dataset, job.folder, job.options, _log, validation_only=job.validation_only, track=job.track)
    except CanError as error:
        sys.exit(" ".join(str(error).split()))
    except OSError as error:  # A full disk, a folder that may not be written: the machine's matter.
        print(f"{error.filename or 'input or output'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(MACHINE_FAILED)
    except Exception as error:
        if not ran_out_of_memory(error):
            raise
        end_without_memory(error, MACHINE_FAILED)


def _log(event: Event) -> None:
    if event.note:
        print(event.line(), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
