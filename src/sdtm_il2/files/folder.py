"""Dataset files of any kind: read, written, found in a folder, and converted into each other."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from sdtm_il2.dataset import Column, Dataset
from sdtm_il2.errors import Issue, Location, XptError, issue, merge_issues
from sdtm_il2.files.csv import read_csv, sidecar, write_csv
from sdtm_il2.files.datasetjson import read_datasetjson, write_datasetjson
from sdtm_il2.files.header import read_header
from sdtm_il2.files.model import DatasetFileError, DatasetHeader
from sdtm_il2.files.parquet import read_parquet, write_parquet
from sdtm_il2.xpt import XptMember, iter_xpt, read_xpt, write_xpt

#: Endings of dataset files that are read, and those of them that are written.
READ = (".xpt", ".csv", ".parquet", ".json", ".ndjson", ".dsjc")
WRITTEN = (".xpt", ".csv", ".parquet", ".json", ".ndjson")
_SIDECAR = ".variables.json"


def read_dataset(
    path: str | os.PathLike[str], *, header: DatasetHeader | None = None, encoding: str | None = None
) -> Dataset:
    """A dataset file is read by its ending: XPT, CSV, Parquet or Dataset-JSON (.json, .ndjson, .dsjc).

    `header` says name, label and variables of a CSV or Parquet file that does not say them itself; `encoding` is
    that of XPT and CSV files, UTF-8 by default. DatasetFileError: FILE615 for another ending, and those of the
    readers; XptError.
    """
    ending = Path(path).suffix.lower()
    if ending == ".xpt":
        return read_xpt(path, encoding=encoding or "utf-8").dataset
    if ending == ".csv":
        return read_csv(path, header, encoding=encoding or "utf-8")
    if ending == ".parquet":
        return read_parquet(path, header)
    if ending in READ:
        return read_datasetjson(path)
    raise _unknown(path, READ)


def write_dataset(
    path: str | os.PathLike[str], dataset: Dataset | XptMember, *, encoding: str | None = None
) -> None:
    """A dataset is written as the ending of the file says: XPT, CSV, Parquet or Dataset-JSON (.json, .ndjson).

    `encoding` is that of an XPT file: ASCII by default, or the one in which a member was read. DatasetFileError:
    FILE615 for another ending; XptError where XPORT cannot hold the data.
    """
    ending = Path(path).suffix.lower()
    plain = dataset.dataset if isinstance(dataset, XptMember) else dataset
    if ending == ".xpt":
        write_xpt(path, dataset, encoding=encoding)
    elif ending == ".csv":
        write_csv(path, plain)
    elif ending == ".parquet":
        write_parquet(path, plain)
    elif ending in WRITTEN:
        write_datasetjson(path, plain)
    else:
        raise _unknown(path, WRITTEN)


def _unknown(path: str | os.PathLike[str], allowed: tuple[str, ...]) -> DatasetFileError:
    found = Path(path).suffix or "no ending"
    return DatasetFileError(
        issue("FILE615", "", Location(os.fspath(path)), found=found, allowed=", ".join(allowed))
    )


def read_datasets(folder: str | os.PathLike[str], *, encoding: str | None = None) -> dict[str, Dataset]:
    """A folder of dataset files, one dataset a file and all of one kind or of several, by name of the dataset.

    Files of other endings, and JSON files that stand beside a CSV file, are no datasets. All that is wrong in any
    file is raised at once, as is a name that two files have (FILE616).
    """
    datasets: dict[str, Dataset] = {}
    places: dict[str, Path] = {}
    problems: list[Issue] = []
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() not in READ or path.name.endswith(_SIDECAR) or not path.is_file():
            continue
        try:
            dataset = read_dataset(path, encoding=encoding)
        except (DatasetFileError, XptError) as error:
            problems.extend(error.issues)
            continue
        if dataset.name in datasets:
            other = places[dataset.name].name
            problems.append(issue("FILE616", dataset.name, Location(str(path)), other=other))
        datasets[dataset.name], places[dataset.name] = dataset, path
    if problems:
        raise DatasetFileError(problems)
    return datasets


def read_dataset_header(path: str | os.PathLike[str], *, encoding: str | None = None) -> DatasetHeader:
    """The header of a dataset file, or of a CSV file's sidecar, without its values."""
    path = Path(path)
    if path.suffix.lower() == ".csv":
        path = sidecar(path)
    if path.name.endswith(_SIDECAR):
        return read_header(path.read_bytes(), Location(str(path)))
    if path.suffix.lower() == ".xpt":
        return DatasetHeader.of(next(iter_xpt(path, encoding=encoding or "utf-8", records=1)).dataset)
    return DatasetHeader.of(read_dataset(path, encoding=encoding))


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    like: str | os.PathLike[str] | None = None,
    encoding: str | None = None,
) -> tuple[Issue, ...]:
    """A dataset file becomes one of another kind; what that kind has no place for is named, never dropped in silence.

    `like` is a file whose header (name, label, types, lengths, formats) the records take; without it they keep
    their own. `encoding` is that of XPT and CSV files. Returns warnings (FILE620 to FILE623) and raises what
    reader and writer raise; the target is then as it was.
    """
    header = None if like is None else read_dataset_header(like, encoding=encoding)
    target_ending = Path(target).suffix.lower()
    if target_ending not in WRITTEN:
        raise _unknown(target, WRITTEN)
    given: Dataset | XptMember
    if Path(source).suffix.lower() == ".xpt":
        member = read_xpt(source, encoding=encoding or "utf-8")
        given = member
        if header is not None:
            given = replace(member, dataset=as_header(member.dataset, header, Location(os.fspath(source))))
    else:
        given = read_dataset(source, header=header, encoding=encoding)
        if header is not None:
            given = as_header(given, header, Location(os.fspath(source)))
    found = lost(given, target_ending, Location(os.fspath(target)))
    write_dataset(target, given, encoding=encoding)
    return merge_issues(found)


def as_header(dataset: Dataset, header: DatasetHeader, at: Location) -> Dataset:
    """The records of a dataset under another header of the same variables; FILE605 to FILE607 where they differ."""
    found = {column.name: column for column in dataset.columns}
    problems: list[Issue] = []
    for column in header.columns:
        target = f"{header.name}.{column.name}"
        if column.name not in found:
            problems.append(issue("FILE605", target, at))
        elif found[column.name].type != column.type:
            problems.append(issue("FILE607", target, at, found=found[column.name].type, type=column.type))
    names = [column.name for column in header.columns]
    problems += [issue("FILE606", f"{header.name}.{name}", at) for name in found if name not in names]
    if problems:
        raise DatasetFileError(problems)
    return Dataset(header.name, header.label, header.columns, dataset.frame[names])


def lost(given: Dataset | XptMember, ending: str, at: Location) -> list[Issue]:
    """What a kind of file has no place for: special missing values, informats, lengths of numbers."""
    if ending == ".xpt":
        return []
    found = []
    dataset = given.dataset if isinstance(given, XptMember) else given
    if isinstance(given, XptMember):
        for name, values in given.special.items():
            missing, all_ = len(values.missing), len(values.rows)
            target = f"{dataset.name}.{name}"
            if missing:
                found.append(issue("FILE620", target, at, count=missing))
            if all_ > missing:
                found.append(issue("FILE621", target, at, count=all_ - missing))
    if ending in (".json", ".ndjson"):
        for column in dataset.columns:
            found += _not_in_json(dataset.name, column, at)
    return found


def _not_in_json(dataset: str, column: Column, at: Location) -> list[Issue]:
    target, found = f"{dataset}.{column.name}", []
    if column.informat:
        found.append(issue("FILE622", target, at, informat=column.informat))
    if column.type == "Num" and column.length not in (None, 8):
        found.append(issue("FILE623", target, at, length=column.length))
    return found
