"""A specification with mistakes against its raw files: what can be told of both at once, and what may not be told."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sdtm_il2.check.columns import check_columns
from sdtm_il2.check.inputs import read_raw
from sdtm_il2.check.specification import load_specification
from sdtm_il2.cli import main
from sdtm_il2.errors import Severity
from studies import demographics
from study import write_files

STUDY = {
    "study.yaml": """\
study: S-1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: yyyy-mm-dd}
visits: {table: visits.csv}
sources:
  dm: {path: raw/dm.csv, subject: ID}
  ae:
    path: raw/ae.csv
    subject: {lookup: dm, by: KEY, take: ID}
    visit: {text: VISIT}
  more: {path: raw/more.csv, subject: ID}
domains: [dm.yaml, ae.yaml]
""",
    "visits.csv": "VISITNUM,VISIT\n1,WEEK 1\n2,WEEK 2\n",
    "dm.yaml": demographics(subject="ID", sex="{assign: SEX}"),
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records:
  - from: ae
    join: {d: {source: dm, cardinality: 1}}
    variables: {AELLT: {assign: _VISIT}}
  - from: more
    variables:
      AETERM: {assign: TEXT}
      AESEV: {assign: GRADE}
variables:
  AETERM: {assign: TERM}
  AEDECOD: {assign: TERM}
  AESEV: {assign: d.SEX}
""",
    "raw/dm.csv": "ID,KEY,SEX\n1,k1,F\n",
    "raw/ae.csv": "KEY,VISIT,TERM\nk1,WEEK 1,Fever\n",
    "raw/more.csv": "ID,TEXT,TERM,GRADE\n1,Rash,Rash,MILD\n",
}


def told(folder: Path, changes: dict[str, tuple[str, str]]) -> list[str]:
    """The first line of every error, of the specification and then of the raw files."""
    files = dict(STUDY)
    for name, (old, new) in changes.items():
        assert files[name].count(old) == 1
        files[name] = files[name].replace(old, new)
    write_files(folder, files)
    found = load_specification(folder)
    _, refused = read_raw(found, folder)
    errors = [one for one in (*found.refused, *refused) if one.severity is Severity.ERROR]
    return [str(one).partition("\n")[0] for one in errors]


def test_a_study_without_mistakes(tmp_path: Path) -> None:
    assert told(tmp_path, {}) == []
    found = load_specification(tmp_path)
    assert found.plan is not None
    assert found.plan is found.reads
    assert found.whole
    sources, _ = read_raw(found, tmp_path)
    check_columns(found.plan, sources)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {
                "dm.yaml": ("SEX: {assign: SEX}", "SEX: {assign: GENDER, term: {M: M}}"),
                "raw/dm.csv": ("SEX", "SX"),
            },
            [
                "dm.yaml:7: SPEC180: unknown key 'term' in a variable",
                "ae.yaml:14: SPEC140 AE.AESEV: column 'SEX' is not in source dm",
            ],
            id="of a line with a mistake nothing more is told, of a joined column it is",
        ),
        pytest.param(
            {"ae.yaml": ("AETERM: {assign: TEXT}", "AETERM: {asign: TEXT}"), "raw/more.csv": ("TERM", "TRM")},
            ["ae.yaml:9: SPEC180: unknown key 'asign' in a variable"],
            id="without its own line the block does not take the domain's",
        ),
        pytest.param(
            {"ae.yaml": ("join: {d:", "joins: {d:")},
            [
                "ae.yaml:5: SPEC180: unknown key 'joins' in a block of records",
            ],
            id="a column of a join that could not be read",
        ),
        pytest.param(
            {"study.yaml": ("dm: {path:", "dm: {headr: 2, path:"), "raw/dm.csv": ("ID,KEY", "Title\nID,KEY")},
            ["study.yaml:6: SPEC180: unknown key 'headr' in a source"],
            id="a source with a mistake, and the one whose subjects it holds",
        ),
        pytest.param(
            {"visits.csv": ("2,WEEK 2", "1,WEEK 2")},
            ["visits.csv:3: SPEC121: key VISITNUM 1 stands twice (line 2)"],
            id="what comes from a table of visits with a mistake",
        ),
        pytest.param(
            {"study.yaml": ("SDTMIG 3.4, ct:", "SDTMIG 3.9, ct:"), "raw/dm.csv": ("ID", "NO")},
            [
                (
                    "study.yaml:2: STD201: 'SDTMIG 3.9' is not available; the available guides are SDTMIG 3.2, "
                    "SDTMIG 3.3, SDTMIG 3.4"
                ),
                "study.yaml:6: SRC324 dm: subject: 'ID' is no column of raw/dm.csv",
            ],
            id="without its standard nothing is compiled",
        ),
        pytest.param(
            {"study.yaml": ("ig: SDTMIG 3.4, ct:", "igg: SDTMIG 3.4, ct:"), "dm.yaml": ("SEX}", "GENDER}")},
            [
                "study.yaml:2: SPEC180: unknown key 'igg' in standard",
            ],
            id="nor with a mistake in standard",
        ),
        pytest.param(
            {"study.yaml": ("study: S-1", "study: [S-1"), "dm.yaml": ("SEX}", "GENDER}")},
            ["study.yaml:1: SPEC104: the bracket [ that opens here is not closed"],
            id="a study file that is no YAML",
        ),
        pytest.param(
            {"dm.yaml": ("SEX: {assign: SEX}", "SEX: {copy: DM.SEX}"), "raw/ae.csv": ("TERM", "TRM")},
            [
                "dm.yaml:7: PLAN401 DM.SEX: DM.SEX needs DM.SEX",
                "ae.yaml:12: SPEC140 AE.AETERM: column 'TERM' is not in source ae",
            ],
            id="a circle hides no column",
        ),
    ],
)
def test_what_is_told_at_once(
    tmp_path: Path, changes: dict[str, tuple[str, str]], expected: list[str]
) -> None:
    assert told(tmp_path, changes) == expected


def test_check_tells_both(tmp_path: Path) -> None:
    changes = {"dm.yaml": ("SEX: {assign: SEX}", "SEX: {asign: SEX}"), "ae.yaml": ("GRADE", "SEVERITY")}
    told(tmp_path, changes)
    done = CliRunner().invoke(main, ["check", str(tmp_path), "--raw", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stdout == (
        "Errors\n"
        "ae.yaml:10: SPEC140 AE.AESEV: column 'SEVERITY' is not in source more\n"
        "  hint: the file's header names its columns\n"
        "dm.yaml:7: SPEC180: unknown key 'asign' in a variable\n"
        "  hint: did you mean 'assign'?\n"
        "\n2 errors\n"
    )
    assert "SPEC140" not in CliRunner().invoke(main, ["check", str(tmp_path)]).stdout


@pytest.mark.parametrize("name", [name for name in STUDY if name.endswith(".yaml")])
def test_no_misspelt_key_raises_a_false_alarm_about_the_raw_files(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, STUDY)
    lines = STUDY[name].splitlines()
    mended = 0
    for number, line in enumerate(lines):
        for place, sign in enumerate(line):
            if sign != ":":
                continue
            broken = [*lines[:number], f"{line[:place]}x{line[place:]}", *lines[number + 1 :]]
            (tmp_path / name).write_text("\n".join(broken) + "\n", encoding="utf-8")
            found = load_specification(tmp_path)
            if found.whole:
                continue  # a name of its own was changed, and may be meant so
            mended += 1
            assert found.refused, broken[number]
            assert read_raw(found, tmp_path)[1] == (), broken[number]
    assert mended > len(lines) // 2
