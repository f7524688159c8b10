"""Any split of the subjects, in one process, in several or on a Dask cluster, gives the same build."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappers import dask_mapper, processes, same
from sdtm_il2.build import Build, Mapper, build
from sdtm_il2.dataset import Summary, ValueSummary
from sdtm_il2.sources import read_sources
from sdtm_il2.spec import load_spec
from study import SHARED, plan_of, write_files

__all__ = ["dask_mapper", "processes"]  # the fixtures that the tests ask for by name

GOLDEN = Path(__file__).parent / "golden"
SUBJECTS = 23

STUDY = {
    "study.yaml": """\
study: P1
standard: {ig: SDTMIG 3.4, ct: 2025-03-28}
dates: {format: [yyyy-mm-dd, dd/mm/yyyy, mm/dd/yyyy, yyyy.m.d, yyyy.d.m, "hh:mi"]}
sources:
  dm: {path: raw/dm.csv, subject: SUBJ}
  ex: {path: raw/ex.csv, subject: SUBJ, keep: {one_per: [SUBJ, N], last: VERSION}}
  ae:
    path: raw/ae.csv
    subject: SUBJ
    not_submitted: {rows: [{when: VOID EQ Y, reason: voided}], columns: {CLERK: administrative}}
  lb: {path: raw/lb.csv, subject: {lookup: link, by: MRN, take: SUBJ}}
  link: {path: raw/link.csv}
  vs: {path: raw/vs.csv, subject: SUBJ}
  coding: {path: raw/coding.csv}
  ti: {path: raw/ti.csv}
domains: [dm.yaml, ex.yaml, ae.yaml, lb.yaml, vs.yaml, ce.yaml, ti.yaml]
""",
    "dm.yaml": """\
domain: DM
keys: [STUDYID, USUBJID]
records: [{from: dm}]
variables:
  SUBJID: {assign: SUBJ}
  SITEID: {template: "{SUBJ:1-2}"}
  SEX: {assign: SEX}
  COUNTRY: {hardcode: CHN}
  ARMCD: {hardcode: A}
  ARM: {copy: EX.EXDOSE}
  BRTHDTC: {datetime: BIRTH}
  RFSTDTC: {earliest: {of: EX.EXSTDTC}}
  RFXSTDTC: {earliest: {of: EX.EXSTDTC}}
  RFPENDTC: {latest: {of: all dates}}
  AGE: {age: {birth: DM.BRTHDTC, at: DM.RFSTDTC}}
  AGEU: {hardcode: YEARS}
""",
    "ex.yaml": """\
domain: EX
keys: [STUDYID, USUBJID, EXTRT, EXSTDTC]
records: [{from: ex}]
variables:
  EXTRT: {hardcode: ALDESLEUKIN}
  EXDOSE: {assign: DOSE}
  EXDOSU: {hardcode: mg}
  EXSTDTC: {datetime: ST}
""",
    "ae.yaml": """\
domain: AE
keys: [STUDYID, USUBJID, AETERM]
records: [{from: ae, join: {coding: {source: coding, by: [TERM], cardinality: 0..1}}}]
submit: {when: AE.AESTDTC GE DM.RFSTDTC, else: before treatment}
variables:
  AETERM: {assign: TERM}
  AEDECOD: {coalesce: [coding.PT, TERM]}
  AESEV: {assign: SEV}
  AESTDTC: {datetime: ST}
  AENOTE: {assign: NOTE, supplemental: {label: Note}}
""",
    "lb.yaml": """\
domain: LB
keys: [STUDYID, USUBJID, LBTESTCD, LBDTC]
records:
  - from: lb
    tests: {table: tests.csv, by: [ITEM], result: RES, unit: UNIT, range: RANGE, not_done: RES EQ ND}
variables:
  LBDTC: {datetime: [D, T]}
  LBLOBXFL: {last_before: DM.RFXSTDTC}
""",
    "tests.csv": """\
ITEM,domain,LBTESTCD,LBORRESU,standard_unit,note
wbc,,WBC,10^9/L,10^9/L,
creat,,CREAT,umol/L,umol/L,
admin,-,,,,not a test
""",
    "vs.yaml": """\
domain: VS
keys: [STUDYID, USUBJID, VSTESTCD, VSDTC]
records: [{from: vs, tests: {table: vs.csv}}]
variables:
  VSDTC: {datetime: D}
""",
    "vs.csv": "column,VSTESTCD,VSORRESU\nSBP,SYSBP,mmHg\nWT,WEIGHT,kg\n",
    "ce.yaml": """\
domain: CE
keys: [STUDYID, USUBJID, CETERM]
records: [{from: AE, where: AESEV EQ SEVERE}]
variables:
  CETERM: {assign: AETERM}
""",
    "ti.yaml": """\
domain: TI
keys: [STUDYID, IETESTCD]
records: [{from: ti}]
variables:
  IETESTCD: {assign: CODE}
  IETEST: {assign: TEXT}
  IECAT: {assign: CAT}
""",
}


def _csv(header: str, rows: list[list[str]]) -> str:
    return "\n".join([header, *(",".join(row) for row in rows)]) + "\n"


def raw_files(seed: int = 7) -> dict[str, str]:
    """Raw files with every kind of trouble, the same for the same seed."""
    chance = random.Random(seed)
    names = [f"{number % 5:02d}{number:03d}" for number in range(1, SUBJECTS + 1)]
    dates = [
        "2024-01-05", "2024-02", "2024", "03/04/2024", "25/04/2024", "2024.3.4", "2024.3.4", "31/02/2024", "soon", "",
        "2024-03-01", "2024-03-02", "2024-01-31",
    ]  # fmt: skip

    def when() -> str:
        return chance.choice(dates)

    dm = [[name, chance.choice(["M", "f", "x", "?"]), when()] for name in names if chance.random() < 0.85]
    ex = [
        [
            name,
            str(number),
            str(version),
            chance.choice(["1", "5", "many"]),
            chance.choice(["2024-03-01", when()]),
        ]
        for name in names
        for number in range(2)
        for version in range(chance.randint(1, 2))
    ]
    odd = [f"odd {chance.randint(1, 400)}" for _ in range(400)]
    ae = [
        [
            name if chance.random() < 0.9 else "",
            f"term {chance.randint(1, 60)}",
            chance.choice(["mild", "SEVERE", *chance.sample(odd, 4)]),
            when(),
            chance.choice(["Y", "", ""]),
            chance.choice(["", "n", "很长的备注 " * 20]),
            "c",
        ]
        for name in names
        for _ in range(chance.randint(0, 9))
    ]
    lb = [
        ["h" + name if chance.random() < 0.97 else "nobody", chance.choice(["wbc", "creat", "admin", "ferritin"]),
         chance.choice(["4", "4.50", "<5", "ND", "", "+"]),
         chance.choice(["", "10^9/L", "mg/dL", "umol/L", "g/L", "per field"]), chance.choice(["3-9", "", "low"]), when(),
         chance.choice(["", "08:30", "25:00", "8"])]
        for name in names for _ in range(12)
    ]  # fmt: skip
    vs = [
        [name, when(), chance.choice(["", "120"]), chance.choice(["", "70.5"])]
        for name in names
        for _ in range(2)
    ]
    return {
        "raw/dm.csv": _csv("SUBJ,SEX,BIRTH", dm),
        "raw/ex.csv": _csv("SUBJ,N,VERSION,DOSE,ST", ex),
        "raw/ae.csv": _csv("SUBJ,TERM,SEV,ST,VOID,NOTE,CLERK", ae),
        "raw/lb.csv": _csv("MRN,ITEM,RES,UNIT,RANGE,D,T", lb),
        "raw/link.csv": _csv("MRN,SUBJ", [["h" + name, name] for name in names]),
        "raw/vs.csv": _csv("SUBJ,D,SBP,WT", vs),
        "raw/coding.csv": _csv("TERM,PT", [[f"term {number}", f"PT {number}"] for number in range(30)]),
        "raw/ti.csv": _csv("CODE,TEXT,CAT", [["I1", "Adult", "INCLUSION"], ["E1", "Pregnant", "EXCLUSION"]]),
    }


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Build]:
    folder = write_files(tmp_path_factory.mktemp("study"), STUDY | raw_files())
    plan = plan_of(folder)
    sources = read_sources(load_spec(folder / "study.yaml"), folder)

    @cache
    def built(mapper: Mapper = map, partitions: int | None = None) -> Build:
        return build(plan, sources, mapper, partitions=partitions)

    return built


@pytest.fixture(scope="module")
def public() -> Callable[..., Build]:
    if not SHARED.is_dir():
        pytest.skip("the public studies are not beside the repository")
    spec = load_spec(GOLDEN / "pharmaverse" / "study.yaml")
    plan, sources = plan_of(GOLDEN / "pharmaverse"), read_sources(spec, SHARED / "pharmaverse_dm_ae_vs")

    @cache
    def built(mapper: Mapper = map, partitions: int | None = None) -> Build:
        return build(plan, sources, mapper, partitions=partitions)

    return built


def test_the_synthetic_study_has_all_kinds_of_trouble(synthetic: Callable[..., Build]) -> None:
    built = synthetic()
    codes = {issue.code for issue in built.issues}
    assert codes >= {
        "DATA801", "DATA804", "DATA806", "DATA807", "DATA808", "DATA809", "DATA810", "DATA815", "DATA820", "DATA821",
        "DATA822", "DATA860", "METH510", "METH511", "METH512", "SRC320", "SRC323",
    }  # fmt: skip
    assert any(issue.distinct > len(issue.values) for issue in built.issues)
    assert {"SUPPAE", "TI", "CE"} <= set(built.datasets)
    assert len(built.datasets["TI"]) == 2
    assert all(len(dataset) > 0 for dataset in built.datasets.values())


@pytest.mark.parametrize("partitions", [1, 2, 3, 7, SUBJECTS, 1000])
def test_any_number_of_partitions_gives_the_same(synthetic: Callable[..., Build], partitions: int) -> None:
    same(synthetic(), synthetic(map, partitions))


@pytest.mark.parametrize("seed", range(4))
def test_other_raw_data_alike(seed: int, tmp_path: Path) -> None:
    folder = write_files(tmp_path, STUDY | raw_files(seed))
    plan = plan_of(folder)
    sources = read_sources(load_spec(folder / "study.yaml"), folder)
    whole = build(plan, sources)
    same(whole, build(plan, sources, partitions=4))
    same(whole, build(plan, sources, partitions=SUBJECTS))


@pytest.mark.parametrize("partitions", [1, 2, 3, 7, 306])
def test_the_public_study_alike(public: Callable[..., Build], partitions: int) -> None:
    same(public(), public(map, partitions))


def test_processes_give_the_same(
    synthetic: Callable[..., Build], public: Callable[..., Build], processes: Mapper
) -> None:
    same(synthetic(), synthetic(processes, 7))
    same(public(), public(processes, 5))


def test_processes_give_the_same_without_the_public_study(
    synthetic: Callable[..., Build], processes: Mapper
) -> None:
    same(synthetic(), synthetic(processes, 3))


def test_a_dask_cluster_gives_the_same(synthetic: Callable[..., Build], dask_mapper: Mapper) -> None:
    same(synthetic(), synthetic(dask_mapper, 7))


def test_a_dask_cluster_gives_the_same_for_the_public_study(
    public: Callable[..., Build], dask_mapper: Mapper
) -> None:
    same(public(), public(dask_mapper, 5))


def test_progress_tells_every_partition(tmp_path: Path) -> None:
    folder = write_files(tmp_path, STUDY | raw_files())
    told: list[tuple[int, int]] = []
    sources = read_sources(load_spec(folder / "study.yaml"), folder)
    build(plan_of(folder), sources, partitions=3, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


_counts = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9))
_values: st.SearchStrategy[ValueSummary] = st.builds(
    ValueSummary, *[st.integers(0, 99)] * 6, forms=_counts, terms=st.none() | _counts
)
_summaries: st.SearchStrategy[Summary] = st.builds(
    Summary,
    st.just("LB"),
    st.integers(0, 99),
    st.dictionaries(st.sampled_from(["LBORRES", "LBDTC"]), _values),
    st.dictionaries(
        st.sampled_from([("LBORRES", (("LBTESTCD", code),)) for code in ("ALT", "WBC")]), _values
    ),
)


@settings(max_examples=200, deadline=None)
@given(_summaries, _summaries, _summaries)
def test_summaries_merge_in_any_order_and_grouping(one: Summary, two: Summary, three: Summary) -> None:
    assert one.merge(two) == two.merge(one)
    assert one.merge(two).merge(three) == one.merge(two.merge(three))


def test_summaries_of_different_datasets_do_not_merge() -> None:
    with pytest.raises(ValueError, match="cannot merge summaries of LB and AE"):
        Summary("LB").merge(Summary("AE"))
