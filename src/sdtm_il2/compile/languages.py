"""What an author wrote for the reviewer, and the language that it is not in."""

from __future__ import annotations

from sdtm_il2.agency import AGENCIES
from sdtm_il2.compile.define import comment_name, variable_lines
from sdtm_il2.compile.names import Study
from sdtm_il2.compile.sugar import coding_remark


def check_languages(study: Study) -> None:
    """PLAN442 (note): texts for the reviewer that have no Chinese, though the study is described in both languages.

    PLAN443 (note): texts whose Chinese is not written, because nothing else is in Chinese.
    """
    if AGENCIES[study.spec.agency].english:
        return
    shared = study.spec.comments
    remarks = {coding_remark(one) for domain in study.spec.domains for one in domain.dictionaries}
    texts = [(f"comment {name}", one.words, one.at) for name, one in shared.items()]
    for one in variable_lines(study, every_version=False):
        texts.append((f"method of {one.name}", one.description, one.at))
        if comment_name(one) not in shared and one.comment not in remarks:
            texts.append((f"comment on {one.name}", one.comment, one.at))
    for domain in study.domains.values():
        texts.append((f"keys_not_unique of {domain.domain}", domain.keys_not_unique, domain.at))
        tests = [one.tests for one in domain.records if one.tests is not None and study.applies(one.ig)]
        rows = [row for table in tests for row in table.rows if study.applies(row.ig)]
        texts += [(f"method in {row.at.file}", row.method, row.at) for row in rows]
    told = bool(study.spec.labels or study.spec.decodes)
    found = {name: at for name, words, at in reversed(texts) if words and bool(words.zh) != told}
    if found:
        *_, first = found.values()
        names = list(reversed(found))
        study.problems.add(
            "PLAN442" if told else "PLAN443", at=first, count=len(names),
            names=", ".join(names[:8]) + (" ..." if names[8:] else ""),
        )  # fmt: skip
