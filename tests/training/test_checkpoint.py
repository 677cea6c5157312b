import keras
import numpy as np
import pytest

from can_tf.errors import RunError
from can_tf.training.checkpoint import load_variables, save_variables


def small_model(units=3):
    model = keras.Sequential([keras.Input([2]), keras.layers.Dense(units), keras.layers.Dropout(0.5)])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def values_of(model):
    return [np.array(variable) for variable in (*model.variables, *model.optimizer.variables)]


def test_weights_and_optimizer_come_back_as_they_were(tmp_path):
    model = small_model()
    model.fit(np.ones([4, 2]), np.ones([4, 3]), verbose=0)
    expected = values_of(model)
    save_variables(model, tmp_path / "epoch.npz")
    again = small_model()
    assert any((found != value).any() for found, value in zip(values_of(again), expected, strict=True))
    load_variables(again, tmp_path / "epoch.npz")
    for found, value in zip(values_of(again), expected, strict=True):
        np.testing.assert_array_equal(found, value)
    assert again.optimizer.iterations == 1
    assert [path.name for path in tmp_path.iterdir()] == ["epoch.npz"]


def test_the_variables_of_another_model_are_refused(tmp_path):
    save_variables(small_model(), tmp_path / "epoch.npz")
    with pytest.raises(RunError, match="epoch.npz: cannot be read .it holds the variables of another model"):
        load_variables(small_model(units=4), tmp_path / "epoch.npz")


@pytest.mark.parametrize("keep", [0, 10, 1000, -1])
def test_a_file_cut_short_is_refused(tmp_path, keep):
    path = tmp_path / "epoch.npz"
    save_variables(small_model(), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RunError, match="epoch.npz: cannot be read .* and train again"):
        load_variables(small_model(), path)


def test_an_array_of_python_objects_is_not_unpickled(tmp_path):
    np.savez(tmp_path / "epoch.npz", np.array([object()]))
    with pytest.raises(RunError, match="Object arrays cannot be loaded when allow_pickle=False"):
        load_variables(small_model(), tmp_path / "epoch.npz")
