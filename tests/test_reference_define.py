"""define.xml of the reference study and of the quickstart: valid by two processors, and no receiver has a complaint."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest
import xmlschema
from pypdf import PdfReader

from sdtm_il2.build import build
from sdtm_il2.compile import compile_plan
from sdtm_il2.define.check import check_define
from sdtm_il2.define.model import Define, PDFPageRef
from sdtm_il2.define.parse import schema_path
from sdtm_il2.define.read import read_define
from sdtm_il2.define.severity import RuleSeverity, severity_of
from sdtm_il2.output import write_build
from sdtm_il2.sources import read_sources
from sdtm_il2.spec import load_spec
from study import ROOT, standard

STUDIES = {
    "reference": (ROOT / "mappings" / "nct02932137", ROOT / "examples" / "nct02932137"),
    "quickstart": (ROOT / "examples" / "quickstart", ROOT / "examples" / "quickstart"),
}


@pytest.fixture(scope="module", params=STUDIES)
def out(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one study."""
    return _built(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def define(tmp_path_factory: pytest.TempPathFactory) -> Define:
    """define.xml of the reference study, read back."""
    return read_define(_built("reference", tmp_path_factory.mktemp("define")) / "define.xml")


def _built(name: str, folder: Path) -> Path:
    study, raw = STUDIES[name]
    spec = load_spec(study)
    release = standard(spec.standard.ig, spec.standard.ct)
    write_build(build(compile_plan(spec, release), read_sources(spec, raw)), release, folder / "out")
    return folder / "out"


def test_no_rule_is_broken(out: Path) -> None:
    """No Reject, Error or Warning; the one note says that the invented coding has a comment."""
    found = check_define(out / "define.xml", data=out)
    assert [one.text() for one in found if severity_of(one) is not RuleSeverity.NOTE] == []
    assert {one.code for one in found} == {"DEF785"}
    assert found[0].message == (
        "adverse events are coded by no release of MedDRA; the variable has a comment (DD0113)"
    )


def test_a_second_processor_finds_it_valid(out: Path) -> None:
    """It follows references by ID, which the first one does not."""
    xmlschema.XMLSchema(str(schema_path())).validate(str(out / "define.xml"))


def test_the_annotated_crf_has_the_pages_that_are_named(out: Path) -> None:
    define = read_define(out / "define.xml")
    pages = {
        int(number)
        for item in define.items
        for origin in item.origins
        for document in origin.documents
        for page in document.pages
        for number in page.refs
    }
    assert pages == set(range(1, len(PdfReader(out / "acrf.pdf").pages) + 1))


def test_a_page_names_the_variables_that_refer_to_it(out: Path) -> None:
    """What the page says and what define.xml says is one thing, variable by variable."""
    define = read_define(out / "define.xml")
    texts = [page.extract_text() for page in PdfReader(out / "acrf.pdf").pages]
    assert all("synthetic" in text for text in texts)
    for group in define.item_groups:
        for ref in group.items:
            item = next(one for one in define.items if one.oid == ref.item_oid)
            for origin in item.origins:
                for document in origin.documents:
                    for page in document.pages:
                        for number in page.refs:
                            assert f"{group.name}.{item.name}" in texts[int(number) - 1], item.oid


def test_documents_are_drawn_from_the_mapping(tmp_path: Path) -> None:
    """The committed files are what the script writes: the same mapping, the same bytes."""
    script = _script()
    for name, (study, _) in STUDIES.items():
        copy = tmp_path / name
        shutil.copytree(study, copy, ignore=shutil.ignore_patterns("raw", "out"))
        for old in (copy / "define").glob("*.pdf"):
            old.unlink()
        script.main(copy)
        for path in (study / "define").glob("*.pdf"):
            assert (copy / "define" / path.name).read_bytes() == path.read_bytes(), "run: make docs"


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_documents", ROOT / "examples" / "make_documents.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_comments_and_pages_of_the_reference_study(define: Define) -> None:
    items = {item.oid: item for item in define.items}
    texts = {one.oid: one.description[0].text for one in define.comments}
    assert items["IT.LB.LBBLFL"].comment_oid == items["IT.VS.VSBLFL"].comment_oid == "COM.BASELINE"
    assert texts[items["IT.DM.RFSTDTC"].comment_oid].startswith("Day 1 is the day of randomisation")
    assert [
        page for origin in items["IT.AE.AETERM"].origins for ref in origin.documents for page in ref.pages
    ] == [PDFPageRef(("5",))]
    assert items["IT.IS.ISORRES"].origins[0].documents == ()  # the laboratory's, on no page


def _clauses(define: Define, oid: str) -> dict[str, tuple[str, str]]:
    """The value levels of a variable: their conditions in words, with type and codelist."""
    clauses = {one.oid: one.checks for one in define.where_clauses}
    items = {one.oid: one for one in define.items}
    found = {}
    for ref in next(one for one in define.value_lists if one.oid == oid).items:
        words = " and ".join(
            f"{check.item_oid.rpartition('.')[2]} {check.comparator} {'/'.join(check.values)}"
            for clause in ref.where_clause_oids
            for check in clauses[clause]
        )
        item = items[ref.item_oid]
        found[words] = (item.data_type, item.codelist_oid.partition(".")[2].partition(".")[0])
    return found


def test_antibodies_go_by_test_binding_agent_and_step(define: Define) -> None:
    """The code alone mixes a screening result in words with a titer, and antibodies against two antigens."""
    found = _clauses(define, "VL.IS.ISSTRESC")
    assert found["ISTESTCD EQ ADA_BAB and ISTSTOPO EQ SCREEN"] == ("text", "POSNEG")
    assert found["ISTESTCD EQ ADA_BAB and ISTSTOPO EQ CONFIRM"] == ("text", "POSNEG")
    assert found["ISTESTCD EQ ADA_NAB"] == ("text", "POSNEG")
    assert found["ISTESTCD EQ ATAB and ISBDAGNT EQ DOUBLE STRANDED DNA"] == ("float", "")
    assert "ISTESTCD EQ ATAB" not in found
    numbers = _clauses(define, "VL.IS.ISSTRESN")
    assert numbers["ISTESTCD EQ ADA_BAB and ISTSTOPO EQ QUANTIFY"] == ("integer", "")


def test_trial_summary_goes_by_parameter(define: Define) -> None:
    found = _clauses(define, "VL.TS.TSVAL")
    assert found["TSPARMCD EQ SSTDTC"] == ("date", "")
    assert found["TSPARMCD EQ ADDON"] == found["TSPARMCD EQ RANDOM"] == ("text", "NY")
    assert found["TSPARMCD EQ TBLIND"] == ("text", "TBLIND")
    assert found["TSPARMCD EQ FCNTRY"] == ("text", "ISO_3166")
    assert found["TSPARMCD EQ NARMS"] == ("integer", "")
    assert found["TSPARMCD EQ TITLE"] == ("text", "")


def test_countries_are_those_of_iso_3166(define: Define) -> None:
    country = next(one for one in define.items if one.oid == "IT.DM.COUNTRY")
    held = next(one for one in define.codelists if one.oid == country.codelist_oid)
    assert held.external is not None
    assert (held.external.dictionary, held.external.version) == ("ISO 3166", "")


#: Methods of the reference study as a reviewer reads them: each says which record, which column, and what else counts.
METHODS = {
    "MT.AEENTPT": "If column 是否持续 of raw data ae is 是: the value of DM.RFPENDTC.",
    "MT.AETRTEM": (
        'If AE.AESTDTC is on or after DM.RFXSTDTC: "Y"; "Y" where a partial date leaves that open.'
    ),
    "MT.AETRTEM2": (
        'If AE.AESTDTC is on or after SE.SESTDTC (of the record where EPOCH is TREATMENT 2): "Y"; "Y" where a '
        "partial date leaves that open."
    ),
    "MT.ECDOSE": (
        "Computed as AMOUNT * 10000, where AMOUNT is the repeated column 剂量1 to 剂量7 of raw data inj; missing if a "
        "value that it needs is missing."
    ),
    "MT.EXENDTC": "The last EC.ECENDTC of the subject's records with the same ECLNKID, in ISO 8601 format.",
    "MT.EXTRT": (
        "The one EC.ECTRT of the subject's records with the same ECLNKID (missing where they have several)."
    ),
    "MT.EXLNKID": "The value of EC.ECLNKID.",
    "MT.ELEMENT": (
        "Records from DM where DM.ARMCD is filled: The value of TA.ELEMENT (of the record with the same ARMCD). "
        "Records from DM where DM.ARMNRS is SCREEN FAILURE: The value of TE.ELEMENT (of the record where ETCD is SCRN)."
    ),
    "MT.SITEID": "Characters 1 to 2 of column 受试者编号 of raw data demog.",
    "MT.SVENDTC": "The last date of the subject's visit, found from all records that have one.",
    "MT.VSBLFL": (
        'For each treatment element of the subject and each VSTESTCD: "Y" on the last record with a result that lies '
        "after the end of the previous treatment element and before SE.SESTDTC, the start of this one; where a time is "
        "missing, a record on the day of SE.SESTDTC counts as before it, and one on the last day of the previous "
        "treatment element as within that element."
    ),
    "MT.AESHOSP": (
        '"Y" if the items listed in column SAE标准 of raw data ae include 住院; else "N" if column 是否SAE of raw data ae '
        "is 是."
    ),
    "MT.LBSTAT": (
        'Records from raw data his: "NOT DONE" where column 结果 of raw data his is one of 未检, 溶血. '
        'Records from raw data cbc: "NOT DONE" where column 血小板 of raw data cbc is 未检 (for the item 血小板).'
    ),
    "MT.CPLOBXFL": (
        '"Y" on the last record with a result before DM.RFXSTDTC, for each combination of CPTESTCD and CPMRKSTR of '
        "the subject; a record on the day of DM.RFXSTDTC counts as before it where either has no time."
    ),
    "MT.TSSEQ": "Sequential number of the record within TSPARMCD, in the order of TSPARMCD, then of the raw data.",
}


@pytest.mark.parametrize("oid", METHODS)
def test_a_method_can_be_repeated_from_its_words(define: Define, oid: str) -> None:
    (found,) = [one for one in define.methods if one.oid == oid]
    assert found.description[0].text == METHODS[oid]


#: Labels of which another variable's Chinese would not say the same.
CHINESE_LABELS = {
    "IT.DS.DSDY": ("Study Day of Collection", "采集研究日"),
    "IT.CP.CPDY": ("Study Day of Visit/Collection/Exam", "访视/采集/检查研究日"),
    "IT.IE.IEORRES": ("I/E Criterion Original Result", "入选/排除标准的原始结果"),
    "IT.IE.IESTRESC": ("I/E Criterion Result in Std Format", "入选/排除标准的标准格式结果"),
    "IT.SUPPDM.QVAL.CETHNIC": ("Ethnicity as Collected", "采集的民族"),
}


@pytest.mark.parametrize("oid", CHINESE_LABELS)
def test_a_chinese_label_says_what_the_english_one_does(define: Define, oid: str) -> None:
    (found,) = [one for one in define.items if one.oid == oid]
    assert tuple(text.text for text in found.description) == CHINESE_LABELS[oid]


def test_every_text_is_in_english_and_chinese(define: Define) -> None:
    """Labels, decodes, methods and comments: the study is for an agency that reads Chinese."""
    texts = [one.description for one in (*define.item_groups, *define.methods, *define.comments)]
    texts += [one.description for one in define.items if one.description]
    texts += [term.decode for one in define.codelists for term in one.terms if term.decode]
    assert {tuple(text.lang for text in one) for one in texts} == {("en", "zh-CN")}
    assert all(text.text.strip() for one in texts for text in one)
