"""Examples prepared for training: batches, standardised features, the middle of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd_mini import data
from autograd_mini.data.images import rows_first
from autograd_mini.nn import Network

Array = np.ndarray[Any, Any]

# -- batches


@given(m=st.integers(1, 60), size=st.none() | st.integers(1, 70), seed=st.integers(0, 99))
def test_every_example_is_in_one_batch(m: int, size: int | None, seed: int) -> None:
    taken = list(data.batches(m, size, np.random.default_rng(seed)))
    assert sorted(np.concatenate(taken)) == [*range(m)]
    assert {len(batch) for batch in taken[:-1]} <= {size}
    assert 1 <= len(taken[-1]) <= (size or m)
    # Whatever the size, it is one permutation of the generator's, cut up.
    expected = np.random.default_rng(seed).permutation(m)
    assert np.array_equal(np.concatenate(taken), expected)


def test_the_generator_moves_on_by_an_epoch_however_many_batches_are_taken() -> None:
    one, two = np.random.default_rng(5), np.random.default_rng(5)
    next(data.batches(9, 2, one))
    list(data.batches(9, 4, two))
    assert one.bit_generator.state == two.bit_generator.state
    assert not np.array_equal(next(data.batches(9, 9, one)), next(data.batches(9, 9, two))[::-1])


@pytest.mark.parametrize(
    ("m", "size", "message"),
    [
        (0, 2, "batches: m=0; give a whole number above 0"),
        (3, 0, "batches: size=0"),
        (3, -1, "batches: size=-1"),
        (3, 1.5, "batches: size=1.5"),
        (3, True, "batches: size=True"),
    ],
)
def test_impossible_batches_are_refused_at_once(m: Any, size: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.batches(m, size, np.random.default_rng(0))


# -- standardisation

EDGES = [0.0, 5e-324, 1e-320, 1e308, -1e308, 0.1, 255.0]

numbers = st.floats(-1e300, 1e300) | st.sampled_from(EDGES)
tables = hnp.arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(1, 4)), elements=numbers)


@given(X=tables)
def test_standardised_features_have_mean_0_and_deviation_1(X: Array) -> None:
    standardise = data.Standardisation.fit(X)
    Z = standardise(X)
    assert np.all(np.isfinite(Z))
    same = X.min(axis=0) == X.max(axis=0)
    assert np.all(Z[:, same] == 0)  # not a feature divided by its rounding error
    assert np.all(standardise.scale[same] == 1)
    # Where a column is not lost in float64's own precision.
    spread = X.max(axis=0) / 2 - X.min(axis=0) / 2
    clear = ~same & (spread > 1e-8 * np.abs(X).max(axis=0)) & (spread > 1e-300)
    np.testing.assert_allclose(Z[:, clear].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(Z[:, clear].std(axis=0), 1, atol=1e-6)


@given(X=tables)
def test_a_standardisation_comes_back_from_its_arrays(X: Array) -> None:
    standardise = data.Standardisation.fit(X)
    kept = {name: array.copy() for name, array in standardise.arrays().items()}
    again = data.Standardisation.from_arrays(kept)
    assert again == standardise
    assert again(X).tobytes() == standardise(X).tobytes()


def test_float32_stays_float32_and_the_rest_becomes_float64() -> None:
    X, _ = data.load_digits(np.float32)
    standardise = data.Standardisation.fit(X)
    assert standardise(X).dtype == np.float32
    assert standardise(X[0]).shape == (64,)
    assert np.array_equal(standardise(X[0]), standardise(X)[0])
    assert standardise((X * 16).astype(np.uint8)).dtype == np.float64
    np.testing.assert_allclose(standardise(X), standardise(X.astype(np.float64)), atol=1e-6)


def test_a_scale_too_small_for_float32_does_not_become_0() -> None:
    standardise = data.Standardisation([0.0], [1e-60])
    X, expected = np.array([[1e-30], [0.0]], np.float32), [[1e30], [0.0]]
    np.testing.assert_allclose(standardise(X), expected, rtol=1e-6)


@pytest.mark.parametrize("value", [0.1, -1 / 3, 5e-324, 1e308, 255.0])
@pytest.mark.parametrize("m", [1, 3, 7, 1000])
def test_a_feature_that_never_changes_becomes_exactly_0(value: float, m: int) -> None:
    standardise = data.Standardisation.fit(np.full((m, 2), value))
    assert standardise.scale.tolist() == [1, 1]
    assert standardise.mean.tolist() == [value, value]
    assert not standardise(np.full((m, 2), value)).any()


def test_numbers_whose_deviation_is_no_number_are_not_divided_by_0() -> None:
    X = np.array([[0.0], [5e-324]])  # half of the smallest number there is
    standardise = data.Standardisation.fit(X)
    assert standardise.scale.tolist() == [1]
    assert np.isfinite(standardise(X)).all()


def test_the_columns_of_the_digits_that_never_change_become_0() -> None:
    X, _ = data.load_digits()
    constant = X.min(axis=0) == X.max(axis=0)
    assert constant.any()
    assert not data.Standardisation.fit(X)(X)[:, constant].any()


@pytest.mark.parametrize(
    ("mean", "scale", "message"),
    [
        ([0.0], [1.0, 1.0], "mean has 1 features and scale 2"),
        ([0.0], [0.0], "scale holds 0; give it above 0"),
        ([0.0], [-1.0], "scale holds -1"),
        ([np.nan], [1.0], "mean holds nan or inf"),
        ([0.0], [np.inf], "scale holds nan or inf"),
        ([[0.0]], [1.0], r"mean is float64 of shape \(1, 1\)"),
        ([], [], r"mean is float64 of shape \(0,\)"),
        (["a"], [1.0], "mean is <U1"),
    ],
)
def test_what_is_no_standardisation_is_refused(mean: Any, scale: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.Standardisation(mean, scale)
    with pytest.raises(ValueError, match=message):
        data.Standardisation.from_arrays({"mean": np.array(mean), "scale": np.array(scale)})


def test_a_standardisation_says_what_it_needs() -> None:
    with pytest.raises(ValueError, match="no mean and no scale; give both"):
        data.Standardisation.from_arrays({})
    fitted = data.Standardisation([0.0, 1.0], [1.0, 1.0])
    for wrong in (np.zeros(3), np.zeros((2, 3)), np.zeros((1, 1, 2)), 1.0):
        with pytest.raises(ValueError, match=r"expected \(m, 2\), the features that it was fitted"):
            fitted(wrong)
    for bad in (np.zeros(3), np.zeros((0, 3)), np.array([["a"]])):
        with pytest.raises(ValueError, match=r"give numbers, \(examples, features\)"):
            data.Standardisation.fit(bad)
    for value in (np.nan, np.inf):
        with pytest.raises(ValueError, match="X holds nan or inf"):
            data.Standardisation.fit(np.array([[value], [1.0]]))


def test_a_standardisation_keeps_its_numbers() -> None:
    standardise = data.Standardisation(np.zeros(2), np.ones(2))
    standardise.arrays()["mean"][:] = 9
    assert standardise.mean.tolist() == [0, 0]
    with pytest.raises(ValueError, match="read-only"):
        standardise.mean[0] = 1
    assert repr(standardise) == "<Standardisation of 2 features>"
    assert standardise != "another"


# -- images


@given(
    side=st.integers(1, 9),
    m=st.integers(1, 3),
    dtype=st.sampled_from([np.float64, np.float32]),
    extra=st.data(),
)
def test_the_middle_of_an_image_is_kept(side: int, m: int, dtype: Any, extra: Any) -> None:
    size = extra.draw(st.integers(1, side))
    X = np.arange(m * side * side, dtype=dtype).reshape(m, -1)
    found = data.crop(X, size)
    assert (found.shape, found.dtype) == ((m, size * size), dtype)
    start = (side - size) // 2
    for image, middle in zip(X.reshape(m, side, side), found.reshape(m, size, size), strict=True):
        for row in range(size):
            for column in range(size):
                assert middle[row, column] == image[start + row, start + column]
    assert not np.shares_memory(found, X)


def test_28_by_28_pixels_become_400_features() -> None:
    X = np.arange(784.0)[np.newaxis]
    kept = data.crop(X, 20)
    assert kept.shape == (1, 400)
    assert kept[0, [0, 19, 20, -1]].tolist() == [4 * 28 + 4, 4 * 28 + 23, 5 * 28 + 4, 23 * 28 + 23]


@pytest.mark.parametrize(
    ("features", "size", "message"),
    [
        (63, 3, "63 features, which is no square image"),
        (64, 9, "size=9; give 1 to 8"),
        (64, 0, "size=0; give 1 to 8"),
    ],
)
def test_what_can_not_be_cropped_is_refused(features: int, size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.crop(np.zeros((2, features)), size)


@given(side=st.integers(1, 7), m=st.integers(1, 3))
def test_pixels_column_by_column_become_row_by_row(side: int, m: int) -> None:
    images = np.arange(m * side * side).reshape(m, side, side)
    by_columns = np.stack([image.ravel(order="F") for image in images])
    assert np.array_equal(rows_first(by_columns), images.reshape(m, -1))


def test_features_that_are_no_image_stay() -> None:
    X = np.arange(6.0).reshape(2, 3)
    assert rows_first(X) is X


# -- what a weight file keeps of it


@given(
    side=st.integers(2, 9), cut=st.booleans(), standardised=st.booleans(), seed=st.integers(0, 9),
    extra=st.data(),
)  # fmt: skip
def test_a_preparation_comes_back_from_the_weight_file(
    tmp_path_factory: pytest.TempPathFactory, side: int, cut: bool, standardised: bool, seed: int,
    extra: Any,
) -> None:  # fmt: skip
    X = np.random.default_rng(seed).normal(size=(5, side * side))
    kept = extra.draw(st.integers(1, side)) if cut else side
    prepare = data.Preparation(side, kept, 16.0) if cut else data.Preparation(largest=2.0)
    middle = data.crop(X, kept)
    if standardised:
        prepare = prepare.fitted(middle)
    model = data.Model(Network([kept * kept, 2]), {"lam": 1.0}, {"other": np.ones(2)})
    path = tmp_path_factory.mktemp("prepared") / "weights.npz"
    data.save_model(path, prepare.into(model))
    loaded = data.load_model(path)
    again = data.Preparation.of(loaded)
    assert again == prepare
    assert again(X).tobytes() == prepare(X).tobytes()
    assert again(middle).tobytes() == prepare(X).tobytes()  # cut already
    expected = data.Standardisation.fit(middle)(middle) if standardised else middle
    assert np.array_equal(prepare(X), expected)
    assert loaded.notes["lam"] == 1.0
    assert loaded.arrays["other"].tolist() == [1, 1]


def test_a_weight_file_that_says_nothing_prepares_nothing() -> None:
    prepare = data.Preparation.of(data.Model(Network([4, 2])))
    assert prepare == data.Preparation()
    X = np.ones((2, 4))
    assert prepare(X) is X


@pytest.mark.parametrize(
    ("note", "arrays", "message"),
    [
        (3, {}, "note 'prepared' can not be read"),
        ({"side": 9, "kept": 3}, {}, "3 of 9 pixels a side are kept, which does not make 4 feat"),
        ({"side": 1, "kept": 2}, {}, "2 of 1 pixels a side"),
        ({"side": 10**9, "kept": 2}, {}, "2 of 1000000000 pixels a side"),
        ({"side": "9", "kept": 2}, {}, "2 of '9' pixels a side"),
        ({"side": 9}, {}, "None of 9 pixels a side"),
        ({"largest": 0}, {}, "says that ink is 0; train again"),
        ({"largest": "1"}, {}, "says that ink is '1'"),
        ({}, {"prepared_mean": np.zeros(4)}, "no scale; give both"),
        ({}, {"prepared_mean": np.zeros(3), "prepared_scale": np.ones(3)}, "standardises 3 feat"),
        ({}, {"prepared_mean": np.zeros(4), "prepared_scale": np.zeros(4)}, "scale holds 0"),
    ],
)
def test_a_preparation_that_does_not_fit_is_refused(note: Any, arrays: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.Preparation.of(data.Model(Network([4, 2]), {"prepared": note}, arrays))


def test_examples_of_another_size_are_not_cut() -> None:
    with pytest.raises(ValueError, match="has 10 features; expected 4x4 pixels, of which the cent"):
        data.Preparation(4, 2)(np.ones((2, 10)))
