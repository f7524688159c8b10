"""Datasets as Parquet: columns of text and doubles; labels, lengths and formats in the schema."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sdtm_il2.dataset import Dataset, arrow
from sdtm_il2.errors import Location, issue
from sdtm_il2.files.header import header_json, read_header
from sdtm_il2.files.model import DatasetFileError, DatasetHeader, columns_of, dataset_of
from sdtm_il2.place import Replacing

#: The key under which the schema holds the dataset's header.
_KEY = b"sdtm_il2"


def write_parquet(path: str | os.PathLike[str], dataset: Dataset) -> Path:
    """A Parquet file holds text and doubles, and in its schema the header of the dataset as JSON.

    Missing numbers are null, missing text is "". Every field has its label under the key ``label``, where
    other programs look for it. Equal datasets give equal bytes.

    >>> import tempfile
    >>> import pandas as pd
    >>> from sdtm_il2.dataset import Column
    >>> frame = pd.DataFrame({"AGE": [44.0, float("nan")]})
    >>> dataset = Dataset("DM", "Demographics", (Column("AGE", "Age", "Num", 8),), frame)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_parquet(write_parquet(Path(folder) / "dm.parquet", dataset)).columns == dataset.columns
    True
    """
    fields, arrays = [], []
    for column in dataset.columns:
        series = dataset.frame[column.name]
        if column.type == "Num":
            arrays.append(pa.array(series.to_numpy(), pa.float64(), from_pandas=True))
        else:
            arrays.append(arrow(series))
        fields.append(pa.field(column.name, arrays[-1].type, metadata={"label": column.label}))
    header = header_json(DatasetHeader.of(dataset), indent=None)
    schema = pa.schema(fields, metadata={_KEY: header.encode()})
    with Replacing() as files:
        pq.write_table(pa.table(arrays, schema=schema), files.open(Path(path)).stream)
    return Path(path)


def read_parquet(path: str | os.PathLike[str], header: DatasetHeader | None = None) -> Dataset:
    """A Parquet file has types of its own; names, labels and formats come from `header` or from its schema.

    A file of another program, whose schema has no header, gives variables as its types tell, without labels,
    and is named after the file. Dates become days and datetimes seconds since 1960, as in SAS.

    DatasetFileError: FILE602 not Parquet, FILE604 to FILE607 other columns or types than the header's, FILE608
    a header that is none, FILE609 values that a double does not hold.
    """
    at = Location(os.fspath(path))
    try:
        with Path(path).open("rb") as stream:
            table = pq.ParquetFile(stream).read()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DatasetFileError(issue("FILE602", "", at, fault="it is not a Parquet file")) from None
    if header is None:
        stored = (table.schema.metadata or {}).get(_KEY)
        header = read_header(stored, at) if stored else None
    if header is None:
        header = DatasetHeader(Path(path).stem.upper(), "", columns_of(table))
    return dataset_of(table, header, at)
