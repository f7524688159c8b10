"""Faults put into a valid define.xml and its data, one at a time: each is found, by its code and at its place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sdtm_il2.build import build
from sdtm_il2.compile import compile_plan
from sdtm_il2.dataset import Dataset, char
from sdtm_il2.define.check import check_define
from sdtm_il2.errors import Issue, Severity
from sdtm_il2.output import write_build
from sdtm_il2.sources import read_sources
from sdtm_il2.spec import load_spec
from sdtm_il2.standards import load_standard
from sdtm_il2.xpt import read_xpt, write_xpt

STUDY = Path(__file__).resolve().parents[1] / "examples" / "quickstart"
ENCODING = "gb18030"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quickstart study, coded by MedDRA, with its annotated CRF beside it."""
    folder = tmp_path_factory.mktemp("mutation")
    shutil.copytree(STUDY, folder / "study", ignore=shutil.ignore_patterns("out"))
    file = folder / "study" / "study.yaml"
    text = file.read_text(encoding="utf-8")
    assert "ct: 2025-03-28}" in text
    coded = text.replace("ct: 2025-03-28}", 'ct: 2025-03-28, dictionaries: {MedDRA: "27.1"}}')
    file.write_text(coded, encoding="utf-8")
    spec = load_spec(file)
    standard = load_standard(spec.standard.ig, spec.standard.ct)
    out = folder / "out"
    write_build(build(compile_plan(spec, standard), read_sources(spec, file.parent)), standard, out)
    return out


def check(folder: Path, content: bytes | None = None) -> list[Issue]:
    if content is None:
        content = (folder / "define.xml").read_bytes()
    found = check_define(content, "define.xml", data=folder)
    return [one for one in found if one.severity is not Severity.NOTE or one.code in ("DEF774", "DEF776")]


def test_what_was_not_changed_has_no_fault(package: Path) -> None:
    assert [str(one) for one in check(package)] == []


# what stands in the file, what is put there instead, the code and the target that are expected
XML = [
    ('<?xml version="1.0" encoding="UTF-8"?>\n', "", "DEF706", ""),
    ('<?xml version="1.0" encoding="UTF-8"?>', '\ufeff<?xml version="1.0" encoding="UTF-8"?>', "DEF706", ""),
    ("</ODM>", "", "DEF702", ""),
    ("<ODM ", "<!DOCTYPE ODM><ODM ", "DEF703", ""),
    ("http://www.cdisc.org/ns/odm/v1.3", "http://www.cdisc.org/ns/odm/v1.4", "DEF707", ""),
    ('FileType="Snapshot"', 'FileType="Transactional"', "DEF707", "ODM"),
    ('ODMVersion="1.3.2"', 'ODMVersion="1.3.1"', "DEF707", "ODM"),
    ('def:Context="Submission"', "", "DEF707", "ODM"),
    ('def:DefineVersion="2.1.9"', 'def:DefineVersion="2.2"', "DEF708", ""),
    ('<def:Standard OID="STD.IG" Name="SDTMIG" Type="IG"', '<def:Standard OID="STD.IG" Name="SDTM-IG" Type="IG"',
     "DEF708", ""),
    (' PublishingSet="SDTM"', "", "DEF712", "STD.CT"),
    ('Version="2025-03-28"', 'Version="2025"', "DEF712", "STD.CT"),
    ('<ItemDef OID="IT.AE.AESEV"', '<ItemDef OID="IT.AE.AESER"', "DEF709", "AE.AESER"),
    ('ItemOID="IT.AE.AESEV"', 'ItemOID="IT.AE.NONE"', "DEF710", "ItemRef"),
    ('<CodeListRef CodeListOID="CL.AESEV"/>', '<CodeListRef CodeListOID="CL.NONE"/>', "DEF710", "CodeListRef"),
    ('<CodeListRef CodeListOID="CL.AESEV"/>', "", "DEF711", "CL.AESEV"),
    ('<CodeListRef CodeListOID="CL.AESEV"/>', "", "DEF769", "AE.AESEV"),
    ('MethodOID="MT.AETRTEM"', 'MethodOID="MT.NONE"', "DEF710", "ItemRef"),
    ('MethodOID="MT.AETRTEM"', "", "DEF727", "IT.SUPPAE.QVAL.AETRTEM"),
    ('<def:ValueListRef ValueListOID="VL.SUPPAE.QVAL"/>', "", "DEF736", "SUPPAE.QVAL"),
    ('<def:ValueListRef ValueListOID="VL.SUPPAE.QVAL"/>', "", "DEF711", "VL.SUPPAE.QVAL"),
    ('WhereClauseOID="WC.LB.LBTESTCD.C3"', 'WhereClauseOID="WC.NONE"', "DEF710", "def:WhereClauseRef"),
    ('def:ArchiveLocationID="LF.ae"', 'def:ArchiveLocationID="LF.dm"', "DEF715", "AE"),
    ('xlink:href="ae.xpt"', 'xlink:href="ae2.xpt"', "DEF715", "AE"),
    ('xlink:href="ae.xpt"', 'xlink:href="ae2.xpt"', "DEF750", "AE"),
    ('xlink:href="ae.xpt"', 'xlink:href="AE.xpt"', "DEF716", "LF.ae"),
    ('xlink:href="ae.xpt"', 'xlink:href="/data/ae.xpt"', "DEF716", "LF.ae"),
    ('xlink:href="acrf.pdf"', 'xlink:href="crf.pdf"', "DEF716", "LF.acrf"),
    ('xlink:href="acrf.pdf"', 'xlink:href="crf.pdf"', "DEF770", "LF.acrf"),
    ('SASDatasetName="AE"', 'SASDatasetName="AEX"', "DEF713", "AE"),
    ('SASDatasetName="AE"', 'SASDatasetName="AEX"', "DEF778", "AE"),
    ('Domain="LB"', "", "DEF713", "LB"),
    ('<def:Class Name="EVENTS"/>', '<def:Class Name="FINDINGS"/>', "DEF781", "AE"),
    ('<def:Class Name="EVENTS"/>', "", "DEF714", "AE"),
    ('<TranslatedText xml:lang="en">Adverse Events<', '<TranslatedText xml:lang="en">Adverse events<', "DEF753", "AE"),
    ('<TranslatedText xml:lang="en">Adverse Events<', '<TranslatedText xml:lang="en">Adverse events<', "DEF768", "AE"),
    ('>Severity/Intensity<', ">Severity<", "DEF753", "AE.AESEV"),
    ('>Severity/Intensity<', ">Severity<", "DEF768", "AE.AESEV"),
    ('Name="AESEV" DataType="text" Length="8"', 'Name="AESEV" DataType="text" Length="7"', "DEF755", "AE.AESEV"),
    ('Name="AESEV" DataType="text" Length="8"', 'Name="AESEV" DataType="text" Length="9"', "DEF756", "AE.AESEV"),
    ('Name="AESEV" DataType="text" Length="8"', 'Name="AESEV" DataType="text"', "DEF721", "AE.AESEV"),
    ('Name="AESEV" DataType="text" Length="8"', 'Name="AESEV" DataType="integer" Length="8"', "DEF780", "AE.AESEV"),
    ('Name="AESEV" DataType="text" Length="8"', 'Name="AESEV" DataType="integer" Length="8"', "DEF757", "AE.AESEV"),
    ('Name="AESEV" DataType="text" Length="8"', 'Name="AESEV" DataType="integer" Length="8"', "DEF740", "AE.AESEV"),
    ('Name="AESTDY" DataType="integer"', 'Name="AESTDY" DataType="float"', "DEF722", "AE.AESTDY"),
    ('Name="AESTDTC" DataType="partialDate"', 'Name="AESTDTC" DataType="date"', "DEF757", "AE.AESTDTC"),
    ('Name="AESTDTC" DataType="partialDate"', 'Name="AESTDTC" DataType="time"', "DEF757", "AE.AESTDTC"),
    ('SASFieldName="AESEV"', 'SASFieldName="SEV"', "DEF723", "AE.AESEV"),
    ('ItemOID="IT.AE.AESTDY" OrderNumber', 'ItemOID="IT.AE.AESTDY" KeySequence="9" OrderNumber', "DEF717", "AE"),
    ('ItemOID="IT.AE.AEACN" OrderNumber="21" Mandatory="No"', 'ItemOID="IT.AE.AEACN" OrderNumber="41" Mandatory="No"',
     "DEF718", "AE"),
    ('ItemOID="IT.AE.AESTDY" OrderNumber="26" Mandatory="No"',
     'ItemOID="IT.AE.AESTDY" OrderNumber="26" Mandatory="Yes"', "DEF759", "AE.AESTDY"),
    ('<CodeListItem CodedValue="MODERATE">', '<CodeListItem CodedValue="VERY">', "DEF767", "CL.AESEV"),
    ('<CodeListItem CodedValue="MODERATE">', '<CodeListItem CodedValue="VERY">', "DEF758", "AE.AESEV"),
    ('<CodeListItem CodedValue="MODERATE">', '<CodeListItem CodedValue="MILD">', "DEF737", "CL.AESEV"),
    ('<CodeListItem CodedValue="MODERATE">', '<CodeListItem CodedValue="MODERATE" Rank="1">', "DEF737", "CL.AESEV"),
    ('Context="nci:ExtCodeID" Name="C66769"', 'Context="nci:ExtCodeID" Name="C66742"', "DEF769", "AE.AESEV"),
    ('Name="C41339"', 'Name="C41341"', "DEF767", "CL.AESEV"),
    ('DataType="text" def:StandardOID="STD.CT">\n        <CodeListItem CodedValue="MILD"',
     'DataType="text">\n        <CodeListItem CodedValue="MILD"', "DEF720", "CL.AESEV"),
    ('Dictionary="MedDRA" Version="27.1"', 'Dictionary="MedDRA" Version="27"', "DEF741", "CL.MEDDRA"),
    ('Dictionary="MedDRA"', 'Dictionary="ICD"', "DEF773", "AE.AEDECOD"),
    ('<CheckValue>C3</CheckValue>', "<CheckValue>C4</CheckValue>", "DEF764", "IT.LB.LBORRES.C3"),
    ('<CheckValue>C3</CheckValue>', "<CheckValue>C4</CheckValue>", "DEF762", "LB.LBORRES"),
    ('<CheckValue>C3</CheckValue>', "<CheckValue>C4</CheckValue>", "DEF735", "WC.LB.LBTESTCD.C3"),
    ('<CheckValue>C3</CheckValue>', "<CheckValue>CRP</CheckValue>", "DEF763", "LB.LBORRES"),
    ('<CheckValue>AETRTEM</CheckValue>', "<CheckValue>AETRT</CheckValue>", "DEF766", "SUPPAE.QVAL"),
    ('<def:PDFPageRef PageRefs="3"', '<def:PDFPageRef PageRefs="p. 3"', "DEF743", "AE.AESPID"),
    ('<def:Origin Type="Protocol" Source="Sponsor"/>', "", "DEF725", "DM.STUDYID"),
    ('<def:Origin Type="Protocol" Source="Sponsor"/>', '<def:Origin Type="Assigned" Source="Sponsor"/>', "DEF732",
     "DM.STUDYID"),
    ('Source="Sponsor"/>', 'Source="Nobody"/>', "DEF708", ""),
    (' Type="Computation"', "", "DEF728", None),
    ('<ItemDef OID="IT.AE.AESEV"', '<ItemDef Comment="x" OID="IT.AE.AESEV"', "DEF783", "AE.AESEV"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code", "target"), XML, ids=[f"{one[2]}-{one[3]}-{n}" for n, one in enumerate(XML)]
)
def test_a_fault_of_the_file_is_found(
    package: Path, old: str, new: str, code: str, target: str | None
) -> None:
    text = (package / "define.xml").read_text(encoding="utf-8")
    assert old in text
    changed = text.replace(old, new, 1)
    found = [one for one in check(package, changed.encode()) if one.code == code]
    assert target in {one.target for one in found} if target is not None else found
    lines = changed.splitlines()
    for one in found:
        if one.target == target and one.target not in ("", "ODM"):
            name = one.target
            line = lines[one.at.line - 1]
            assert any(part in line for part in (name, f"IT.{name}", f"IG.{name}")), (str(one), line)
        assert one.at.file == "define.xml"


Change = Callable[[pd.DataFrame], pd.DataFrame]


def put(name: str, row: int, value: object) -> Change:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[name].tolist()
        values[row] = value
        new = (
            pd.Series(values, dtype=float)
            if frame[name].dtype == np.float64
            else char([str(one) for one in values])
        )
        return frame.assign(**{name: new})

    return change


def copied(row: int) -> Change:
    return lambda frame: pd.concat([frame, frame.iloc[[row]]], ignore_index=True)


def turned(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[::-1].reset_index(drop=True)


def emptied(name: str) -> Change:
    return lambda frame: frame.assign(**{name: char([""] * len(frame))})


# dataset, what is done to its records, the code, the target and the first record that are expected
DATA: list[tuple[str, Change, str, str, int]] = [
    ("ae", put("AESEV", 0, "HORRIBLE"), "DEF758", "AE.AESEV", 1),
    ("ae", put("AESEV", 1, "mild"), "DEF758", "AE.AESEV", 2),
    ("ae", put("AETERM", 1, "x" * 200), "DEF755", "AE.AETERM", 2),
    ("ae", put("AETERM", 1, ""), "DEF759", "AE.AETERM", 2),
    ("ae", put("AESTDTC", 1, "MAY 2024"), "DEF757", "AE.AESTDTC", 2),
    ("ae", put("AESTDY", 0, 1.5), "DEF757", "AE.AESTDY", 1),
    ("ae", copied(0), "DEF760", "AE", -1),
    ("ae", turned, "DEF777", "AE", 2),
    ("suppae", put("RDOMAIN", 0, "CM"), "DEF758", "SUPPAE.RDOMAIN", 1),
    ("dm", put("SEX", 0, "W"), "DEF758", "DM.SEX", 1),
    ("dm", put("AGE", 0, 1000.0), "DEF755", "DM.AGE", 1),
    ("dm", copied(0), "DEF760", "DM", -1),
    ("dm", put("USUBJID", 1, ""), "DEF759", "DM.USUBJID", 2),
    ("dm", put("RFICDTC", 0, "2024-13-01"), "DEF757", "DM.RFICDTC", 1),
    ("lb", put("LBTESTCD", 0, "NEWTEST"), "DEF758", "LB.LBTESTCD", 1),
    ("lb", put("LBTESTCD", 0, "NEWTEST"), "DEF762", "LB.LBORRES", 1),
    ("lb", put("LBORRES", 0, "high"), "DEF757", "IT.LB.LBORRES.CREAT", 1),
    ("lb", put("LBORRES", 0, "1234567890"), "DEF755", "IT.LB.LBORRES.CREAT", 1),
    ("lb", put("LBORRES", 0, ""), "DEF759", "IT.LB.LBORRES.CREAT", 1),
    ("lb", put("LBORRESU", 0, "oz"), "DEF758", "IT.LB.LBORRESU.CREAT", 1),
    ("lb", put("LBSTRESN", 0, 1.23456789), "DEF757", "IT.LB.LBSTRESN.CREAT", 1),
    ("suppae", put("QNAM", 0, "AENEW"), "DEF766", "SUPPAE.QVAL", 1),
    ("suppae", put("QVAL", 0, ""), "DEF759", "SUPPAE.QVAL", 1),
    ("suppae", copied(0), "DEF760", "SUPPAE", -1),
    ("ex", emptied("EXDOSU"), "DEF776", "EX.EXDOSU", 0),
    ("ex", put("EXDOSE", 0, 0.123456), "DEF757", "EX.EXDOSE", 1),
    ("is", put("ISORRES", 0, "未检出抗体"), "DEF755", "IS.ISORRES", 1),
]


def copy_with(package: Path, folder: Path, name: str, change: Callable[[Dataset], Dataset]) -> Path:
    for path in package.iterdir():
        if path.is_file():
            shutil.copy(path, folder / path.name)
    dataset = change(read_xpt(package / f"{name}.xpt", encoding=ENCODING).dataset)
    lengths = [
        replace(one, length=max(one.length or 0, *(len(text.encode(ENCODING)) for text in dataset.frame[one.name])))
        if one.type == "Char" else one
        for one in dataset.columns
    ]  # fmt: skip
    write_xpt(folder / f"{name}.xpt", replace(dataset, columns=tuple(lengths)), encoding=ENCODING)
    return folder


@pytest.mark.parametrize(
    ("name", "change", "code", "target", "row"),
    DATA,
    ids=[f"{one[2]}-{one[3]}-{n}" for n, one in enumerate(DATA)],
)
def test_a_fault_of_the_data_is_found(
    package: Path, tmp_path: Path, name: str, change: Change, code: str, target: str, row: int
) -> None:
    before = len(read_xpt(package / f"{name}.xpt", encoding=ENCODING).dataset)
    folder = copy_with(package, tmp_path, name, lambda one: replace(one, frame=change(one.frame)))
    found = [one for one in check(folder) if (one.code, one.target) == (code, target)]
    assert len(found) == 1, [str(one) for one in check(folder)]
    assert found[0].at.file == "define.xml"
    assert target.rpartition(".")[2] in (folder / "define.xml").read_text().splitlines()[found[0].at.line - 1]
    if row:
        assert str(found[0].first) == f"{name}.xpt:{row if row > 0 else before + 1}"
    # values of subjects stand in the values alone
    assert all(value not in found[0].message for value, _ in found[0].values if len(value) > 8)


@pytest.mark.parametrize(
    ("text", "told"),
    # SignificantDigits is 2: 0.05 and 15 have at most two, 0.005 and 0.0015 have more
    [("5E-2", False), ("15E0", False), ("5E-3", True), ("15E-4", True)],
)
def test_digits_behind_the_point_are_those_of_the_number_also_with_an_exponent(
    package: Path, tmp_path: Path, text: str, told: bool
) -> None:
    changed = put("LBORRES", 0, text)
    found = check(copy_with(package, tmp_path, "lb", lambda one: replace(one, frame=changed(one.frame))))
    digits = [str(one) for one in found if one.code == "DEF757" and "CREAT" in one.target]
    assert [("SignificantDigits 2" in one, "first at lb.xpt:1" in one) for one in digits] == [
        (True, True)
    ] * told


def without(name: str) -> Callable[[Dataset], Dataset]:
    return lambda one: replace(
        one,
        columns=tuple(column for column in one.columns if column.name != name),
        frame=one.frame.drop(columns=name),
    )


def columns(change: Callable[[tuple], tuple]) -> Callable[[Dataset], Dataset]:
    def changed(one: Dataset) -> Dataset:
        new = change(one.columns)
        frame = one.frame.copy()
        for column in new:
            if column.name not in frame:
                frame[column.name] = char(["Y"] * len(frame))
        return replace(one, columns=new, frame=frame[[column.name for column in new]])

    return changed


# dataset, what is done to its columns, the code and the target that are expected
HEADERS: list[tuple[str, Callable[[Dataset], Dataset], str, str]] = [
    ("ae", without("AESER"), "DEF754", "AE.AESER"),
    ("ae", columns(lambda all_: (*all_, replace(all_[-1], name="AEXTRA", type="Char", length=1))), "DEF752", "AE.AEXTRA"),
    ("ae", columns(lambda all_: (all_[1], all_[0], *all_[2:])), "DEF779", "AE"),
    ("ae", columns(lambda all_: (replace(all_[0], label="Study identifier"), *all_[1:])), "DEF753", "AE.STUDYID"),
    ("ae", lambda one: replace(one, label="Events"), "DEF753", "AE"),
    ("ae", lambda one: replace(one, name="CM"), "DEF778", "AE"),
    ("ae", columns(lambda all_: (replace(all_[0], length=40), *all_[1:])), "DEF756", "AE.STUDYID"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "code", "target"), HEADERS, ids=[f"{one[2]}-{one[3]}" for one in HEADERS]
)
def test_a_fault_of_a_header_is_found(
    package: Path, tmp_path: Path, name: str, change: Callable[[Dataset], Dataset], code: str, target: str
) -> None:
    found = check(copy_with(package, tmp_path, name, change))
    assert [(one.code, one.target) for one in found] == [(code, target)]


@pytest.mark.parametrize(
    ("change", "code", "target"),
    [
        (lambda folder: (folder / "ae.xpt").unlink(), "DEF750", "AE"),
        (lambda folder: shutil.copy(folder / "ae.xpt", folder / "xx.xpt"), "DEF751", "MDV.IL2QS"),
        (lambda folder: (folder / "ae.xpt").write_bytes(b"no XPORT file"), "DEF775", "AE"),
        (lambda folder: (folder / "acrf.pdf").unlink(), "DEF770", "LF.acrf"),
        (lambda folder: (folder / "acrf.pdf").write_bytes(b"%PDF-1.4\n"), "DEF787", "LF.acrf"),
        (lambda folder: (folder / "acrf.pdf").write_bytes(b"the form"), "DEF787", "LF.acrf"),
    ],
)  # fmt: skip
def test_a_fault_of_the_folder_is_found(
    package: Path, tmp_path: Path, change: Callable[[Path], object], code: str, target: str
) -> None:
    folder = tmp_path / "package"
    shutil.copytree(package, folder)
    change(folder)
    assert [(one.code, one.target) for one in check(folder)] == [(code, target)]


def test_there_are_at_least_sixty_faults() -> None:
    assert len({(old, new) for old, new, _, _ in XML}) + len(DATA) + len(HEADERS) + 4 >= 60
