import sys

import pytest

from can_tf.errors import MissingExtraError
from can_tf.extras import require


def test_a_library_that_is_there_is_not_imported():
    sys.modules.pop("this", None)
    require("this", "Reading verse", "poetry")
    assert "this" not in sys.modules


@pytest.mark.parametrize("kept_away", [True, False])
def test_a_library_that_is_missing_names_its_extra(monkeypatch, kept_away):
    if kept_away:
        monkeypatch.setitem(sys.modules, "json", None)
    name = "json" if kept_away else "no_such_library"
    with pytest.raises(
        MissingExtraError, match=r"^A plot needs .* pip install 'can_tf\[report\]', or in .* '\.\[report\]'$"
    ):
        require(name, "A plot", "report")
