"""define.html: complete, self-contained, rendered without the network."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree, html

from define_example import TEXT
from sdtm_il2.cli import main
from sdtm_il2.define.html import define_html, stylesheet_path
from sdtm_il2.errors import DefineError

FOREIGN = Path(__file__).parents[2] / "shared" / "data" / "define21" / "define.xml"


def test_every_dataset_variable_and_term_is_on_the_page():
    page = html.fromstring(define_html(TEXT))
    text = re.sub(r"\s+", " ", page.text_content())
    for words in (
        "Demographics (DM)", "Laboratory Test Results", "ECG Test Results", "Supplemental Qualifiers for DM",
        "Whole years from BRTHDTC to RFSTDTC.", "A study of doses < 5 mg & more", "Annotated CRF", "YELLOW",
        "No subject died.",
    ):  # fmt: skip
        assert words in text
    assert page.findtext(".//title") == "S1: SDTMIG 3.4"


def test_the_page_loads_nothing():
    page = html.fromstring(define_html(TEXT))
    assert page.xpath("//link | //*[@src] | //iframe | //object | //embed") == []
    assert "@import" not in page.text_content()


def test_bytes_and_path_give_the_same_page():
    assert define_html(TEXT.read_bytes()) == define_html(TEXT)


def test_a_page_without_all_datasets_is_refused():
    broken = TEXT.read_bytes().replace(b'OID="IG.DM" ', b"", 1)
    with pytest.raises(DefineError) as caught:
        define_html(broken)
    assert (
        caught.value.issues[0].message
        == "the stylesheet gives no complete page: no section for a dataset without OID"
    )


def test_text_of_the_study_is_not_run():
    attack = TEXT.read_bytes().replace(b"No subject died.", b"&lt;script&gt;alert(1)&lt;/script&gt;")
    page = define_html(attack)
    assert b"<script>alert(1)" not in page
    assert b"&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_addresses_that_run_something_are_no_links():
    href = b'xlink:href="csdrg.pdf"'
    for address in (b"javascript:alert(1)", b" JavaScript:alert(1)", b"data:text/html,x", b"//example.org/x"):
        page = define_html(TEXT.read_bytes().replace(href, b'xlink:href="%s"' % address))
        assert b'href="%s' % address not in page
    assert b'href="csdrg.pdf' in define_html(TEXT.read_bytes())


def test_the_stylesheet_is_that_of_the_standard():
    assert stylesheet_path().read_bytes().startswith(b"<?xml")
    assert b"Define-XML 2.1" in stylesheet_path().read_bytes()


def same_as_the_stylesheet_alone(source: Path) -> bool:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    alone = etree.XSLT(etree.fromstring(stylesheet_path().read_bytes(), parser))
    return bytes(alone(etree.parse(str(source), parser))) == define_html(source)


def test_the_index_changes_no_byte_of_the_page():
    assert same_as_the_stylesheet_alone(TEXT)


@pytest.mark.skipif(
    not FOREIGN.exists(), reason="the sample of the metadata submission guidelines is not here"
)
def test_the_index_changes_no_byte_of_a_foreign_page():
    assert same_as_the_stylesheet_alone(FOREIGN)


@pytest.mark.skipif(
    not FOREIGN.exists(), reason="the sample of the metadata submission guidelines is not here"
)
def test_a_foreign_file_is_rendered_with_all_31_datasets():
    page = html.fromstring(define_html(FOREIGN))
    assert len(page.xpath("//a[@id]|//*[starts-with(@id,'IG.')]")) >= 31


def test_the_page_of_a_build_is_written_again_as_it_was(tmp_path):
    """Beside a manifest that states Chinese labels the page is Chinese, unless the call says otherwise."""
    content = TEXT.read_bytes()
    (tmp_path / "define.xml").write_bytes(content)

    def page(*options: str) -> bytes:
        done = CliRunner().invoke(main, ["define", "html", str(tmp_path / "define.xml"), *options])
        assert done.exit_code == 0, done.output
        return (tmp_path / "define.html").read_bytes()

    assert page() == define_html(content)
    (tmp_path / "manifest.json").write_text('{"label_language": "zh"}', encoding="utf-8")
    assert page() == page("--lang", "zh") == define_html(content, style="own", lang="zh")
    assert page("--lang", "en") == page("--style", "official") == define_html(content)
    for damaged in ("", "[1]", '{"label_language": 3}', '{"label_language": "en"}'):
        (tmp_path / "manifest.json").write_text(damaged, encoding="utf-8")
        assert page() == define_html(content)
