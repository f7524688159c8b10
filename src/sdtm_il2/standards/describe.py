"""What a name means in the standard, as data that a command can print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sdtm_il2.errors import StandardsError, issue
from sdtm_il2.nearest import nearest_names
from sdtm_il2.standards.guide import Standard
from sdtm_il2.standards.model import Codelist, DatasetDef, VariableDef


@dataclass(frozen=True, slots=True)
class Description:
    """A name explained: a title, facts (label, text), and a table below them (``header`` empty: none)."""

    kind: Literal["dataset", "variable", "codelist"]
    name: str
    title: str
    facts: tuple[tuple[str, str], ...]
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def describe(standard: Standard, name: str) -> tuple[Description, ...]:
    """What `name` is: a dataset (AE), a variable (AE.AESEV, AESEV, VISITNUM), a codelist (C66769, ACN).

    All meanings are given, as a short name may be a variable too. Raises StandardsError STD206 with the
    nearest names.

    >>> from sdtm_il2.standards import load_standard
    >>> for one in describe(load_standard(), "AESEV"):
    ...     print(one.kind, "-", one.title)
    variable - AE.AESEV: Severity/Intensity
    codelist - AESEV (C66769): Severity/Intensity Scale for Adverse Events
    """
    asked = name.strip()
    dataset_name, _, variable_name = asked.upper().rpartition(".")
    found: list[Description] = []
    if dataset_name:
        variable = standard.variable(dataset_name, variable_name)
        found += [_variable(standard, dataset_name, variable)] if variable is not None else []
    else:
        dataset = standard.dataset(asked.upper())
        found += [_dataset(dataset)] if dataset is not None else []
        for holder in standard.datasets:
            held = holder.variable(asked.upper())
            found += [_variable(standard, holder.name, held)] if held is not None else []
        if not found and (allowed := standard.variable(asked[:2].upper(), asked.upper())) is not None:
            found.append(_variable(standard, asked[:2].upper(), allowed))
        codelist = standard.codelist(asked) or standard.codelist(asked.upper())
        found += [_codelist(standard, codelist)] if codelist is not None else []
    if not found:
        best = nearest_names(asked, _names(standard, asked), count=3)
        raise StandardsError(
            issue(
                "STD206",
                name=asked,
                ig=standard.ig_release.title,
                ct=standard.terminology.release.title,
                suggestion=", ".join(best) or "AE, AESEV, AE.AESEV, C66769 or ACN",
            )
        )
    return tuple(found)


def _names(standard: Standard, asked: str) -> list[str]:
    if "." in asked:
        dataset = standard.dataset(asked.upper().partition(".")[0])
        holders = (dataset,) if dataset is not None else standard.datasets
        return [f"{one.name}.{variable.name}" for one in holders for variable in one.variables]
    names = [*standard.dataset_names]
    names += [variable.name for one in standard.datasets for variable in one.variables]
    return names + [one.submission_value for one in standard.terminology.codelists]


def _dataset(dataset: DatasetDef) -> Description:
    rows = tuple(
        (
            one.name,
            one.label,
            one.type,
            one.core,
            one.role,
            " ".join(one.codelists) or one.described_value_domain,
        )
        for one in dataset.variables
    )
    facts = (("Class", dataset.define_class), ("Structure", dataset.structure), ("Variables", str(len(rows))))
    header = ("Variable", "Label", "Type", "Core", "Role", "Codelist or form")
    return Description("dataset", dataset.name, f"{dataset.name}: {dataset.label}", facts, header, rows)


def _variable(standard: Standard, dataset: str, variable: VariableDef) -> Description:
    name = f"{dataset}.{variable.name}"
    sdtm = f"SDTM {standard.model_version}"
    facts = [
        ("Type", variable.type),
        ("Role", variable.role),
        ("Core", variable.core),
        ("Defined by", standard.ig_release.title if variable.source == "ig" else f"{sdtm} for its class"),
    ]
    if variable.described_value_domain:
        facts.append(("Form", variable.described_value_domain))
    if variable.value_list:
        facts.append(("Values", ", ".join(variable.value_list)))
    rows: list[tuple[str, ...]] = []
    for code in variable.codelists:
        codelist = standard.terminology.find(code)
        if codelist is None:
            rows.append((code, "", f"not in {standard.terminology.release.title}", ""))
        else:
            rows.append((code, codelist.submission_value, codelist.name, _open(codelist.extensible)))
    header = ("Codelist", "Short name", "Name", "Extensible") if rows else ()
    return Description("variable", name, f"{name}: {variable.label}", tuple(facts), header, tuple(rows))


def _codelist(standard: Standard, codelist: Codelist) -> Description:
    facts = [("Extensible", _open(codelist.extensible)), ("Terms", str(len(codelist.terms)))]
    known = standard.terminology.find(codelist.code)
    partner = standard.terminology.find(known.paired) if known is not None and known.paired else None
    if partner is not None:
        facts.append(("Paired with", f"{partner.submission_value} ({partner.code})"))
    facts.append(("Release", standard.terminology.release.title))
    rows = tuple((one.value, one.code, one.preferred_term, "; ".join(one.synonyms)) for one in codelist.terms)
    return Description(
        "codelist",
        codelist.code,
        f"{codelist.submission_value} ({codelist.code}): {codelist.name}",
        tuple(facts),
        ("Submission value", "Code", "Preferred term", "Synonyms"),
        rows,
    )


def _open(extensible: bool) -> str:  # noqa: FBT001
    return "yes" if extensible else "no"
