"""The names that `import can_tf` gives, and the study on the Python page."""

import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def test_importing_the_package_does_not_import_tensorflow():
    program = "import sys, can_tf; from can_tf import load; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_every_name_is_that_of_its_module_and_is_listed():
    import can_tf
    from can_tf import api

    assert sorted(api.__all__) == api.__all__
    for name in api.__all__:
        assert getattr(can_tf, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="module 'can_tf' has no attribute 'nothing'"):
        _ = can_tf.nothing


def test_every_name_is_on_the_page():
    from can_tf import api, errors

    listed = [pkgutil.resolve_name(path) for path in re.findall(r"^<!-- ::: (\S+) -->$", PAGE, re.MULTILINE)]
    listed += [value for value in vars(errors).values() if isinstance(value, type)]  # The page shows the module.
    assert [name for name in api.__all__ if getattr(api, name) not in listed] == []


def test_every_name_has_an_example():
    from can_tf import api

    assert [name for name in api.__all__ if ">>> " not in (getattr(api, name).__doc__ or "")] == []


@pytest.mark.long
def test_the_study_on_the_page_runs(tmp_path):
    [study] = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "study.py").write_text(study)
    done = subprocess.run([sys.executable, "study.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    counts, score, label = done.stdout.splitlines()
    assert counts.startswith("{'ang': ")
    assert "'mean': 0." in score
    assert label in ("ang", "exc", "hap", "sad", "fru", "sur", "neu")
    assert (tmp_path / "study" / "explained.html").stat().st_size > 10_000
