"""Output: XPT files, Define-XML, issues, balance, lineage and a manifest, in place as a whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sdtm_il2 import __version__
from sdtm_il2.build import Build
from sdtm_il2.dataset import Dataset, Summary
from sdtm_il2.define.derive import make_define
from sdtm_il2.define.html import define_html, stylesheet_path
from sdtm_il2.define.write import define_bytes
from sdtm_il2.errors import Issue, Location, OutputError, XptError, issue, merge_issues
from sdtm_il2.plan.model import Plan
from sdtm_il2.report.html import balance_html
from sdtm_il2.report.json import balance_json, issues_json
from sdtm_il2.report.rows import source_rows
from sdtm_il2.report.text import balance_text, issues_text
from sdtm_il2.split import parts
from sdtm_il2.standards import Standard
from sdtm_il2.trace import write_lineage
from sdtm_il2.translate import plan_as_submitted, translated_variables
from sdtm_il2.xpt import write_xpt
from sdtm_il2.xpt.check import check_sizes

#: A build with such an issue is not written: its files would not be what the agency reads, or would lack records.
REFUSED = ("DATA890", "DATA863")


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file of the output with its SHA-256; ``records`` for datasets."""

    file: str
    sha256: str
    bytes: int
    records: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was made from what: every input, specification file and output with its hash.

    ``issues`` are those of the build and those of its files.
    """

    folder: Path
    outputs: tuple[OutputFile, ...]
    issues: tuple[Issue, ...] = ()

    def parts(self, plan: Plan) -> dict[str, dict[str, int]]:
        """The records of each dataset into which a domain, or its SUPP--, is split, by what is split."""
        records = {one.file.removesuffix(".xpt").upper(): one.records or 0 for one in self.outputs}
        return {
            f"{prefix}{domain.domain}": {
                f"{prefix}{name}": records.get(f"{prefix}{name}", 0) for name in domain.split.names
            }
            for domain in plan.domains
            if domain.split is not None
            for prefix in ("", "SUPP")
        }


def clock() -> dt.datetime:
    """The time that outputs bear: SOURCE_DATE_EPOCH, else 1970-01-01, so that the same input gives the same bytes."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if not seconds.isdecimal():
        raise OutputError(
            issue("OUT902", folder="SOURCE_DATE_EPOCH", fault=f"{seconds!r} is not a number of seconds")
        )
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC).replace(tzinfo=None)


def write_build(
    build: Build,
    standard: Standard,
    out: Path,
    *,
    created: dt.datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> Manifest:
    """Write the output folder of a build: everything goes to a folder beside it, which then takes its place.

    Raises OutputError (OUT901 to OUT903), XptError where data cannot be stored (names every violation, DATA890
    and DATA863 among them) and DefineError; the old output is whole after any failure. Documents of the study are
    copied beside define.xml. A domain that is split is written in its parts. ``created`` is the time that the files
    bear, in UTC without zone (default: `clock`).
    """
    out = out.resolve()
    refused = [one for one in build.issues if one.code in REFUSED]
    if refused:
        raise XptError(refused)
    check_folder(out, build.sources.raw)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise OutputError(_refused(out, error)) from error
    try:
        temporary.chmod(0o755)
        outputs, issues = _write(
            build, standard, temporary, clock() if created is None else created, progress or (lambda _: None)
        )
        _replace(temporary, out)
    except OSError as error:
        raise OutputError(_refused(out, error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Manifest(out, outputs, issues)


def _refused(out: Path, error: OSError) -> Issue:
    """OUT902: what the operating system says, or the file that stands where a folder is needed."""
    for folder in out.parents:
        if folder.exists() and not folder.is_dir():
            return issue(
                "OUT902", folder=folder.name, fault="it is a file, and no folder can be made below it"
            )
    return issue("OUT902", folder=out.name, fault=error.strerror or str(error))


def check_folder(out: Path, *inputs: Path) -> None:
    """OUT901: the folder is somebody else's; OUT903: it is or holds an input folder. Ask before a long build."""
    out = Path(os.path.realpath(out))
    if out.is_symlink():  # it leads back to itself
        raise OutputError(issue("OUT901", folder=out.name))
    if out.exists() and not (out / "manifest.json").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(issue("OUT901", folder=out.name))
    for folder in map(Path.resolve, inputs):
        if out == folder or out in folder.parents:
            relation = "the folder of" if out == folder else "above"
            raise OutputError(issue("OUT903", folder=out.name, relation=relation, inputs="input files"))


def _write(
    build: Build, standard: Standard, folder: Path, now: dt.datetime, progress: Callable[[str], None]
) -> tuple[tuple[OutputFile, ...], tuple[Issue, ...]]:
    encoding = build.plan.encoding
    records: dict[str, int] = {}
    lengths: dict[str, Mapping[str, int]] = {}
    summaries: dict[str, Summary] = {}
    for dataset, summary in submitted(build):
        name = dataset.name
        summaries[name] = summary
        if not len(dataset):  # described with HasNoData, and no file is submitted
            continue
        progress(f"{name.lower()}.xpt")
        lengths[name] = _write_dataset(
            folder / f"{name.lower()}.xpt", labelled(dataset, build.plan), encoding, now
        )
        records[f"{name.lower()}.xpt"] = len(dataset)
        del dataset
    for document in build.plan.documents:
        shutil.copyfile(document.path, folder / document.target)
    sizes = {name: (folder / name).stat().st_size for name in records}
    issues = merge_issues([*build.issues, *check_sizes(build.plan.receiver, sizes)])
    progress("define.xml")
    model = make_define(
        build.plan,
        summaries,
        standard,
        creation_datetime=now.isoformat(),
        lengths=lengths,
        translated=translated_variables(build.plan, build.lineage.translations),
    )
    define = define_bytes(model)
    (folder / "define.xml").write_bytes(define)
    stylesheet = stylesheet_path()
    (folder / stylesheet.name).write_bytes(stylesheet.read_bytes())
    chinese = build.plan.receiver.chinese_labels  # the stylesheet of the standard is in English alone
    (folder / "define.html").write_bytes(
        define_html(define, style="own", lang="zh") if chinese else define_html(define)
    )
    progress("lineage")
    write_lineage(build, folder / "lineage")
    (folder / "issues.txt").write_text(issues_text(issues), encoding="utf-8")
    (folder / "issues.json").write_text(issues_json(issues, study=build.plan.study), encoding="utf-8")
    (folder / "balance.txt").write_text(balance_text(build.balance), encoding="utf-8")
    (folder / "balance.json").write_text(
        balance_json(build.balance, study=build.plan.study), encoding="utf-8"
    )
    (folder / "balance.html").write_text(
        balance_html(build.balance, source_rows(build), study=build.plan.study), encoding="utf-8"
    )
    progress("manifest.json")
    outputs = tuple(
        OutputFile(str(path.relative_to(folder).as_posix()), *_hash(path), records.get(path.name))
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix())
        if path.is_file()
    )
    manifest = _manifest(build, standard, outputs, now, encoding)
    (folder / "manifest.json").write_text(
        json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)
    return outputs, issues


def submitted(build: Build) -> Iterator[tuple[Dataset, Summary]]:
    """The datasets as they are submitted, with what they hold: a domain that is split in its parts."""
    plan = plan_as_submitted(build.plan)  # value levels are those of the files
    for name, dataset in build.datasets.items():
        domain = next(
            (one for one in plan.domains if one.split and name in (one.domain, f"SUPP{one.domain}")),
            None,
        )
        if domain is None:
            yield dataset, build.summaries[name]
            continue
        lineage = build.lineage.datasets
        for part, summary in parts(
            plan, domain, dataset, build.summaries[name], lineage[name], lineage[domain.domain]
        ):
            # a part without qualifiers has no SUPP--
            if len(part) or not part.name.startswith("SUPP"):
                yield part, summary
            del part  # a part is freed before the next one is made


def labelled(dataset: Dataset, plan: Plan) -> Dataset:
    """A dataset with the labels that its file bears: Chinese where the agency reads them, English where none is stated."""
    if not plan.chinese_labels:
        return dataset
    columns = tuple(
        replace(one, label=plan.label_zh(dataset.name, one.name) or one.label) for one in dataset.columns
    )
    return replace(dataset, label=plan.label_zh(dataset.name) or dataset.label, columns=columns)


def _write_dataset(path: Path, dataset: Dataset, encoding: str, now: dt.datetime) -> Mapping[str, int]:
    """One XPT file, and the bytes of each variable in it; issues name the file, not the temporary folder."""
    try:
        return write_xpt(path, dataset, encoding=encoding, created=now, modified=now).lengths
    except XptError as error:
        places = {str(path): path.name, path.as_posix(): path.name}
        raise XptError(
            [
                replace(one, at=Location(places.get(one.at.file, one.at.file), one.at.line))
                for one in error.issues
            ]
        ) from error


def _manifest(
    build: Build, standard: Standard, outputs: tuple[OutputFile, ...], now: dt.datetime, encoding: str
) -> dict[str, object]:
    sources = build.sources
    return {
        "tool": "sdtm_il2",
        "version": __version__,
        "study": build.plan.study,
        "created": now.isoformat(),
        "agency": build.plan.agency or None,
        "encoding": encoding,
        "language": build.plan.receiver.language or None,
        "label_language": "zh" if build.plan.chinese_labels else "en",
        "chosen_for_this_build": {
            one.key: {"stated": one.stated or None, "chosen": one.chosen} for one in build.plan.choices
        },
        "translated": {
            "texts": sum(bool(one.en) for one in build.lineage.translations),
            "values": sum(one.count for one in build.lineage.translations if one.en),
        },
        "standards": {
            "ig": {"name": standard.ig, "version": standard.ig_version, "sha256": standard.ig_hash},
            "ct": {"name": "SDTM CT", "version": standard.ct_version, "sha256": standard.ct_hash},
            "dictionaries": dict(build.plan.standard.dictionaries),
        },
        "specification": [{"file": name, "sha256": digest} for name, digest in build.plan.files],
        "inputs": [
            {
                "source": name,
                "file": file,
                "sha256": digest,
                "records": int((sources[name].file == place).sum()),
            }
            for name in sources
            for place, (file, digest) in enumerate(
                zip(sources[name].files, sources[name].sha256, strict=True)
            )
        ],
        "outputs": [
            {"file": one.file, "sha256": one.sha256, "bytes": one.bytes}
            | ({} if one.records is None else {"records": one.records})
            for one in outputs
        ],
    }


def _hash(path: Path) -> tuple[str, int]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return digest, path.stat().st_size


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(temporary: Path, out: Path) -> None:
    """Put the new folder in the place of the old one; the old one stays whole until the new one stands."""
    if not out.exists():
        temporary.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}.old.", dir=out.parent)) / "old"
    out.rename(old)
    try:
        temporary.rename(out)
    except BaseException:  # an interrupt too
        old.rename(out)
        raise
    finally:
        shutil.rmtree(old.parent, ignore_errors=True)
