"""Our own define.html: everything is on it, in either language; nothing is run, nothing is loaded."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import html

from define_example import DEFINE, TEXT
from sdtm_il2.cli import main
from sdtm_il2.define.html import define_html
from sdtm_il2.define.model import (
    CodeList,
    CodeListTerm,
    CommentDef,
    DeclaredStandard,
    Define,
    DocumentRef,
    ExternalCodeList,
    ItemDef,
    ItemGroupDef,
    ItemRef,
    Leaf,
    MethodDef,
    Origin,
    PDFPageRef,
    RangeCheck,
    ValueListDef,
    WhereClauseDef,
    bilingual,
    described,
)
from sdtm_il2.define.page import define_page
from sdtm_il2.define.read import read_define
from sdtm_il2.define.write import define_bytes

SHARED = Path(__file__).parents[2] / "shared" / "data"
FOREIGN = [SHARED / "define21" / "define.xml", SHARED / "bootcamp_abc01" / "define.xml"]


def page_of(define: Define, lang: str = "en") -> html.HtmlElement:
    return html.document_fromstring(define_page(define, "zh" if lang == "zh" else "en").decode())


def plain(element: html.HtmlElement) -> str:
    return re.sub(r"\s+", " ", element.text_content()).strip()


def rows(page: html.HtmlElement, anchor: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    (table,) = page.xpath(f"//section[.//*[@id='{anchor}']]//table")
    return [[plain(cell) for cell in row.xpath("./th|./td")] for row in table.xpath(".//tbody/tr")]


def small(**parts: object) -> Define:
    """One dataset with a result by test, and whatever a test adds."""
    made = Define(
        "F.1", "2025-06-30T12:00:00", "STDY.1", "S1", "A study", "P1", "MDV.1", "SDTM of S1",
        item_groups=(
            ItemGroupDef(
                "IG.LB", "LB", "LB", bilingual("Laboratory Test Results", "实验室检查结果"), "One record per test",
                (
                    ItemRef("IT.LB.LBTESTCD", 1, mandatory=True, key_sequence=1, role="Topic"),
                    ItemRef("IT.LB.LBORRES", 2, role="Result Qualifier", method_oid="MT.1"),
                ),
                "FINDINGS", repeating=True, leaf=Leaf("LF.lb", "lb.xpt", "lb.xpt"), archive_location_id="LF.lb",
            ),
        ),
        items=(
            ItemDef("IT.LB.LBTESTCD", "LBTESTCD", "text", 8, codelist_oid="CL.1",
                    description=bilingual("Lab Test Short Name", "检查项目短名"),
                    origins=(Origin("Assigned", "Sponsor"),)),
            ItemDef("IT.LB.LBORRES", "LBORRES", "text", 6, description=described("Result"), value_list_oid="VL.1"),
            ItemDef("IT.LB.LBORRES.ALT", "LBORRES", "float", 5, 1,
                    origins=(Origin("Collected", "Investigator", documents=(
                        DocumentRef("LF.crf", (PDFPageRef(("4", "5")),)),)),)),
        ),
        value_lists=(ValueListDef("VL.1", (ItemRef("IT.LB.LBORRES.ALT", 1, where_clause_oids=("WC.1",)),)),),
        where_clauses=(WhereClauseDef("WC.1", (RangeCheck("IT.LB.LBTESTCD", "IN", ("ALT", "AST")),)),),
        codelists=(CodeList("CL.1", "Tests", terms=(
            CodeListTerm("ALT", bilingual("Alanine Aminotransferase", "丙氨酸氨基转移酶")), CodeListTerm("AST"))),),
        methods=(MethodDef("MT.1", "Result of a test", described("As LB.LBTESTCD says.")),),
        leaves=(Leaf("LF.crf", "acrf.pdf", "Annotated CRF"),),
    )  # fmt: skip
    return replace(made, **parts)  # type: ignore[arg-type]


def test_every_part_of_the_file_is_on_the_page() -> None:
    text = plain(page_of(DEFINE))
    for words in (
        "Demographics", "Laboratory Test Results", "ECG Test Results", "Supplemental Qualifiers for DM",
        "Whole years from BRTHDTC to RFSTDTC.", "A study of doses < 5 mg & more", "Annotated CRF", "YELLOW",
        "No subject died.",
    ):  # fmt: skip
        assert words in text
    names = {item.name for item in DEFINE.items}
    assert [name for name in sorted(names) if name not in text] == []
    terms = {term.value for one in DEFINE.codelists for term in one.terms}
    assert [term for term in sorted(terms) if term not in text] == []


def test_variables_and_their_value_levels() -> None:
    found = rows(page_of(small()), "dataset.IG.LB")
    assert found == [
        ["LBTESTCD", "Lab Test Short Name", "1", "text", "8", "Topic",
         "Tests ALT = Alanine Aminotransferase; AST", "Assigned · Sponsor"],
        ["LBORRES1 value levels", "Result", "", "text", "6", "Result Qualifier", "",
         "Method: As LB.LBTESTCD says."],
        ["LBTESTCD IN (ALT (Alanine Aminotransferase), AST)", "", "float", "5 [1]", "", "",
         "Collected · Investigator Annotated CRF pages 4, 5"],
    ]  # fmt: skip


def test_chinese_stands_first_and_english_beside_it() -> None:
    page = page_of(small(), "zh")
    assert page.get("lang") == "zh-CN"
    assert plain(page.xpath("//h2[@id='datasets']")[0]) == "数据集 Datasets"
    found = rows(page, "dataset.IG.LB")
    assert found[0] == [
        "LBTESTCD", "检查项目短名 Lab Test Short Name", "1", "text", "8", "主题 Topic",
        "Tests ALT = 丙氨酸氨基转移酶; AST", "指定 Assigned · 申办方 Sponsor",
    ]  # fmt: skip
    assert found[1][1] == "Result"  # there is no Chinese text
    assert found[2][0] == "LBTESTCD IN (ALT (丙氨酸氨基转移酶), AST)"
    assert found[2][-1] == "采集 Collected · 研究者 Investigator Annotated CRF 页 4, 5"
    assert rows(page, "codelist.CL.1") == [
        ["ALT", "丙氨酸氨基转移酶 Alanine Aminotransferase", ""],
        ["AST", "", ""],
    ]
    assert "实验室检查结果" not in plain(page_of(small()))  # a page in English has no Chinese


def test_a_method_in_two_languages_is_repeated_where_one_of_them_would_be() -> None:
    """What is beside a variable on a page in English is beside it on one in Chinese, though that holds both texts."""
    english, chinese = f"{'As the list says. ' * 20}".strip(), f"{'按列表。' * 60}"
    method = MethodDef("MT.1", "Result of a test", bilingual(english, chinese))
    long = replace(method, description=bilingual(english * 2, chinese * 2))
    assert rows(page_of(small(methods=(method,))), "dataset.IG.LB")[1][-1] == f"Method: {english}"
    page = page_of(small(methods=(method,)), "zh")
    assert rows(page, "dataset.IG.LB")[1][-1] == f"方法: {chinese} {english}"
    assert rows(page_of(small(methods=(long,)), "zh"), "dataset.IG.LB")[1][-1] == "方法: Result of a test"


def test_the_status_of_a_standard_is_told_in_chinese() -> None:
    standard = DeclaredStandard("STD.1", "SDTMIG", "IG", "3.4")
    page = page_of(small(standards=(standard,)), "zh")
    assert plain(page.xpath("//h2[@id='standards']/..//tbody/tr")[0]) == "SDTMIGIG3.4最终 Final"


def test_links_lead_to_datasets_pages_and_parts() -> None:
    page = page_of(small())
    links = [one.get("href") for one in page.xpath("//main//a")]
    assert {
        "lb.xpt",
        "acrf.pdf",
        "acrf.pdf#page=4",
        "acrf.pdf#page=5",
        "#codelist.CL.1",
        "#method.MT.1",
    } <= set(links)
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    inside = [one.get("href")[1:] for one in page.xpath("//a[starts-with(@href, '#')]")]
    assert [one for one in inside if one not in ids] == []


def test_predecessors_lead_to_their_variables() -> None:
    origin = Origin("Predecessor", "Sponsor", described("LB.LBTESTCD, DM.SEX"))
    items = (replace(small().items[0], origins=(origin,)), *small().items[1:])
    page = page_of(small(items=items))
    assert [one.text for one in page.xpath("//a[@href='#variable.LB.LBTESTCD']")] == ["LB.LBTESTCD"]


def test_what_leads_nowhere_is_marked() -> None:
    whole = small()
    broken = replace(whole, codelists=(), methods=(), where_clauses=(), leaves=(), items=whole.items[1:])
    marked = {plain(one) for one in page_of(broken).xpath("//*[@class='bad']")}
    assert marked == {
        "IT.LB.LBTESTCD (not defined)", "MT.1 (not defined)", "WC.1 (not defined)", "LF.crf (not defined)",
    }  # fmt: skip
    no_list = page_of(replace(whole, value_lists=(), codelists=()))
    assert {plain(one) for one in no_list.xpath("//*[@class='bad']")} == {
        "VL.1 (not defined)", "CL.1 (not defined)",
    }  # fmt: skip


ATTACK = "</td></script><script>alert('x')</script><img src=x onerror=alert(1)>\" onmouseover=\"alert(2)"


def hostile() -> Define:
    """The attack in every text of the model."""
    whole = small()
    texts = bilingual(ATTACK, ATTACK)
    document = DocumentRef(
        "LF.crf", (PDFPageRef((ATTACK,), title=ATTACK), PDFPageRef((ATTACK,), type="NamedDestination"))
    )
    item = ItemDef(
        "IT.1", ATTACK, "text", 1, display_format=ATTACK, comment_oid="COM.1", description=texts, codelist_oid="CL.1",
        origins=(Origin("Collected", "Investigator", texts, (document,)),), value_list_oid="VL.1",
    )  # fmt: skip
    ref = ItemRef("IT.1", 1, method_oid="MT.1", role=ATTACK)
    return replace(
        whole, study_name=ATTACK, study_description=ATTACK, protocol_name=ATTACK, mdv_name=ATTACK,
        mdv_description=ATTACK, creation_datetime=ATTACK, define_version=ATTACK, originator=ATTACK,
        comment_oid="COM.1",
        item_groups=(
            ItemGroupDef(
                ATTACK, ATTACK, ATTACK, texts, ATTACK, (ref, ItemRef(ATTACK, 2)), ATTACK, repeating=True,
                purpose=ATTACK, standard_oid=ATTACK, comment_oid="COM.1", leaf=Leaf("LF.1", ATTACK, ATTACK),
            ),
        ),
        items=(item,),
        value_lists=(ValueListDef("VL.1", (ItemRef("IT.1", where_clause_oids=("WC.1", ATTACK)), ItemRef(ATTACK))),),
        where_clauses=(
            WhereClauseDef("WC.1", (RangeCheck("IT.1", "EQ", (ATTACK,)), RangeCheck(ATTACK, "EQ", (ATTACK,))), "COM.1"),
        ),
        codelists=(
            CodeList("CL.1", ATTACK, description=texts,
                     terms=(CodeListTerm(ATTACK, texts, rank=ATTACK, description=texts),)),
            CodeList("CL.2", ATTACK, external=ExternalCodeList(ATTACK, ATTACK, "javascript:alert(3)", ATTACK)),
        ),
        methods=(MethodDef("MT.1", ATTACK, texts, documents=(document,)),),
        comments=(CommentDef("COM.1", texts, (document,)), CommentDef(ATTACK, texts)),
        leaves=(Leaf("LF.crf", "javascript:alert(4)", ATTACK), Leaf("LF.2", " JavaScript:alert(5)", "x"),
                Leaf("LF.3", "data:text/html,<script>alert(6)</script>", "y"), Leaf("LF.4", "//evil.example/a", "z"),
                Leaf("LF.5", "java\nscript:alert(7)", "w")),
    )  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_texts_of_the_file_are_shown_and_never_run(lang: str) -> None:
    page = page_of(hostile(), lang)
    assert len(page.xpath("//script")) == 1
    assert page.xpath("//img | //iframe | //object | //link | //*[@src] | //*[@style]") == []
    attributes = {name for one in page.iter() if isinstance(one.tag, str) for name in one.attrib}
    assert [name for name in attributes if name.startswith("on")] == []
    addresses = [one.get("href") for one in page.xpath("//a")]
    assert [one for one in addresses if re.match(r"\s*(java|data|//)", one, re.IGNORECASE)] == []
    assert plain(page).count("alert('x')") > 20  # shown as the text that it is


def test_the_page_loads_nothing_and_runs_only_its_own_script() -> None:
    page = page_of(DEFINE)
    assert page.xpath("//link | //*[@src] | //iframe | //object | //embed") == []
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    for tag in ("script", "style"):
        (content,) = (one.text for one in page.xpath(f"//{tag}"))
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert page.xpath("//input[@type='search']/@hidden") == [""]  # the search shows itself where scripts run


def test_control_characters_do_not_reach_the_page() -> None:
    assert b"\x07" not in define_page(small(study_name="A\x07B"))


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_foreign_files_are_rendered_whole(path: Path, lang: str) -> None:
    if not path.exists():
        pytest.skip("the sample is not here")
    define = read_define(path)
    page = page_of(define, lang)
    held = {item.oid: item for item in define.items}
    lists = {one.oid: one for one in define.value_lists}
    for group in define.item_groups:
        refs = [held[ref.item_oid] for ref in group.items]
        levels = sum(len(lists[item.value_list_oid].items) for item in refs if item.value_list_oid)
        assert len(rows(page, f"dataset.{group.oid}")) == len(refs) + levels
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    links = {one[1:] for one in page.xpath("//a/@href") if one.startswith("#")}
    assert links <= set(ids)
    assert page.xpath("//*[@class='bad']") == []


def test_the_verb_renders_in_either_style(tmp_path: Path) -> None:
    def run(*more: str) -> str:
        result = CliRunner().invoke(
            main, ["define", "html", str(TEXT), "--out", str(tmp_path / "d.html"), *more]
        )
        return f"{result.exit_code} {result.output}"

    assert run() == f"0 written to {tmp_path / 'd.html'}\n"
    assert (tmp_path / "d.html").read_bytes() == define_html(TEXT)
    assert run("--lang", "zh").startswith("0 ")
    assert (tmp_path / "d.html").read_bytes() == define_page(read_define(TEXT), "zh")
    assert run("--style", "own").startswith("0 ")
    assert (tmp_path / "d.html").read_bytes() == define_page(read_define(TEXT))
    said = run("--style", "official", "--lang", "zh")
    assert said.startswith("2 ")
    assert "the official style is in English alone: leave out --style, or write --style own" in said


def test_the_same_file_gives_the_same_bytes() -> None:
    content = define_bytes(DEFINE)
    assert define_html(content, style="own", lang="zh") == define_page(DEFINE, "zh")
    with pytest.raises(ValueError, match="in English alone"):
        define_html(content, style="official", lang="zh")
