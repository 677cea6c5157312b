"""Folders of any name, in which TensorFlow would see a pattern."""

import numpy as np
import pytest

from can_tf.export.write import export_run
from can_tf.files import without_patterns
from can_tf.prediction.backends import open_model
from tests.export.costs import request_of

pytestmark = pytest.mark.long


@pytest.mark.parametrize("name", ["run [1]", "a*b?", "{x}"])
def test_an_export_goes_to_a_folder_of_any_name_and_is_loaded_from_it(trained, local_model, tmp_path, name):
    exported = export_run(trained.run, tmp_path / name)
    request = request_of([(1.0, 2)])
    answer, expected = open_model(tmp_path / name).answer(request), local_model.answer(request)
    np.testing.assert_allclose(answer["probabilities"], expected["probabilities"], atol=1e-6)
    assert exported.folder.name == "1"


def test_other_folders_stay_what_they_are(tmp_path):
    with without_patterns(tmp_path) as same:
        assert same == tmp_path
