"""Two Define-XML files compared: what changed is said by name, and OIDs alone change nothing."""

from click.testing import CliRunner

from define_example import DEFINE, TEXT
from sdtm_il2.cli import main
from sdtm_il2.define.diff import diff_define
from sdtm_il2.define.read import read_define


def changed(old, new, count=-1):
    text = TEXT.read_text(encoding="utf-8")
    assert old in text
    return [str(one) for one in diff_define(DEFINE, read_define(text.replace(old, new, count).encode()))]


def test_equal_files_do_not_differ():
    assert diff_define(DEFINE, DEFINE) == ()


def test_other_oids_are_no_difference():
    assert changed("MT.DM.AGE", "MT.X") == []
    assert changed("CL.SEX", "CL.S") == []


def test_changes_are_said_in_words():
    assert changed("<ProtocolName>S1-P", "<ProtocolName>P2") == ["study: protocol name was S1-P, is P2"]
    assert changed('Version="2025-03-28"', 'Version="2025-09-26"') == [
        "CDISC/NCI SDTM: version was 2025-03-28, is 2025-09-26"
    ]
    assert changed(">Age<", ">Age in Years<") == ["DM.AGE: label was Age, is Age in Years"]
    assert changed("Whole years from", "Years from") == [
        "DM.AGE: method was Whole years from BRTHDTC to RFSTDTC., is Years from BRTHDTC to RFSTDTC."
    ]


def test_the_verb_prints_them_and_exits_by_them(tmp_path):
    other = tmp_path / "other.xml"
    other.write_text(TEXT.read_text(encoding="utf-8").replace(">Age<", ">Years<"), encoding="utf-8")
    result = CliRunner().invoke(main, ["define", "diff", str(TEXT), str(other)])
    assert result.output == "DM.AGE: label was Age, is Years\n1 change\n"
    assert result.exit_code == 1
    result = CliRunner().invoke(main, ["define", "diff", str(TEXT), str(TEXT)])
    assert result.output == "no change\n"
    assert result.exit_code == 0


def test_what_stands_beside_words_is_compared_too():
    assert changed("(a &lt; b)", "(a &lt;= b)") == [
        (
            "DM.AGE: program text and documents of the method was Python: (a < b); csdrg.pdf page named algorithms,"
            " is Python: (a <= b); csdrg.pdf page named algorithms"
        )
    ]
    assert changed('leafID="LF.csdrg"', 'leafID="LF.acrf"', 1) == [
        "study: documents was csdrg.pdf, is acrf.pdf",
    ]
    assert changed(">Reviewer's Guide<", ">Guide<") == ["csdrg.pdf: title was Reviewer's Guide, is Guide"]
    assert changed('Version="2025-03-28" Status="Final"', 'Version="2025-03-28" Status="Draft"') == [
        "CDISC/NCI SDTM: status was Final, is Draft"
    ]
    assert changed('Name="SDTM of S1"', 'Name="SDTM"') == ["study: metadata name was SDTM of S1, is SDTM"]
    assert changed(">lb.xpt<", ">LB<") == ["LB: title of its file was lb.xpt, is LB"]
    clause = '<def:WhereClauseDef OID="WC.LB.LBTESTCD.ALB"'
    assert changed(clause, f'{clause} def:CommentOID="COM.NEW"') == [
        "LB.LBORRES where LBTESTCD EQ ALB: comment of the where clause added: COM.NEW"
    ]
    red, yellow = '<EnumeratedItem CodedValue="RED"/>', '<EnumeratedItem CodedValue="YELLOW"/>'
    text = TEXT.read_text(encoding="utf-8")
    swapped = text.replace(red, "-").replace(yellow, red).replace("-\n        <E", f"{yellow}\n        <E")
    found = [str(one) for one in diff_define(DEFINE, read_define(swapped.encode()))]
    assert len(found) == 1
    assert found[0].endswith("order of terms was RED, YELLOW, is YELLOW, RED")
    assert changed("LF.csdrg", "LF.guide") == []
