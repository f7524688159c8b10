"""The implementation guide over the model: which variables a dataset has, and which it may have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast

from sdtm_il2.errors import StandardsError, issue
from sdtm_il2.nearest import nearest_names
from sdtm_il2.standards.model import Codelist, DatasetDef, VariableDef, VariableType
from sdtm_il2.standards.release import Release, version_key
from sdtm_il2.standards.terminology import Terminology

#: The classes that a domain of the sponsor's own may have.
OBSERVATION_CLASSES = ("Interventions", "Events", "Findings", "Findings About")


class ModelVariable(NamedTuple):
    """A variable of the model: ``since`` is its SDTM version, ``only`` and ``never`` name domains or classes.

    ``only`` of ``-`` means nonclinical studies only.
    """

    class_: str
    name: str
    label: str
    type: str
    role: str
    since: str
    only: tuple[str, ...]
    never: tuple[str, ...]

    def allowed(self, domain: str, class_: str, version: str) -> bool:
        """Whether the model of that version allows the variable in a clinical study's domain."""
        if version_key(self.since) > version_key(version):
            return False
        if self.only and domain not in self.only:
            return False
        return not {domain, class_, class_.removesuffix(" About")} & set(self.never)


@dataclass(frozen=True, slots=True)
class Standard:
    """What a study follows: an implementation guide and a terminology release. Made by `load_standard`."""

    ig_release: Release
    terminology: Terminology
    _rows: list[list[str]] = field(repr=False, compare=False)
    _model: tuple[ModelVariable, ...] = field(repr=False, compare=False)
    model_version: str = "2.0"
    _places: dict[str, tuple[int, int]] = field(init=False, repr=False, compare=False)
    _datasets: dict[str, DatasetDef] = field(init=False, repr=False, compare=False)
    _allowed: dict[str, dict[str, VariableDef]] = field(init=False, repr=False, compare=False)
    _bindings: dict[str, dict[str, tuple[str, str]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = [(number, row[0]) for number, row in enumerate(self._rows) if not row[2]]
        ends = [number for number, _ in starts[1:]] + [len(self._rows)]
        places = {name: (start, end) for (start, name), end in zip(starts, ends, strict=True)}
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "_datasets", {})
        object.__setattr__(self, "_allowed", {})
        object.__setattr__(self, "_bindings", {})

    @property
    def ig(self) -> str:
        """The name of the implementation guide: SDTMIG."""
        return self.ig_release.name

    @property
    def ig_version(self) -> str:
        """The guide's version: 3.4."""
        return self.ig_release.version

    @property
    def ct_version(self) -> str:
        """The date of the terminology release: 2025-03-28."""
        return self.terminology.release.version

    @property
    def ig_hash(self) -> str:
        """SHA-256 of the guide's tables, in hexadecimal."""
        return self.ig_release.hash

    @property
    def ct_hash(self) -> str:
        """SHA-256 of the terminology's text, in hexadecimal."""
        return self.terminology.release.hash

    @property
    def dataset_names(self) -> tuple[str, ...]:
        """The guide's datasets in its order."""
        return tuple(self._places)

    @property
    def datasets(self) -> tuple[DatasetDef, ...]:
        """The guide's datasets in its order."""
        return tuple(self._guide_dataset(name) for name in self._places)

    def dataset(self, name: str) -> DatasetDef | None:
        """The guide's dataset of that name, or None; SUPPAE is SUPPQUAL for AE.

        >>> from sdtm_il2.standards import load_standard
        >>> load_standard().dataset("SUPPAE").label
        'Supplemental Qualifiers for AE'
        """
        if name in self._places:
            return self._guide_dataset(name)
        if len(name) > len("SUPP") and name.startswith("SUPP") and "SUPPQUAL" in self._places:
            if name not in self._datasets:
                self._datasets[name] = _supplemental(self._guide_dataset("SUPPQUAL"), name)
            return self._datasets[name]
        return None

    def variable(self, domain: str, name: str) -> VariableDef | None:
        """The guide's variable, else one that the class allows (``source`` is ``model``), or None."""
        dataset = self.dataset(domain)
        if dataset is None:
            return None
        return dataset.variable(name) or self._allowed_in(dataset).get(name)

    def allowed_variables(self, domain: str) -> tuple[VariableDef, ...]:
        """Every variable that the dataset may have, in order: the guide's, and the model's at their places.

        Raises StandardsError STD203 for a dataset that the guide does not have.
        """
        dataset = self.dataset(domain)
        if dataset is None:
            best = nearest_names(domain, self._places)
            raise StandardsError(
                issue(
                    "STD203",
                    dataset=domain,
                    ig=self.ig_release.title,
                    suggestion=best[0] if best else "a dataset of it",
                )
            )
        return tuple(self._allowed_in(dataset).values())

    def custom_dataset(self, domain: str, label: str, class_: str, structure: str) -> DatasetDef:
        """A domain of the sponsor's own: all variables of its observation class, with the domain's prefix.

        ``class_`` in the guide's or Define-XML's spelling. STUDYID, DOMAIN, USUBJID, --SEQ and the topic
        variable are required. Raises StandardsError STD204 (no such class) and STD207 (no two-letter code,
        or the guide's).

        >>> from sdtm_il2.standards import load_standard
        >>> weather = load_standard().custom_dataset("XW", "Weather", "Findings", "One record per day")
        >>> weather.variable("XWTESTCD").core
        'Req'
        """
        known = {one.upper(): one for one in OBSERVATION_CLASSES}
        problems = []
        if class_.upper() not in known:
            problems.append(issue("STD204", domain, class_=class_, classes=", ".join(OBSERVATION_CLASSES)))
        if not re.fullmatch(r"[A-Z][A-Z0-9]", domain) or domain in self._places:
            problems.append(issue("STD207", domain, ig=self.ig_release.title))
        if problems:
            raise StandardsError(problems)
        name = known[class_.upper()]
        variables = []
        for order, one in enumerate(self._of_class(domain, name), start=1):
            required = one.model_variable in ("STUDYID", "DOMAIN", "USUBJID", "--SEQ") or one.role == "Topic"
            fixed = (domain,) if one.name == "DOMAIN" else one.value_list
            variables.append(replace(one, order=order, core="Req" if required else "Perm", value_list=fixed))
        return DatasetDef(domain, label, name, structure, 0, tuple(variables))

    def codelist(self, code_or_short_name: str) -> Codelist | None:
        """The codelist with this C-code (C66767) or short name (ACN), or None."""
        return self.terminology.codelist(code_or_short_name)

    def paired(self, code_or_short_name: str) -> Codelist | None:
        """The --TEST codelist of a --TESTCD codelist, and back (the same concepts); None without one."""
        return self.terminology.paired(code_or_short_name)

    def decode(self, code_or_short_name: str, value: str) -> str | None:
        """What a submission value means: the partner's value, else the NCI preferred term; None if unknown.

        >>> from sdtm_il2.standards import load_standard
        >>> load_standard().decode("C65047", "WBC")
        'Leukocytes'
        """
        return self.terminology.decode(code_or_short_name, value)

    def _guide_dataset(self, name: str) -> DatasetDef:
        if name not in self._datasets:
            start, end = self._places[name]
            row = self._rows[start]
            variables = tuple(_variable(one) for one in self._rows[start + 1 : end])
            self._datasets[name] = DatasetDef(name, row[3], row[11], row[12], int(row[1]), variables)
        return self._datasets[name]

    def _allowed_in(self, dataset: DatasetDef) -> dict[str, VariableDef]:
        if dataset.name not in self._allowed:
            merged = list(dataset.variables)
            if dataset.class_ in OBSERVATION_CLASSES:
                merged = _merge(merged, self._of_class(dataset.name, dataset.class_))
            self._allowed[dataset.name] = {one.name: one for one in merged}
        return self._allowed[dataset.name]

    def _of_class(self, domain: str, class_: str) -> list[VariableDef]:
        """The model's variables for a domain: identifiers, the class's own, timing."""
        own = [one for one in self._model if one.class_ == class_]
        if class_ == "Findings About":
            findings = [one for one in self._model if one.class_ == "Findings"]
            place = [one.name for one in findings].index("--TEST") + 1
            own = findings[:place] + own + findings[place:]  # --OBJ follows --TEST
        model = [
            *(one for one in self._model if one.class_ == "Identifiers"),
            *own,
            *(one for one in self._model if one.class_ == "Timing"),
        ]
        # A timing variable that no dataset of the class has is bound as the other classes bind it.
        shared = self._class_bindings("")
        bindings = {
            **{one.name: shared[one.name] for one in model if one.role == "Timing" and one.name in shared},
            **self._class_bindings(class_),
        }
        found = []
        for one in model:
            if one.allowed(domain, class_, self.model_version):
                codelists, described = bindings.get(one.name, ("", ""))
                found.append(
                    VariableDef(
                        one.name.replace("--", domain), one.label, cast(VariableType, one.type), one.role,
                        "Perm", 0, tuple(codelists.split()), described, (), one.name, "model",
                    )
                )  # fmt: skip
        return found

    def _class_bindings(self, class_: str) -> dict[str, tuple[str, str]]:
        """Codelists and value domain of each model variable on which all datasets of the class agree.

        Without a class: on which all datasets of all observation classes agree.
        """
        if class_ not in self._bindings:
            agreed: dict[str, tuple[str, str]] = {}
            differ: set[str] = set()
            inside = False
            for row in self._rows:
                if not row[2]:
                    found = row[11].removesuffix(" About")
                    inside = (
                        found == class_.removesuffix(" About") if class_ else found in OBSERVATION_CLASSES
                    )
                elif inside:
                    name, binding = _model_name(row), (row[7], row[8])
                    if agreed.setdefault(name, binding) != binding:
                        differ.add(name)
            self._bindings[class_] = {name: one for name, one in agreed.items() if name not in differ}
        return self._bindings[class_]


def _variable(row: list[str]) -> VariableDef:
    return VariableDef(
        row[2], row[3], cast(VariableType, row[4]), row[5], row[6], int(row[1]), tuple(row[7].split()),
        row[8], tuple(row[9].split("; ")) if row[9] else (), _model_name(row),
    )  # fmt: skip


def _model_name(row: list[str]) -> str:
    # Some tables leave the model's name out; it is then the domain's prefix that becomes "--".
    dataset, name = row[0], row[2]
    if row[10]:
        return row[10]
    return f"--{name[2:]}" if len(dataset) == 2 and name.startswith(dataset) else name


def _merge(guide: list[VariableDef], model: Iterable[VariableDef]) -> list[VariableDef]:
    """The guide's order kept; each further model variable stands after the model variable before it."""
    merged = list(guide)
    names = [one.name for one in merged]
    place = 0
    for one in model:
        if one.name in names:
            place = names.index(one.name) + 1
        else:
            merged.insert(place, one)
            names.insert(place, one.name)
            place += 1
    return merged


def _supplemental(general: DatasetDef, name: str) -> DatasetDef:
    domain = name.removeprefix("SUPP")
    label = f"Supplemental Qualifiers for {domain}"
    variables = tuple(
        replace(one, value_list=(domain,)) if one.name == "RDOMAIN" else one for one in general.variables
    )
    return DatasetDef(name, label, general.class_, general.structure, general.order, variables)
