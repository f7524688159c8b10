"""Columns of datasets: those without values share their memory, and nobody notices."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sdtm_il2.dataset import CHAR, arrow, char, constant, num, take

TEXTS = pa.array(["", "", "Fever", "", ""], pa.large_string())


def _place(column: pd.Series) -> int:
    """Where the offsets of a Char column lie in memory."""
    return int(arrow(column).buffers()[1].address)


@pytest.mark.parametrize(
    "given",
    [
        pa.array(["", "", ""], pa.large_string()),
        pa.array([None, "", None], pa.string()),
        TEXTS.slice(0, 2).take(pa.array([0, 1, 0])),
        pa.chunked_array([TEXTS.slice(0, 2), TEXTS.slice(3, 1)]),
        ["", "", ""],
    ],
    ids=["empty", "null", "taken", "chunks", "a list"],
)
def test_columns_without_text_are_one_and_the_same(given: pa.Array) -> None:
    column = char(given)
    assert column.dtype == CHAR
    assert column.tolist() == ["", "", ""]
    assert _place(column) == _place(constant("", 3)) == _place(take(column, np.array([2, -1, 0, 1])))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (TEXTS, ["", "", "Fever", "", ""]),
        (TEXTS.slice(2, 2), ["Fever", ""]),
        (TEXTS.slice(1, 2), ["", "Fever"]),
        (pa.chunked_array([TEXTS.slice(3, 2), TEXTS.slice(2, 1)]), ["", "", "Fever"]),
        (pa.chunked_array([], pa.large_string()), []),
        (TEXTS.slice(5), []),
    ],
    ids=["whole", "starts with the text", "ends with it", "in the last chunk", "no chunk", "no record"],
)
def test_one_text_is_kept_wherever_it_stands(given: pa.Array, expected: list[str]) -> None:
    assert char(given).tolist() == expected


@pytest.mark.parametrize("records", [0, 1, 2, 3, 4, 7, 8, 9, 1000])
def test_columns_without_values_are_of_every_length(records: int) -> None:
    texts, numbers = constant("", records), num(np.full(records, np.nan))
    assert texts.tolist() == [""] * records
    assert arrow(texts).to_pylist() == [""] * records
    assert numbers.isna().tolist() == [True] * records
    assert numbers.dtype == np.float64
    for column in (texts, numbers):
        assert column.index.equals(pd.RangeIndex(records))
        pd.testing.assert_series_equal(pickle.loads(pickle.dumps(column)), column)


def test_columns_without_numbers_share_them_until_somebody_writes() -> None:
    given = np.full(5, np.nan)
    frame = pd.DataFrame({"VISITDY": num(given), "AGE": num(given), "AESEQ": num(np.arange(5.0))}, copy=False)
    assert np.shares_memory(frame["VISITDY"].to_numpy(), frame["AGE"].to_numpy())
    frame.loc[1, "AGE"] = 34.0
    assert frame["AGE"].tolist()[1] == 34.0
    assert frame["VISITDY"].isna().all()
    assert num(given).isna().all()
    assert frame["AESEQ"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("place", [0, 2, 4])
def test_one_number_is_kept_wherever_it_stands(place: int) -> None:
    given = np.full(5, np.nan)
    given[place] = 1.5
    assert num(given)[place] == 1.5
    assert num(given).isna().sum() == 4
