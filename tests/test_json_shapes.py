import pytest

from can_tf.json_shapes import count, mismatch, positive

SHAPE = {"name": str, "sizes": [int], "scores": {str: (float, None)}, "more": (bool, None), "rate": count}
GOOD = {"name": "a", "sizes": [1, 2], "scores": {"wa": 1, "ua": None}, "rate": 3, "beside": {}}


@pytest.mark.parametrize(
    "changes, told",
    [
        ({}, None),
        ({"more": True}, None),
        ({"name": 3}, "name: expected text, found 3"),
        ({"sizes": 3}, "sizes: expected a list, found 3"),
        ({"sizes": [1, True]}, "sizes[1]: expected a whole number, found True"),
        ({"sizes": [1, {}]}, "sizes[1]: expected a whole number, found dict"),
        ({"scores": {"wa": "x" * 90}}, "scores.wa: expected a finite number, found '" + "x" * 59),
        ({"scores": {"wa": float("inf")}}, "scores.wa: expected a finite number, found inf"),
        ({"scores": {"wa": float("nan")}}, "scores.wa: expected a finite number, found nan"),
        ({"scores": {"wa": 1e308}}, "scores.wa: expected a finite number, found 1e+308"),
        ({"scores": {"wa": 10**400}}, "scores.wa: expected a finite number, found a very large number"),
        ({"more": 1}, "more: expected true or false, found 1"),
        ({"rate": 0}, "rate: expected another value, found 0"),
        ({"rate": 1.5}, "rate: expected another value, found 1.5"),
    ],
)
def test_the_first_place_that_does_not_fit_is_told(changes, told):
    assert mismatch({**GOOD, **changes}, SHAPE) == told


def test_what_lacks_something_or_is_something_else_is_told():
    assert mismatch({"name": "a"}, SHAPE) == "it lacks sizes, scores, rate"
    assert mismatch([], SHAPE) == "it: expected an object, found list"
    assert mismatch(1, None) == "it: expected null, found 1"


def test_positive_numbers_are_finite_and_above_0():
    assert [positive(value) for value in (1, 0.5, 0, -1, float("inf"), "1", True)] == [True, True, *[False] * 5]
    assert not count(2**31)
