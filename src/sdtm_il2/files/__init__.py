"""Dataset files of any kind: XPT, CSV, Parquet and Dataset-JSON 1.1."""

from sdtm_il2.files.csv import read_csv, write_csv
from sdtm_il2.files.datasetjson import read_attributes, read_datasetjson, write_datasetjson
from sdtm_il2.files.folder import (
    convert,
    read_dataset,
    read_dataset_header,
    read_datasets,
    write_dataset,
)
from sdtm_il2.files.model import DatasetFileError, DatasetHeader
from sdtm_il2.files.parquet import read_parquet, write_parquet

__all__ = [
    "DatasetFileError",
    "DatasetHeader",
    "convert",
    "read_attributes",
    "read_csv",
    "read_dataset",
    "read_dataset_header",
    "read_datasetjson",
    "read_datasets",
    "read_parquet",
    "write_csv",
    "write_dataset",
    "write_datasetjson",
    "write_parquet",
]
