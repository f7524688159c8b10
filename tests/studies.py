"""What many small studies of the tests are made of: study.yaml, a file a domain, one subject."""

from __future__ import annotations

#: For an agency that reads English, with the texts in english.csv.
ENGLISH = "agency: fda\ntranslations: english.csv\n"


def study_file(
    *domains: str, head: str = "", sources: str = "", tail: str = "", subject: str = "SUBJ"
) -> str:
    """study.yaml: each domain from a raw file of its name; more lines before dates:, of sources and at the end."""
    raw = "".join(f"  {one}: {{path: raw/{one}.csv, subject: {subject}}}\n" for one in domains)
    files = ", ".join(f"{one}.yaml" for one in domains)
    return (
        f"study: T1\nstandard: {{ig: SDTMIG 3.4, ct: 2025-03-28}}\n{head}dates: {{format: yyyy-mm-dd}}\n"
        f"sources:\n{raw}{sources}domains: [{files}]\n{tail}"
    )


def domain_file(domain: str, key: str, variables: str, records: str = "") -> str:
    """The file of a domain whose records are those of the raw file of its name; `variables` are lines or a mapping."""
    where = records or f"[{{from: {domain.lower()}}}]"
    below = variables if variables.startswith("{") else f"\n{variables}"
    space = " " if variables.startswith("{") else ""
    return (
        f"domain: {domain}\nkeys: [STUDYID, USUBJID{key and f', {key}'}]\nrecords: {where}\n"
        f"variables:{space}{below.rstrip()}\n"
    )


def demographics(more: str = "", *, subject: str = "SUBJ", sex: str = "{hardcode: F}") -> str:
    """dm.yaml with what every DM has, and more lines of variables."""
    return domain_file(
        "DM",
        "",
        f"  SUBJID: {{assign: {subject}}}\n"
        '  SITEID: {hardcode: "01"}\n'
        f"  SEX: {sex}\n"
        "  COUNTRY: {hardcode: CHN}\n"
        f"{more}",
    )


#: One subject of whom nothing else is known.
ONE_SUBJECT = {"dm.yaml": demographics(), "raw/dm.csv": "SUBJ\n01\n"}
