"""Chinese labels and decodes: each row of the tables finds the datasets, variables and terms that it speaks of."""

from __future__ import annotations

from collections.abc import Mapping

from sdtm_il2.agency import AGENCIES, LABEL_BYTES
from sdtm_il2.compile.names import Study, nearest
from sdtm_il2.compile.terms import study_codelist
from sdtm_il2.plan.model import DomainPlan
from sdtm_il2.spec.study import LabelRow
from sdtm_il2.standards import Standard, available_releases, load_standard

_ANY, _PREFIX = "*", "--"
_RELREC = "RELREC"


def compile_labels(study: Study, domains: tuple[DomainPlan, ...]) -> dict[tuple[str, str], str]:
    """The Chinese label of each dataset (variable "") and variable: the row that names it most exactly counts.

    AE, AETERM beats AE, --TERM, which beats \\*, AETERM, which beats \\*, --TERM. SPEC142: a row that names nothing
    of this study, unless another version of the guide has it. SPEC143: more bytes than a XPORT file of the agency
    that reads Chinese has room for. PLAN440: a note on what has no Chinese label though others have one. PLAN444: a
    note that nothing has one, though the agency reads Chinese.
    """
    if not study.spec.labels:
        agency = AGENCIES[study.spec.agency]
        if agency.chinese_labels:
            study.problems.add("PLAN444", at=study.spec.at, agency=agency.title)
        return {}
    held = _held(study, domains)
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for row in study.spec.labels:
        _check_size(study, row)
        places = _places(row, held)
        if not places and not _of_other_version(study, row, held):
            _unknown(study, row, held)
        rank = 2 * (row.dataset != _ANY) + (not row.variable.startswith(_PREFIX))
        for place in places:
            if rank > found.get(place, (-1, ""))[0]:
                found[place] = (rank, row.label)
    # supplemental datasets are made where data need them: their labels are not missed before
    wanted = [(one.domain, name) for one in domains for name in ("", *held[one.domain])]
    wanted += [(part, "") for one in domains if one.split for part, label in one.split.datasets if label]
    missing = [".".join(filter(None, place)) for place in wanted if place not in found]
    if missing:
        first = study.spec.labels[0].at
        study.problems.add(
            "PLAN440", at=type(first)(first.file, 1), number=str(len(missing)),
            names=", ".join(missing[:8]) + (" ..." if len(missing) > 8 else ""),
        )  # fmt: skip
    return {place: label for place, (_, label) in found.items()}


def _held(study: Study, domains: tuple[DomainPlan, ...]) -> dict[str, tuple[str, ...]]:
    """The variables of every dataset that the study makes, or may make: SUPP--, RELREC and parts of a split too."""
    held = {one.domain: tuple(variable.name for variable in one.variables) for one in domains}
    for name in [*(f"SUPP{one.domain}" for one in domains), _RELREC]:
        known = study.standard.dataset(name)
        if known is not None:
            held.setdefault(name, tuple(variable.name for variable in known.variables))
    # the datasets of a split domain have a label of their own, their variables those of the domain
    parts = [part for one in domains if one.split is not None for part in one.split.names]
    return held | {f"{prefix}{part}": () for part in parts for prefix in ("", "SUPP")}


def _places(row: LabelRow, held: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    datasets = held if row.dataset == _ANY else (row.dataset,) if row.dataset in held else ()
    return [
        (dataset, name)
        for dataset in datasets
        for name in [row.variable.replace(_PREFIX, dataset, 1)]
        if not name or name in held[dataset]
    ]


def _of_other_version(study: Study, row: LabelRow, held: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the row labels what only another version of the guide has: a specification may serve several."""
    folder = study.spec.folder / "standards"
    datasets = (
        tuple(study.domains)
        if row.dataset == _ANY
        else (row.dataset,)
        if row.dataset in study.domains
        else ()
    )
    wanted = [(one, row.variable.replace(_PREFIX, one, 1)) for one in datasets]
    others = [
        load_standard(release.title, study.standard.ct_version, folder)
        for release in (available_releases(folder) if wanted else ())
        if release.kind == "ig" and release.version != study.ig_version
    ]
    return any(
        _has(other, one, name)
        if one not in held or not _has(study.standard, one, name)
        else _comes(other, one, name)
        for other in others
        for one, name in wanted
    )


def _has(standard: Standard, dataset: str, variable: str) -> bool:
    known = standard.dataset(dataset)
    return known is not None and (not variable or standard.variable(dataset, variable) is not None)


def _comes(standard: Standard, dataset: str, variable: str) -> bool:
    """Whether a variable comes by itself in a version: what is Expected there may be left out here."""
    known = standard.variable(dataset, variable)
    return known is not None and known.core == "Exp"


def _unknown(study: Study, row: LabelRow, held: Mapping[str, tuple[str, ...]]) -> None:
    if row.dataset != _ANY and row.dataset not in held:
        what, name, known = "dataset", row.dataset, list(held)
    else:
        what, name = "variable", row.variable
        datasets = [row.dataset] if row.dataset in held else list(held)
        known = [one for dataset in datasets for one in held[dataset]]
        if name.startswith(_PREFIX):  # --TRM is near --TERM
            known = [
                _PREFIX + one.removeprefix(dataset)
                for dataset in datasets
                for one in held[dataset]
                if one.startswith(dataset)
            ]
    target = row.dataset if row.dataset != _ANY else ""
    close = nearest(name, dict.fromkeys(known))
    study.problems.add(
        "SPEC142", target, row.at, what=what, name=name,
        nearest=f"did you mean {close}? else " if close else "",
    )  # fmt: skip


def _check_size(study: Study, row: LabelRow) -> None:
    agency = AGENCIES[study.spec.agency]
    encoding = study.spec.encoding if agency.chinese_labels else AGENCIES["nmpa"].encodings[0]
    try:
        size = len(row.label.encode(encoding))
    except UnicodeEncodeError as error:  # GB18030 holds every character but halves of pairs
        raise AssertionError(f"a label of a decoded table cannot be written in {encoding}") from error
    if size > LABEL_BYTES:
        study.problems.add(
            "SPEC143", ".".join(filter(None, (row.dataset, row.variable))), row.at, label=row.label, number=size,
            encoding=encoding.upper(), most=LABEL_BYTES // len("字".encode(encoding)),
        )  # fmt: skip


def compile_decodes(study: Study) -> dict[tuple[str, str], str]:
    """The Chinese decode of each term, by C-code of its list or name of the study's list.

    SPEC144: a codelist or a term that is neither in the release nor in this study. SPEC121: a term twice, by two
    names of its list.
    """
    found: dict[tuple[str, str], str] = {}
    lines: dict[tuple[str, str], int] = {}
    for row in study.spec.decodes:
        own, cdisc = study_codelist(study, row.codelist)
        if own is None and cdisc is None:
            known = [one.name for one in study.spec.codelists]
            known += [one.submission_value for one in study.standard.terminology.codelists]
            close = nearest(row.codelist, known)
            study.problems.add(
                "SPEC144", "", row.at, what=f"codelist '{row.codelist}'", nearest=_hint(close)
            )  # fmt: skip
            continue
        terms = set(cdisc.values) if cdisc is not None else set()
        if own is not None:
            terms |= {one.text for one in own.added} | {one.term for one in own.terms}
        if row.term not in terms:
            what = f"term '{row.term}' of {row.codelist}"
            study.problems.add("SPEC144", "", row.at, what=what, nearest=_hint(nearest(row.term, terms)))
            continue
        code = (
            own.name if own is not None and own.sponsor else cdisc.code if cdisc is not None else row.codelist
        )
        if (code, row.term) in found:
            key = f"{row.codelist} + {row.term}"
            study.problems.add("SPEC121", "", row.at, key=key, other=lines[code, row.term], apart="")
        found[code, row.term] = row.decode
        lines[code, row.term] = row.at.line
    return found


def _hint(close: str) -> str:
    return f"did you mean {close}? else " if close else ""
