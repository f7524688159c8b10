"""Define-XML written: the bytes, their stability, and text that XML cannot hold."""

from dataclasses import replace

import pytest
import xmlschema
from lxml import etree

from define_example import DEFINE, DM, TEXT
from sdtm_il2.define.check import check_define
from sdtm_il2.define.model import CommentDef, Leaf, described
from sdtm_il2.define.parse import schema_path
from sdtm_il2.define.write import define_bytes, write_define
from sdtm_il2.errors import DefineError


def test_every_element_is_written_as_the_standard_orders_it():
    assert define_bytes(DEFINE).decode() == TEXT.read_text(encoding="utf-8")


def test_the_file_begins_with_its_declaration_and_stylesheet():
    lines = define_bytes(DEFINE).split(b"\n")
    assert lines[0] == b'<?xml version="1.0" encoding="UTF-8"?>'
    assert lines[1] == b'<?xml-stylesheet type="text/xsl" href="define2-1.xsl"?>'


def test_the_example_is_valid_by_two_schema_processors_and_by_our_checks():
    content = define_bytes(DEFINE)
    assert check_define(content) == ()
    assert list(xmlschema.XMLSchema(str(schema_path())).iter_errors(etree.fromstring(content))) == []


def test_equal_metadata_give_equal_bytes():
    assert define_bytes(replace(DEFINE)) == define_bytes(DEFINE)


def test_an_added_term_that_looks_like_markup_stays_text():
    define = replace(DEFINE, comments=(CommentDef("COM.EG", described("]]> <b> & \"' \t\n\r é 人")),))
    root = etree.fromstring(define_bytes(define))
    found = root.findtext(".//{*}CommentDef/{*}Description/{*}TranslatedText")
    assert found == "]]> <b> & \"' \t\n\r é 人"


def test_characters_that_xml_cannot_hold_are_all_named_with_their_place(tmp_path):
    define = replace(
        DEFINE,
        comments=(CommentDef("COM.EG", described("a\x00b\x0b")),),
        item_groups=(replace(DM, structure="One\ud800record"), *DEFINE.item_groups[1:]),
        leaves=(*DEFINE.leaves, Leaf("LF.x", "x.pdf", "end\uffff")),
    )
    with pytest.raises(DefineError) as caught:
        write_define(define, tmp_path / "define.xml")
    assert [(one.target, one.message) for one in caught.value.issues] == [
        ("COM.EG/Description", "the text holds U+0000, U+000B, which XML 1.0 cannot hold"),
        ("IG.DM/@def:Structure", "the text holds U+D800, which XML 1.0 cannot hold"),
        ("def:title/def:title", "the text holds U+FFFF, which XML 1.0 cannot hold"),
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_failed_run_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "define.xml"
    write_define(DEFINE, path)
    before = path.read_bytes()
    assert before == TEXT.read_bytes()
    with pytest.raises(DefineError):
        write_define(replace(DEFINE, study_name="\x01"), path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["define.xml"]


def test_a_folder_that_does_not_exist_is_said(tmp_path):
    with pytest.raises(DefineError) as caught:
        write_define(DEFINE, tmp_path / "missing" / "define.xml")
    assert str(caught.value).splitlines() == [
        "DEF701 define.xml: the file cannot be written: No such file or directory",
        "  hint: check that the folder exists and may be written",
    ]
