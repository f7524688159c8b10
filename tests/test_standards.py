"""Standards: values known from the published tables, and imports that must fail with a place and a hint."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import pytest

from sdtm_il2.errors import StandardsError
from sdtm_il2.nearest import nearest_names
from sdtm_il2.standards import (
    available_releases,
    describe,
    import_ig,
    import_terminology,
    load_define_terminology,
    load_standard,
)

STANDARD = load_standard("SDTMIG 3.4", "2025-03-28")
HEADER = (
    "Code\tCodelist Code\tCodelist Extensible (Yes/No)\tCodelist Name\tCDISC Submission Value\t"
    "CDISC Synonym(s)\tCDISC Definition\tNCI Preferred Term\n"
)
LISTS = (
    "C900001\t\tNo\tPain Test Code\tPAINTC\tPain Test Code\tmade up\tPain Test Code\n"
    "C900010\tC900001\t\tPain Test Code\tPAIN01\tPain Now; Pain Today\tmade up\tPain Now\n"
    "C900002\t\tYes\tPain Test Name\tPAINTN\tPain Test Name\tmade up\tPain Test Name\n"
    "C900010\tC900002\t\tPain Test Name\tPain Today\t\tmade up\tPain Now\n"
)


def messages(error: pytest.ExceptionInfo[StandardsError], folder: Path) -> list[str]:
    return str(error.value).replace(f"{folder}/", "").split("\n")


# the implementation guide ------------------------------------------------------------------------------


def test_a_variable_of_the_guide():
    severity = STANDARD.variable("AE", "AESEV")
    assert severity is not None
    assert (severity.label, severity.type, severity.role, severity.core) == (
        "Severity/Intensity", "Char", "Record Qualifier", "Perm",
    )  # fmt: skip
    assert severity.codelists == ("C66769",)
    assert (severity.model_variable, severity.source) == ("--SEV", "ig")
    assert STANDARD.variable("AE", "AESTDTC").described_value_domain == "ISO 8601 datetime or interval"
    assert STANDARD.variable("AE", "DOMAIN").value_list == ("AE",)
    assert STANDARD.variable("FA", "FATESTCD").model_variable == "--TESTCD"
    assert STANDARD.variable("AE", "AEXYZ") is None
    assert STANDARD.variable("XX", "XXTERM") is None


def test_datasets_stand_in_the_guides_order():
    names = [dataset.name for dataset in STANDARD.datasets]
    assert (len(names), names[:4], names[-1]) == (63, ["AE", "AG", "BE", "BS"], "VS")
    first = [variable.name for variable in STANDARD.dataset("AE").variables][:9]
    assert first == [
        "STUDYID",
        "DOMAIN",
        "USUBJID",
        "SPDEVID",
        "AESEQ",
        "AEGRPID",
        "AEREFID",
        "AESPID",
        "AETERM",
    ]
    assert [one.order for one in STANDARD.dataset("AE").variables] == list(range(1, 61))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DM", "SPECIAL PURPOSE"), ("EX", "INTERVENTIONS"), ("AE", "EVENTS"), ("LB", "FINDINGS"),
        ("FA", "FINDINGS ABOUT"), ("TS", "TRIAL DESIGN"), ("RELREC", "RELATIONSHIP"),
        ("OI", "STUDY REFERENCE"),
        ("CO", "SPECIAL PURPOSE"), ("SUPPQUAL", "RELATIONSHIP"),
    ],
)  # fmt: skip
def test_the_class_in_define_xml_spelling(name, expected):
    assert STANDARD.dataset(name).define_class == expected


def test_supplemental_datasets_come_from_suppqual():
    supplemental = STANDARD.dataset("SUPPAE")
    assert (supplemental.name, supplemental.label) == ("SUPPAE", "Supplemental Qualifiers for AE")
    assert [one.name for one in supplemental.variables] == [
        "STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM", "QLABEL", "QVAL", "QORIG", "QEVAL",
    ]  # fmt: skip
    assert supplemental.variable("RDOMAIN").value_list == ("AE",)
    assert STANDARD.dataset("SUPP") is None


def test_guides_differ():
    assert STANDARD.variable("IS", "ISBDAGNT").codelists == ("C85491", "C181169")
    older = load_standard("SDTMIG 3.3")
    assert older.dataset("IS").variable("ISBDAGNT") is None
    assert older.variable("IS", "ISBDAGNT") is None, "SDTM 1.7, beneath 3.3, has no --BDAGNT"
    assert older.dataset("CP") is None
    assert load_standard("3.2").dataset("MO").label == "Morphology"
    assert load_standard("3.2").variable("LB", "LBLOBXFL") is None
    assert older.variable("LB", "LBLOBXFL").core == "Exp"


# the model beneath it ----------------------------------------------------------------------------------


def test_the_model_allows_variables_of_the_class():
    side = STANDARD.variable("AE", "AELAT")
    assert (side.label, side.core, side.source, side.model_variable) == (
        "Laterality",
        "Perm",
        "model",
        "--LAT",
    )
    assert STANDARD.dataset("AE").variable("AELAT") is None
    assert STANDARD.variable("LB", "LBBDAGNT").source == "ig"
    assert STANDARD.variable("VS", "VSBDAGNT") is None, "restricted to CP, IS and LB"
    assert STANDARD.variable("CM", "CMTRTV").label == "Treatment Vehicle"
    assert STANDARD.variable("CM", "CMORRES") is None, "of another class"
    assert STANDARD.variable("AE", "FETUSID") is None, "nonclinical only"
    assert STANDARD.variable("LB", "LBSTDTC") is None, "not in findings"
    assert STANDARD.variable("AE", "AEOCCUR") is None, "not in AE"
    assert STANDARD.variable("DM", "DMLAT") is None, "DM is of no observation class"


def test_model_variables_take_the_codelists_on_which_the_class_agrees():
    assert STANDARD.variable("AE", "AEEVLINT").described_value_domain == "ISO 8601 duration or interval"
    assert STANDARD.variable("CM", "CMLAT").codelists == ("C99073",)
    assert STANDARD.custom_dataset("XF", "X", "Findings", "").variable("XFTESTCD").codelists == ()


def test_allowed_variables_keep_the_guides_order_and_merge_the_models():
    names = [one.name for one in STANDARD.allowed_variables("AE")]
    guide = [one.name for one in STANDARD.dataset("AE").variables]
    assert [name for name in names if name in guide] == guide
    assert names[:6] == ["STUDYID", "DOMAIN", "USUBJID", "POOLID", "SPDEVID", "NHOID"]
    place = names.index("AELOC")
    assert names[place : place + 6] == ["AELOC", "AELAT", "AEDIR", "AEPORTOT", "AEPARTY", "AEPRTYID"]
    place = names.index("AETOXGR")
    assert names[place : place + 6] == ["AETOXGR", "VISITNUM", "VISIT", "VISITDY", "TAETORD", "EPOCH"]
    about = [one.name for one in STANDARD.allowed_variables("FA")]
    assert about[about.index("FATEST") + 1] == "FAOBJ"
    assert STANDARD.allowed_variables("DM") == STANDARD.dataset("DM").variables
    for domain in STANDARD.dataset_names:
        allowed = [one.name for one in STANDARD.allowed_variables(domain)]
        assert len(set(allowed)) == len(allowed), domain


def test_a_custom_domain():
    weather = STANDARD.custom_dataset("XW", "Weather", "FINDINGS", "One record per day")
    assert (weather.class_, weather.define_class, weather.structure) == (
        "Findings",
        "FINDINGS",
        "One record per day",
    )
    required = [one.name for one in weather.variables if one.core == "Req"]
    assert required == ["STUDYID", "DOMAIN", "USUBJID", "XWSEQ", "XWTESTCD"]
    assert weather.variable("DOMAIN").value_list == ("XW",)
    assert weather.variable("XWSTAT").codelists == ("C66789",)
    assert weather.variable("XWOBJ") is None
    assert (
        STANDARD.custom_dataset("XO", "", "Findings About", "").variable("XOOBJ").label
        == "Object of the Observation"
    )


# terminology -------------------------------------------------------------------------------------------


def test_a_codelist_by_code_and_by_short_name():
    severity = STANDARD.codelist("C66769")
    assert severity.name == "Severity/Intensity Scale for Adverse Events"
    assert (severity.submission_value, severity.extensible) == ("AESEV", False)
    assert severity.values == ("MILD", "MODERATE", "SEVERE")
    assert severity.term("MILD").code == "C41338"
    assert ("MILD" in severity, "mild" in severity) == (True, False)
    assert STANDARD.codelist("ACN").code == "C66767"
    assert STANDARD.codelist("NY").term("U").synonyms == ("U", "UNK", "Unknown")
    assert STANDARD.codelist("C1") is None
    assert STANDARD.codelist("UNIT").extensible is True
    assert len(STANDARD.terminology.codelists) == 1158


def test_test_codes_and_names_are_paired():
    assert STANDARD.paired("C65047").code == "C67154"
    assert STANDARD.paired("C67154").code == "C65047"
    assert STANDARD.decode("C65047", "WBC") == "Leukocytes"
    assert STANDARD.decode("VSTESTCD", "SYSBP") == "Systolic Blood Pressure"
    assert STANDARD.decode("C66769", "MILD") == "Mild Adverse Event"
    assert STANDARD.decode("C65047", "NO SUCH") is None
    assert STANDARD.paired("C66769") is None
    assert STANDARD.paired("C66767") is None


def test_every_test_code_list_of_the_guide_pairs_with_its_test_list():
    for dataset in STANDARD.datasets:
        for variable in dataset.variables:
            if variable.model_variable != "--TESTCD" or not variable.codelists:
                continue
            names = dataset.variable(variable.name.removesuffix("CD")).codelists
            assert {STANDARD.paired(code).code for code in variable.codelists} == set(names), variable.name


def test_define_xml_terminology():
    define = load_define_terminology()
    assert define.release.title == "Define-XML CT 2026-03-27"
    assert "FINDINGS ABOUT" in define.codelist("C103329").values
    classes = {dataset.define_class for dataset in STANDARD.datasets}
    assert classes <= set(define.codelist("C103329").values)


def test_releases_are_named_and_hashed():
    assert [one.title for one in available_releases()] == [
        "SDTMIG 3.2", "SDTMIG 3.3", "SDTMIG 3.4", "SDTM CT 2025-03-28", "Define-XML CT 2026-03-27",
    ]  # fmt: skip
    assert (STANDARD.ig, STANDARD.ig_version, STANDARD.ct_version) == ("SDTMIG", "3.4", "2025-03-28")
    assert STANDARD.ig_hash == "237bdac14426c4650abc59961aba947fe5f856a0bf1c6b3f60c0e9ef33cb2bbf"
    assert STANDARD.ct_hash == "a6214455ba10c2d1c3f6b4d3e2b8e032da30cfbb925c5587a8ee20a9b59fa190"
    assert all(one.file.stat().st_size < 1_400_000 for one in available_releases())


def test_a_standard_crosses_process_borders():
    copy = pickle.loads(pickle.dumps(STANDARD))
    assert copy == STANDARD
    assert copy.decode("C65047", "WBC") == "Leukocytes"


def test_unknown_releases_are_refused_together():
    with pytest.raises(StandardsError) as error:
        load_standard("SDTMIG 3.5", "2024-01-01")
    assert str(error.value) == (
        "STD201: 'SDTMIG 3.5' is not available; the available guides are SDTMIG 3.2, SDTMIG 3.3, SDTMIG 3.4\n"
        "  hint: write SDTMIG 3.4, or import the guide's tables with sdtm-il2 standards import\n"
        "STD202: terminology '2024-01-01' is not available; the available releases are SDTM CT 2025-03-28\n"
        "  hint: write 2025-03-28, or import the release's text file with sdtm-il2 standards import"
    )
    with pytest.raises(StandardsError, match="STD202: terminology '2020-01-01' is not available"):
        load_define_terminology("2020-01-01")


def test_unknown_datasets_and_classes():
    with pytest.raises(StandardsError) as error:
        STANDARD.allowed_variables("LBB")
    assert str(error.value) == (
        "STD203: dataset 'LBB' is not in SDTMIG 3.4\n"
        "  hint: did you mean LB? a domain of your own states label, class and structure"
    )
    with pytest.raises(StandardsError) as error:
        STANDARD.custom_dataset("AE", "Mine", "Special-Purpose", "")
    assert str(error.value) == (
        "STD204 AE: class 'Special-Purpose' is no observation class; a custom domain has one of "
        "Interventions, Events, Findings, Findings About\n"
        "  hint: write one of them as the domain's class\n"
        "STD207 AE: a custom domain needs two letters or a letter and a digit that SDTMIG 3.4 does not use\n"
        "  hint: choose a code that starts with X, Y or Z"
    )


# describing --------------------------------------------------------------------------------------------


def test_describe():
    variable, codelist = describe(STANDARD, "AESEV")
    assert variable.title == "AE.AESEV: Severity/Intensity"
    assert ("Defined by", "SDTMIG 3.4") in variable.facts
    assert variable.rows == (("C66769", "AESEV", "Severity/Intensity Scale for Adverse Events", "no"),)
    assert codelist.title == "AESEV (C66769): Severity/Intensity Scale for Adverse Events"
    assert codelist.rows[0] == ("MILD", "C41338", "Mild Adverse Event", "1; Grade 1")
    assert describe(STANDARD, "AE.AESEV") == (variable,)
    assert describe(STANDARD, "C66769") == (codelist,)
    assert describe(STANDARD, "ACN")[0].name == "C66767"
    assert ("Paired with", "LBTEST (C67154)") in describe(STANDARD, "C65047")[0].facts
    (dataset,) = describe(STANDARD, "ae")
    assert dataset.rows[8][:4] == ("AETERM", "Reported Term for the Adverse Event", "Char", "Req")
    (allowed,) = describe(STANDARD, "AELAT")
    assert ("Defined by", "SDTM 2.0 for its class") in allowed.facts


def test_describe_names_the_nearest():
    with pytest.raises(StandardsError) as error:
        describe(STANDARD, "AE.AESVE")
    assert str(error.value).startswith(
        "STD206: 'AE.AESVE' is no dataset, variable or codelist of SDTMIG 3.4 and SDTM CT 2025-03-28\n"
        "  hint: nearest: AE.AESEV"
    )


def test_nearest():
    assert nearest_names("DRUG INTERUPTED", STANDARD.codelist("ACN").values) == ("DRUG INTERRUPTED",)
    assert nearest_names("zzzz", ["AE"]) == ()


# imports -----------------------------------------------------------------------------------------------


def test_import_of_nci_text(tmp_path):
    file = tmp_path / "SDTM Terminology 2025-09-26.txt"
    file.write_bytes(("\ufeff" + HEADER + LISTS).replace("\n", "\r\n").encode())
    folder = tmp_path / "standards"
    made = import_terminology(file, folder)
    assert (made.encoding, made.groups, made.items, made.issues) == ("utf-8", 2, 2, ())
    assert made.release.title == "SDTM CT 2025-09-26"
    assert [one.name for one in folder.iterdir()] == ["sdtm-ct-2025-09-26.zip"]
    standard = load_standard("3.4", "2025-09-26", folder)
    assert standard.codelist("PAINTC").term("PAIN01").synonyms == ("Pain Now", "Pain Today")
    assert standard.decode("C900001", "PAIN01") == "Pain Today"
    assert (standard.codelist("C900001").extensible, standard.codelist("C900002").extensible) == (False, True)
    titles = [(one.title, one.bundled) for one in available_releases(folder)]
    assert ("SDTM CT 2025-09-26", False) in titles
    assert ("SDTM CT 2025-03-28", True) in titles


def test_importing_twice_gives_the_same_bytes(tmp_path):
    file = tmp_path / "any name.txt"
    file.write_text(HEADER + LISTS)
    for name in ("a", "b", "b"):
        import_terminology(file, tmp_path / name, version="2025-09-26", package="SDTM")
    first, second = (tmp_path / name / "sdtm-ct-2025-09-26.zip" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_windows_1252_is_named(tmp_path):
    file = tmp_path / "Define-XML Terminology 2025-09-26.txt"
    file.write_bytes((HEADER + LISTS.replace("Pain Now; ", "Père; ")).encode("cp1252"))
    made = import_terminology(file, tmp_path)
    assert made.encoding == "cp1252"
    assert [str(one).replace(f"{tmp_path}/", "") for one in made.issues] == [
        (
            "Define-XML Terminology 2025-09-26.txt:3: STD223: the text is not UTF-8 from this line on and "
            "was read as Windows-1252\n  hint: look at the terms with accents, or save the file as UTF-8"
        )
    ]
    term = load_define_terminology("2025-09-26", tmp_path).codelist("PAINTC").term("PAIN01")
    assert term.synonyms == ("Père", "Pain Today")


def test_all_problems_of_a_file_are_reported_at_once(tmp_path):
    file = tmp_path / "SDTM Terminology 2025-09-26.txt"
    file.write_text(
        HEADER
        + LISTS
        + "C900011\tC900009\t\tLost\tLOST\t\tmade up\tLost\n"
        + "C900012\tC900009\t\tLost\tLOST2\t\tmade up\tLost 2\n"
        + "C900013\tC900001\t\tPain Test Code\tPAIN01\t\tmade up\tAgain\n"
        + "C900002\t\tYes\tPain Test Name\tPAINTN2\tAgain\tmade up\tAgain\n"
        + "C900003\t\tMaybe\tOther\tOTHER\tOther\tmade up\tOther\n"
        + "X1\tC900001\t\tPain Test Code\tPAIN02\t\tmade up\tPain 2\n"
        + "C900014\tC900001\t\tPain Test Code\t\t\tmade up\tNo value\n"
        + "C900015\tC900001\tone column too few\n"
        + "C900016\tC900001\t\tPain Te"
    )
    with pytest.raises(StandardsError) as error:
        import_terminology(file, tmp_path / "standards")
    name = "SDTM Terminology 2025-09-26.txt"
    assert messages(error, tmp_path) == [
        f"{name}:6: STD216: 'C900009' is not defined, but named on 2 lines, here first",
        "  hint: take the whole file as published, or add the line of C900009",
        f"{name}:8: STD217: PAIN01 in C900001, line 3 stands twice",
        "  hint: remove one of the two lines",
        f"{name}:9: STD217: PAINTN2 (C900002) stands twice",
        "  hint: remove one of the two lines",
        f"{name}:10: STD218: column Codelist Extensible (Yes/No) holds 'Maybe': it is Yes or No",
        "  hint: take the file as published, or correct the field",
        f"{name}:11: STD218: column Code holds 'X1': an NCI code is C and digits",
        "  hint: take the file as published, or correct the field",
        f"{name}:12: STD218: column CDISC Submission Value holds '': it may not be empty",
        "  hint: take the file as published, or correct the field",
        f"{name}:13: STD215: the line has 3 columns, the header 8",
        "  hint: take the file as published; a text editor may have broken the line",
        f"{name}:14: STD214: the last line has 4 of 8 columns",
        "  hint: download the file again",
    ]
    assert not (tmp_path / "standards").exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [":  STD211: the file holds no records", "  hint: download the file again"]),
        (HEADER.encode(), [":  STD211: the file holds no records", "  hint: download the file again"]),
        (
            b"Code,Name\nC1,x\n",
            [
                (
                    ":1: STD213: the header lacks Code, Codelist Code, Codelist Extensible (Yes/No), "
                    "Codelist Name, CDISC Submission Value, CDISC Synonym(s), NCI Preferred Term"
                ),
                "  hint: take the tab-separated text file as published, not a spreadsheet's copy",
            ],
        ),
        (
            (HEADER + LISTS).encode("utf-16"),
            [
                ":1: STD212: the text is neither UTF-8 nor Windows-1252",
                "  hint: take the text file of the release as published, or save it as UTF-8",
            ],
        ),
    ],
)
def test_files_that_are_no_release(tmp_path, content, expected):
    file = tmp_path / "SDTM Terminology 2025-09-26.txt"
    file.write_bytes(content)
    with pytest.raises(StandardsError) as error:
        import_terminology(file, tmp_path / "standards")
    expected[0] = f"SDTM Terminology 2025-09-26.txt{expected[0]}".replace(":  ", ": ")
    assert messages(error, tmp_path) == expected


def test_a_file_whose_name_tells_nothing(tmp_path):
    file = tmp_path / "download.txt"
    file.write_text(HEADER + LISTS)
    with pytest.raises(StandardsError) as error:
        import_terminology(file, tmp_path, version="26.09.2025")
    assert messages(error, tmp_path) == [
        "download.txt: STD219: a release date as 2025-09-26 is needed; given: 26.09.2025",
        "  hint: keep the published file name, or state it with the import",
        "download.txt: STD219: the package, SDTM or Define-XML is needed; given: none",
        "  hint: keep the published file name, or state it with the import",
    ]


def test_a_missing_line_end_is_a_warning(tmp_path):
    file = tmp_path / "SDTM Terminology 2025-09-26.txt"
    file.write_text(HEADER + LISTS.removesuffix("\n"))
    made = import_terminology(file, tmp_path)
    assert [str(one).replace(f"{tmp_path}/", "") for one in made.issues] == [
        (
            "SDTM Terminology 2025-09-26.txt:5: STD222: the last line does not end with a line break\n"
            "  hint: compare its size with the published file"
        )
    ]


def test_another_text_under_the_same_name_is_refused(tmp_path):
    file = tmp_path / "SDTM Terminology 2025-09-26.txt"
    file.write_text(HEADER + LISTS)
    release = import_terminology(file, tmp_path).release
    before = release.file.read_bytes()
    file.write_text(HEADER + LISTS.replace("Pain Now;", "Pain at Present;"))
    with pytest.raises(StandardsError) as error:
        import_terminology(file, tmp_path)
    assert messages(error, tmp_path) == [
        "sdtm-ct-2025-09-26.zip: STD220: SDTM CT 2025-09-26 is there already with another text",
        "  hint: delete that file if the new one is right",
    ]
    assert release.file.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == [file.name, "sdtm-ct-2025-09-26.zip"]


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(StandardsError) as error:
        import_terminology(tmp_path / "SDTM Terminology 2025-09-26.txt", tmp_path)
    assert messages(error, tmp_path) == [
        "SDTM Terminology 2025-09-26.txt: STD210: the file cannot be read: No such file or directory",
        "  hint: check the path and the permissions",
    ]
    file = tmp_path / "sdtm-ct-2025-09-26.csv.gz"
    file.write_bytes(gzip.compress(b"codelist_code\n" * 99)[:-9])
    with pytest.raises(StandardsError, match="STD210: the file cannot be read: the gzip file is cut short"):
        import_terminology(file, tmp_path)


def test_a_damaged_release_is_refused(tmp_path):
    (tmp_path / "sdtm-ct-2025-09-26.zip").write_bytes(b"no ZIP")
    with pytest.raises(StandardsError) as error:
        load_standard("3.4", "2025-09-26", tmp_path)
    assert messages(error, tmp_path) == [
        "sdtm-ct-2025-09-26.zip: STD208: the file is no packed release or is damaged",
        "  hint: delete it and import the release again",
    ]
    (tmp_path / "sdtmig-9.csv").write_text("a,b\n")
    with pytest.raises(StandardsError, match="STD208"):
        load_standard("9", folder=tmp_path)


DATASETS = (
    "order,dataset,label,class,structure\n"
    "2,AE,Adverse Events,Events,One record per event\n"
    "1,DM,Demographics,Special-Purpose,One record per subject\n"
)
VARIABLES = (
    "dataset,order,variable,label,type,role,core,codelists,described_value_domain,value_list,model_variable\n"
    "AE,2,AETERM,Reported Term,Char,Topic,Req,,,,--TERM\n"
    "AE,1,DOMAIN,Domain Abbreviation,Char,Identifier,Req,,,AE,DOMAIN\n"
    'DM,1,SEX,"Sex, as reported",Char,Record Qualifier,Req,C66731 C66732,,,SEX\n'
)


def guide(tmp_path: Path, datasets: str = DATASETS, variables: str = VARIABLES) -> Path:
    folder = tmp_path / "sdtmig-3.9"
    folder.mkdir()
    (folder / "datasets.csv").write_text(datasets)
    (folder / "variables.csv").write_text(variables)
    return folder


def test_import_of_a_guide(tmp_path):
    made = import_ig(guide(tmp_path), tmp_path / "standards")
    assert (made.release.title, made.groups, made.items, made.issues) == ("SDTMIG 3.9", 2, 3, ())
    standard = load_standard("SDTMIG 3.9", folder=tmp_path / "standards")
    assert [dataset.name for dataset in standard.datasets] == ["DM", "AE"]
    assert [one.name for one in standard.dataset("AE").variables] == ["DOMAIN", "AETERM"]
    assert standard.variable("DM", "SEX").codelists == ("C66731", "C66732")
    assert standard.variable("AE", "AESEV").source == "model"


def test_problems_of_a_guide_are_reported_at_once(tmp_path):
    folder = guide(
        tmp_path,
        DATASETS.replace("Special-Purpose", "Special") + "3,AE,Again,Events,x\n",
        VARIABLES
        + "XX,1,XXTERM,Term,Char,Topic,Req,,,,--TERM\n"
        + "AE,3,AETERM,Twice,Char,Topic,Req,,,,--TERM\n"
        + "AE,four,aesev,,Text,Topic,Must,C1;C2,,,--SEV\n",
    )
    with pytest.raises(StandardsError) as error:
        import_ig(folder, tmp_path / "standards")
    problems = [line for line in messages(error, folder) if not line.startswith("  hint")]
    classes = "Special-Purpose, Interventions, Events, Findings, Findings About, Trial Design, Relationship, "
    names = "a variable has 1 to 8 upper-case letters and digits"
    assert problems == [
        f"datasets.csv:3: STD218: column class holds 'Special': it is {classes}Study Reference",
        "datasets.csv:4: STD217: AE stands twice",
        "variables.csv:5: STD216: 'XX' is not defined, but named on 1 line, here first",
        "variables.csv:6: STD217: AE.AETERM stands twice",
        "variables.csv:7: STD218: column codelists holds 'C1;C2': it is C-codes with blanks between",
        "variables.csv:7: STD218: column core holds 'Must': it is Req, Exp or Perm",
        "variables.csv:7: STD218: column label holds '': it may not be empty",
        "variables.csv:7: STD218: column order holds 'four': it is a number",
        "variables.csv:7: STD218: column type holds 'Text': it is Char or Num",
        f"variables.csv:7: STD218: column variable holds 'aesev': {names}",
    ]
    assert not (tmp_path / "standards").exists()


def test_a_quotation_mark_without_its_partner(tmp_path):
    folder = guide(tmp_path, variables=VARIABLES + 'AE,3,AESEV,"Severity,Char,Topic,Req,,,,--SEV\n')
    with pytest.raises(StandardsError) as error:
        import_ig(folder, tmp_path)
    assert messages(error, folder) == [
        "variables.csv:5: STD209: the line is no CSV: unexpected end of data",
        "  hint: look for a quotation mark without its partner",
    ]


SHARED = Path(__file__).parents[2] / "shared" / "standards"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the source tables are not beside the repository")
@pytest.mark.parametrize("name", ["sdtm-ct-2025-03-28", "define-xml-ct-2026-03-27"])
def test_the_bundled_terminology_is_what_the_import_makes(tmp_path, name):
    made = import_terminology(SHARED / "ct" / f"{name}.csv.gz", tmp_path).release
    bundled = next(one for one in available_releases() if one.file.name == f"{name}.zip")
    assert made.hash == bundled.hash


@pytest.mark.skipif(not SHARED.is_dir(), reason="the source tables are not beside the repository")
@pytest.mark.parametrize("version", ["3.3", "3.4"])
def test_the_bundled_guide_is_what_the_import_makes(tmp_path, version):
    made = import_ig(SHARED / f"sdtmig-{version}", tmp_path).release
    assert made.file.read_bytes() == load_standard(version).ig_release.file.read_bytes()
