import subprocess
import sys

_PROGRAM = """
import sys
from can_tf.imports import import_lean
import_lean()
import_lean()
{first}
print("keras" in sys.modules)
import keras
print(keras.backend.backend(), float(tf.keras.layers.Dense(1, kernel_initializer="ones")(tf.ones([1, 2]))[0, 0]))
"""


def _said(first: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", _PROGRAM.format(first=first)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split()


def test_tensorflow_comes_without_keras_until_that_is_asked_for():
    assert _said("import tensorflow as tf") == ["False", "tensorflow", "2.0"]


def test_keras_itself_is_imported_as_ever():
    assert _said("import keras, tensorflow as tf") == ["True", "tensorflow", "2.0"]


def test_keras_comes_without_what_it_would_only_offer_more_with():
    first = "import keras, tensorflow as tf; print([name for name in ('sklearn', 'matplotlib') if name in sys.modules])"
    later = "import sklearn, matplotlib.pyplot; print(sklearn.__name__)"
    assert _said(f"{first}; {later}")[:2] == ["[]", "sklearn"]


def test_what_they_are_made_of_is_never_looked_through_for_garbage():
    first = "import tensorflow as tf; import gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
    assert _said(first)[:2] == ["True", "True"]


def test_who_has_switched_the_collector_off_finds_it_so():
    first = "import gc; gc.disable(); import tensorflow as tf; print(gc.isenabled(), gc.get_freeze_count())"
    assert _said(first)[:2] == ["False", "0"]


def test_ctrl_c_while_modules_are_imported_is_a_line():
    program = """
import sys
class Pressed:
    def find_spec(self, name, *_):
        if name == "can_tf.cli.main":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Pressed())
import can_tf.__main__
can_tf.__main__.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Aborted!\n")
