"""A small synthetic study, and the command run on it in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sdtm_il2.cli import main
from studies import demographics

STUDY = {
    "study.yaml": """\
study: S-1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: [yyyy-mm-dd]}
sources:
  dm: {path: raw/dm.csv, subject: ID, private: [NAME]}
  ae:
    path: raw/ae.csv
    subject: ID
    keep: {one_per: [ID, NR], last: VERSION}
    not_submitted: {rows: [{when: STATUS EQ screening, reason: before the first dose}]}
domains: [dm.yaml, ae.yaml]
""",
    "dm.yaml": demographics(subject="ID", sex="{assign: SEX}"),
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM, AESTDTC]
records: [{from: ae}]
variables:
  AESPID: {assign: NR}
  AETERM: {assign: TERM}
  AEDECOD: {assign: TERM}
  AESEV: {assign: SEVERITY}
  AESTDTC: {datetime: START}
""",
    "raw/dm.csv": "ID,NAME,SEX\n001,Ann Example,F\n002,Bob Example,M\n",
    "raw/ae.csv": """\
ID,NR,VERSION,STATUS,TERM,SEVERITY,START
001,1,1,treatment,Headache,Mild,2024-01-02
001,1,2,treatment,Headache,Severe,2024-01-02
001,2,1,screening,Nausea,Mild,2023-12-01
002,1,1,treatment,Rash,Mild,2024-01-05
""",
}
#: The same raw file with a severity that no list has and a record without subject.
FAULTY = STUDY["raw/ae.csv"].replace("Rash,Mild", "Rash,Ghastly") + ",2,1,treatment,Cough,Mild,2024-01-06\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study, and the working folder of the command."""
    for name, text in STUDY.items():
        path = tmp_path / "study" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="sdtm-il2")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
