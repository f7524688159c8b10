"""The verbs ``xpt show`` and ``xpt convert``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from sdtm_il2.cli import main
from sdtm_il2.dataset import Column
from sdtm_il2.xpt import SpecialValues, read_xpt, write_xpt


@pytest.fixture
def file(tmp_path):
    frame = pd.DataFrame({"SEX": ["F", "secret"], "AGE": [44.5, np.nan], "ADY": [np.nan, -3.0]})
    columns = [
        Column("SEX", "Sex", "Char", 20, "$20.", "$CHAR20."),
        Column("AGE", "Age", "Num", 8, "8.2"),
        Column("ADY", "Day", "Num", 4),
    ]
    special = {"AGE": SpecialValues.missing_values({1: "A"})}
    write_xpt(tmp_path / "dm.xpt", frame, columns, label="Demographics", special=special, dataset_type="DATA")
    return tmp_path / "dm.xpt"


def run(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments])


def shown(file, *options):
    """What `xpt show` prints, but for the line about SAS."""
    lines = run("xpt", "show", file, *options).output.splitlines(keepends=True)
    assert lines[3].endswith(" 9.4 X64_10PR\n")
    return "".join(lines[:3] + lines[4:])


HEADER = """\
DM: Demographics
  Records: 2 of 32 bytes
  Created: 01JAN70:00:00:00, modified 01JAN70:00:00:00
  Dataset type: DATA

Variable  Type  Length  Used  Format  Informat  Label
SEX       Char      20     6  $20.    $CHAR20.  Sex
AGE       Num        8     3  8.2               Age
ADY       Num        4     2                    Day
"""


def test_show_prints_no_value_unless_asked(file):
    assert shown(file) == HEADER
    assert shown(file, "--records", "1") == HEADER + (
        "\nVariable  Record 1\nSEX       F\nAGE       44.5\nADY       .\n"
    )
    assert shown(file, "--records", "9") == HEADER + (
        "\nVariable  Record 1  Record 2\nSEX       F         secret\nAGE       44.5      .A\nADY       .         -3\n"
    )


def test_convert_there_and_back(file):
    folder = file.parent
    result = run("xpt", "convert", file, folder / "dm.csv")
    assert result.exit_code == 0
    assert "FILE620 DM.AGE: 1 record had special missing values" in result.output.replace("\n", " ")
    assert run("xpt", "convert", folder / "dm.csv", folder / "dm.parquet").exit_code == 0
    assert run("xpt", "convert", folder / "dm.parquet", folder / "again.xpt").output == (
        f"written to {folder / 'again.xpt'}\n"
    )
    old, new = read_xpt(file).dataset, read_xpt(folder / "again.xpt").dataset
    assert (new.name, new.label, new.columns) == (old.name, old.label, old.columns)
    pd.testing.assert_frame_equal(new.frame, old.frame)


def test_convert_says_what_is_lost_and_can_fail_on_it(file):
    result = run("xpt", "convert", file, file.parent / "dm.json", "--fail-on", "warning")
    assert result.exit_code == 1
    for line in ("FILE620 DM.AGE", "FILE622 DM.SEX", "FILE623 DM.ADY"):
        assert line in result.output
    assert (file.parent / "dm.json").exists()


def test_convert_takes_the_header_of_another_file(file):
    (file.parent / "new.csv").write_text("ADY,SEX,AGE\n1,M,2\n")
    result = run("xpt", "convert", file.parent / "new.csv", file.parent / "new.xpt", "--like", file)
    assert result.exit_code == 0
    assert read_xpt(file.parent / "new.xpt").dataset.columns == read_xpt(file).dataset.columns


def test_convert_refuses_what_it_would_have_to_guess(file):
    (file.parent / "new.csv").write_text("A\n1\n")
    result = run("xpt", "convert", file.parent / "new.csv", file.parent / "new.xpt")
    assert result.exit_code == 2
    assert "FILE601" in result.output
    assert run("xpt", "convert", file, file.parent / "dm.sas7bdat").exit_code == 2
    assert sorted(path.name for path in file.parent.iterdir()) == ["dm.xpt", "new.csv"]


@pytest.mark.parametrize(
    "verb",
    [["xpt", "show"], ["xpt", "check"], ["xpt", "convert"], ["define", "check"], ["diff"]],
    ids=" ".join,
)
@pytest.mark.parametrize("value", ["", " "])
def test_a_blank_encoding_is_refused(verb, value, file, tmp_path):
    # in a script: --encoding "$ENCODING", and ENCODING was never set
    other = {"convert": [tmp_path / "dm.csv"], "diff": [file]}.get(verb[-1], [])
    done = run(*verb, file, *other, "--encoding", value)
    assert done.exit_code == 2
    assert done.stderr.endswith(
        "Invalid value for '--encoding': it is blank; name one, or leave the option out\n"
    )
    assert not (tmp_path / "dm.csv").exists()
