"""A small Define that uses every element; tests/golden/define/define.xml is its text, written by hand."""

from pathlib import Path

from sdtm_il2.define.model import (
    Alias,
    CodeList,
    CodeListTerm,
    CommentDef,
    DeclaredStandard,
    Define,
    DocumentRef,
    FormalExpression,
    ItemDef,
    ItemGroupDef,
    ItemRef,
    Leaf,
    MethodDef,
    Origin,
    PDFPageRef,
    RangeCheck,
    TranslatedText,
    ValueListDef,
    WhereClauseDef,
    described,
)

TEXT = Path(__file__).with_name("golden") / "define" / "define.xml"

ASSIGNED = (Origin("Assigned", "Sponsor"),)
PROTOCOL = (Origin("Protocol", "Sponsor"),)


def nci(code: str) -> tuple[Alias, ...]:
    return (Alias("nci:ExtCodeID", code),)


def crf(*pages: PDFPageRef) -> tuple[Origin, ...]:
    return (Origin("Collected", "Investigator", documents=(DocumentRef("LF.acrf", pages),)),)


def item(dataset: str, name: str, kind: str, length: int | None, label: str = "", **more: object) -> ItemDef:
    oid = f"IT.{dataset}.{name}"
    return ItemDef(oid, name, kind, length, sas_field_name=name, description=described(label), **more)


def leaf(name: str) -> Leaf:
    return Leaf(f"LF.{name}", f"{name}.xpt", f"{name}.xpt")


DM = ItemGroupDef(
    "IG.DM", "DM", "DM", (TranslatedText("Demographics"),),
    "One record per subject",
    (
        ItemRef("IT.DM.STUDYID", 1, True, 1, role="Identifier"),
        ItemRef("IT.DM.USUBJID", 2, True, 2, role="Identifier"),
        ItemRef("IT.DM.AGE", 3, method_oid="MT.DM.AGE", role="Record Qualifier"),
        ItemRef("IT.DM.SEX", 4, True, role="Record Qualifier"),
        ItemRef("IT.DM.DTHDTC", 5, role="Record Qualifier", has_no_data=True),
    ),
    "SPECIAL PURPOSE", False, False, "DM", standard_oid="STD.1", archive_location_id="LF.dm", leaf=leaf("dm"),
)  # fmt: skip
LB = ItemGroupDef(
    "IG.LB", "LB", "LB", described("Laboratory Test Results"), "One record per test per subject",
    (
        ItemRef("IT.LB.STUDYID", 1, True, 1, role="Identifier"),
        ItemRef("IT.LB.USUBJID", 2, True, 2, role="Identifier"),
        ItemRef("IT.LB.LBTESTCD", 3, True, 3, role="Topic"),
        ItemRef("IT.LB.LBORRES", 4, role="Result Qualifier"),
    ),
    "FINDINGS", True, False, "LB", standard_oid="STD.1", archive_location_id="LF.lb", leaf=leaf("lb"),
)  # fmt: skip
SUPPDM = ItemGroupDef(
    "IG.SUPPDM", "SUPPDM", "DM", described("Supplemental Qualifiers for DM"),
    "One record per IDVAR, IDVARVAL, and QNAM value per subject",
    (
        ItemRef("IT.SUPPDM.USUBJID", 1, True, 1, role="Identifier"),
        ItemRef("IT.SUPPDM.QNAM", 2, True, 2, role="Topic"),
        ItemRef("IT.SUPPDM.QVAL", 3, True, role="Result Qualifier"),
    ),
    "RELATIONSHIP", True, False, "SUPPDM", standard_oid="STD.1", archive_location_id="LF.suppdm",
    leaf=leaf("suppdm"), aliases=(Alias("DomainDescription", "Demographics"),),
)  # fmt: skip
EG = ItemGroupDef(
    "IG.EG", "EG", "EG", described("ECG Test Results"), "One record per ECG observation per subject",
    (ItemRef("IT.EG.STUDYID", 1, True, 1, role="Identifier"),),
    "FINDINGS", True, False, "EG", standard_oid="STD.1", has_no_data=True, comment_oid="COM.EG",
)  # fmt: skip

ITEMS = (
    item("DM", "STUDYID", "text", 2, "Study Identifier", origins=PROTOCOL),
    item("DM", "USUBJID", "text", 6, "Unique Subject Identifier", origins=ASSIGNED),
    item("DM", "AGE", "integer", 2, "Age", origins=(Origin("Derived", "Sponsor"),)),
    item("DM", "SEX", "text", 1, "Sex", codelist_oid="CL.SEX",
         origins=crf(PDFPageRef(("6", "9")), PDFPageRef(first=12, last=14, title="Follow-up"))),
    item("DM", "DTHDTC", "date", None, "Date/Time of Death", comment_oid="COM.DTHDTC",
         origins=crf(PDFPageRef(("20",)))),
    item("LB", "STUDYID", "text", 2, "Study Identifier", origins=PROTOCOL),
    item("LB", "USUBJID", "text", 6, "Unique Subject Identifier", origins=ASSIGNED),
    item("LB", "LBTESTCD", "text", 5, "Lab Test or Examination Short Name", codelist_oid="CL.LBTESTCD",
         origins=ASSIGNED),
    item("LB", "LBORRES", "text", 6, "Result or Finding in Original Units", value_list_oid="VL.LB.LBORRES"),
    ItemDef("IT.LB.LBORRES.ALB", "LBORRES", "float", 4, 1, "LBORRES", "4.1",
            origins=(Origin("Collected", "Vendor"),)),
    ItemDef("IT.LB.LBORRES.COLOR", "LBORRES", "text", 6, None, "LBORRES", codelist_oid="CL.COLOR",
            origins=(Origin("Derived", "Sponsor"),)),
    item("SUPPDM", "USUBJID", "text", 6, "Unique Subject Identifier", origins=ASSIGNED),
    item("SUPPDM", "QNAM", "text", 5, "Qualifier Variable Name", origins=ASSIGNED),
    item("SUPPDM", "QVAL", "text", 20, "Data Value", value_list_oid="VL.SUPPDM.QVAL"),
    ItemDef("IT.SUPPDM.QVAL.RACE1", "RACE1", "text", 20, None, "RACE1", description=described("Race 1"),
            origins=(Origin("Predecessor", description=described("DM.SEX")),)),
    item("EG", "STUDYID", "text", 2, "Study Identifier", origins=PROTOCOL),
)  # fmt: skip

DEFINE = Define(
    file_oid="DEF.S1",
    creation_datetime="2025-06-30T12:00:00",
    study_oid="STDY.S1",
    study_name="S1",
    study_description="A study of doses < 5 mg & more",
    protocol_name="S1-P",
    mdv_oid="MDV.S1",
    mdv_name="SDTM of S1",
    mdv_description="Datasets of S1",
    originator="Sponsor",
    source_system="sdtm_il2",
    source_system_version="0.1.0",
    standards=(
        DeclaredStandard("STD.1", "SDTMIG", "IG", "3.4"),
        DeclaredStandard("STD.2", "CDISC/NCI", "CT", "2025-03-28", "SDTM"),
    ),
    annotated_crf=(DocumentRef("LF.acrf"),),
    documents=(DocumentRef("LF.csdrg"),),
    value_lists=(
        ValueListDef(
            "VL.LB.LBORRES",
            (
                ItemRef("IT.LB.LBORRES.ALB", 1, where_clause_oids=("WC.LB.LBTESTCD.ALB",)),
                ItemRef("IT.LB.LBORRES.COLOR", 2, method_oid="MT.COLOR",
                        where_clause_oids=("WC.LB.LBTESTCD.COLOR",)),
            ),
        ),
        ValueListDef(
            "VL.SUPPDM.QVAL",
            (ItemRef("IT.SUPPDM.QVAL.RACE1", 1, True, where_clause_oids=("WC.SUPPDM.QNAM.RACE1",)),),
        ),
    ),
    where_clauses=(
        WhereClauseDef("WC.LB.LBTESTCD.ALB", (RangeCheck("IT.LB.LBTESTCD", "EQ", ("ALB",)),)),
        WhereClauseDef("WC.LB.LBTESTCD.COLOR", (RangeCheck("IT.LB.LBTESTCD", "IN", ("COLOR", "HUE")),)),
        WhereClauseDef("WC.SUPPDM.QNAM.RACE1", (RangeCheck("IT.SUPPDM.QNAM", "EQ", ("RACE1",)),)),
    ),
    item_groups=(DM, LB, SUPPDM, EG),
    items=ITEMS,
    codelists=(
        CodeList(
            "CL.SEX", "Sex",
            terms=(
                CodeListTerm("F", described("Female"), nci("C16576"), order=1),
                CodeListTerm("M", described("Male"), nci("C20197"), order=2),
            ),
            aliases=nci("C66731"), standard_oid="STD.2",
        ),
        CodeList(
            "CL.LBTESTCD", "Laboratory Test Code",
            terms=(
                CodeListTerm("ALB", described("Albumin"), nci("C64431")),
                CodeListTerm("COLOR", described("Color"), nci("C64546")),
                CodeListTerm("HUE", described("Hue"), extended=True),
            ),
            aliases=nci("C65047"), standard_oid="STD.2",
        ),
        CodeList(
            "CL.COLOR", "Color of S1", terms=(CodeListTerm("RED"), CodeListTerm("YELLOW")),
            is_non_standard=True
        ),
    ),
    methods=(
        MethodDef(
            "MT.DM.AGE", "Algorithm for DM.AGE", described("Whole years from BRTHDTC to RFSTDTC."),
            expressions=(FormalExpression("Python", "(a < b)"),),
            documents=(DocumentRef("LF.csdrg", (PDFPageRef(("algorithms",), type="NamedDestination"),)),),
        ),
        MethodDef(
            "MT.COLOR", "Algorithm for colours", described("RED if the strip is red, else YELLOW."),
            "Imputation"
        ),
    ),
    comments=(
        CommentDef("COM.EG", described("No ECG was done.")),
        CommentDef("COM.DTHDTC", described("No subject died."), (DocumentRef("LF.csdrg"),)),
    ),
    leaves=(Leaf("LF.acrf", "acrf.pdf", "Annotated CRF"), Leaf("LF.csdrg", "csdrg.pdf", "Reviewer's Guide")),
)  # fmt: skip
