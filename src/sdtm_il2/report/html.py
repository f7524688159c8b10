"""The balance sheet as one HTML page that loads nothing: sums, and row by row what became of the raw data.

Rows are named by file and number; values of subjects stand nowhere in it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from sdtm_il2 import __version__
from sdtm_il2.balance import CELLS, Balance, SourceBalance
from sdtm_il2.report.rows import SourceRows
from sdtm_il2.report.text import counted

_STYLE = """
:root{--ink:#1d2733;--soft:#5b6875;--line:#dbe1e8;--head:#f1f4f7;--link:#0b57a4;--built:#2f7d4f;--super:#8a97a5;
--not:#c28a1a;--none:#7b4fa3;--bad:#b3261e}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.6rem 1.6rem 5rem;color:var(--ink);background:#fff;
font:14px/1.5 "Segoe UI","Helvetica Neue",Arial,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
h1{font-size:1.6rem;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2.6rem 0 .3rem;padding-top:.6rem;
border-top:2px solid var(--ink)}h3{font-size:1rem;margin:1.4rem 0 .4rem}
p{margin:.3rem 0;max-width:60rem}.soft{color:var(--soft)}a{color:var(--link);text-decoration:none}
a:hover,a:focus{text-decoration:underline}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;margin:.3rem 0 .6rem;min-width:24rem}
th,td{border:1px solid var(--line);padding:.25rem .55rem;text-align:left;vertical-align:top}
thead th{background:var(--head);font-weight:600}tfoot td,tfoot th{font-weight:600;background:var(--head)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}th.n{max-width:6.5rem;vertical-align:bottom}td.z{color:#a9b3bd}
td.w{overflow-wrap:anywhere;min-width:9rem}
.bad{color:var(--bad);font-weight:600}
.bar{display:block;height:.7rem;width:100%;max-width:40rem;margin:.5rem 0;border-radius:3px;background:var(--head)}
.b0{background:var(--built);fill:var(--built)}.b1{background:var(--super);fill:var(--super)}
.b3{background:var(--not);fill:var(--not)}.b2{background:var(--none);fill:var(--none)}
.b4{background:var(--bad);fill:var(--bad)}
.key span{margin-right:1.1rem;white-space:nowrap}.key i{display:inline-block;width:.7rem;height:.7rem;border-radius:2px;
margin-right:.35rem}
.find{position:sticky;top:0;background:#fff;padding:.6rem 0;border-bottom:1px solid var(--line);z-index:2}
.find input{font:inherit;padding:.4rem .6rem;width:24rem;max-width:100%;border:1px solid #aab4bf;border-radius:4px}
.find output{margin-left:.8rem;color:var(--soft)}
details>summary{cursor:pointer;font-weight:600;margin:1.2rem 0 .3rem}
[hidden]{display:none!important}
@media print{.find{display:none}details>summary{list-style:none}}
"""

_SCRIPT = """
(function(){var box=document.getElementById('q'),out=document.getElementById('found');
var rows=[].slice.call(document.querySelectorAll('tr[data-s]'));
document.querySelector('.find').hidden=false;
var text=rows.map(function(r){return (r.getAttribute('data-s')+' '+r.textContent).toLowerCase()});
var wait;box.addEventListener('input',function(){clearTimeout(wait);wait=setTimeout(run,120)});
function run(){var words=box.value.toLowerCase().split(/\\s+/).filter(Boolean),n=0;
rows.forEach(function(r,i){var ok=words.every(function(w){
if(text[i].indexOf(w)>=0)return true;
var m=w.match(/^(.*?):?(\\d+)$/),f=r.getAttribute('data-f');
return !!(m&&f&&(!m[1]||text[i].indexOf(m[1])>=0)&&+m[2]>=+f&&+m[2]<=+r.getAttribute('data-t'))});
r.hidden=!ok;if(ok)n++});
[].forEach.call(document.querySelectorAll('section'),function(s){
s.hidden=words.length>0&&!s.querySelector('tr[data-s]:not([hidden])')});
[].forEach.call(document.querySelectorAll('details'),function(d){if(words.length)d.open=true});
out.textContent=words.length?n+(n===1?' line':' lines'):''}
})();
"""

_FATES = ("built", "superseded", "not submitted", "no subject", "unclaimed")
_CLASSES = ("b0", "b1", "b3", "b2", "b4")
_CELL_NAMES = {
    "mapped": "mapped", "identifies": "identify", "not_submitted": "column not submitted", "private": "private",
    "empty": "empty", "row_not_built": "row not built", "unread": "not read in their row", "unclaimed": "unclaimed",
}  # fmt: skip


def balance_html(balance: Balance, rows: Iterable[SourceRows], *, study: str) -> str:
    """The balance sheet as a page: sums by source, and for each its columns, reasons, and rows with their fate.

    It needs no network and no script; the script only adds the search. Every text is escaped.
    """
    by_source = {one.source: one for one in rows}
    title = f"Balance of {study}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_policy())}">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        (
            '<p class="soft">What became of every raw row and every raw cell. Rows are named by file and number; '
            "no values stand here.</p>"
        ),
        (
            '<div class="find" hidden><label>Find <input id="q" type="search" autocomplete="off" '
            'placeholder="a row (raw/ae.csv:12), a column, a reason, a dataset"></label>'
            '<output id="found"></output></div>'
        ),
        *_summary(balance.sources),
    ]
    for number, sheet in enumerate(balance.sources):
        parts += _source(sheet, by_source.get(sheet.source), number)
    parts += [f'<p class="soft">sdtm_il2 {__version__}</p>', f"<script>{_SCRIPT}</script></body></html>"]
    return "\n".join(parts) + "\n"


def _policy() -> str:
    return f"default-src 'none'; style-src {_digest(_STYLE)}; script-src {_digest(_SCRIPT)}; base-uri 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _numbers(sheet: SourceBalance) -> tuple[int, ...]:
    return (
        sheet.built,
        sheet.superseded,
        sum(sheet.not_submitted.values()),
        sheet.no_subject,
        sheet.unclaimed,
    )


def _summary(sheets: Sequence[SourceBalance]) -> Iterator[str]:
    yield "<h3>Rows</h3>"
    yield "<p>read = built + superseded + not submitted + no subject + unclaimed</p>"
    lines = [(one.records, *_numbers(one)) for one in sheets]
    yield from _sums(["read", *_FATES], lines, sheets)
    if any(one.cells for one in sheets):
        yield "<h3>Cells</h3>"
        yield (
            "<p>Each cell counts once. Cells of rows that are not built are explained by their row; "
            "of built rows a filled cell is mapped, identifies its record, is in a column that is private or not "
            "submitted for a reason, or is reported.</p>"
        )
        counts = [tuple(one.cell_counts.values()) for one in sheets]
        yield from _sums(
            ["cells", *(_CELL_NAMES[name] for name in CELLS)],
            [(sum(line), *line) for line in counts],
            sheets,
        )


def _sums(
    header: Sequence[str], lines: Sequence[Sequence[int]], sheets: Sequence[SourceBalance]
) -> Iterator[str]:
    yield '<div class="scroll"><table><thead><tr><th>source</th>'
    yield "".join(f'<th class="n">{escape(name)}</th>' for name in header) + "</tr></thead><tbody>"
    for number, (sheet, line) in enumerate(zip(sheets, lines, strict=True)):
        yield f'<tr><th><a href="#s{number}">{escape(sheet.source)}</a></th>{_cells(line)}</tr>'
    yield "</tbody>"
    if len(lines) > 1:
        total = [sum(column) for column in zip(*lines, strict=True)]
        yield f"<tfoot><tr><th>total</th>{_cells(total)}</tr></tfoot>"
    yield "</table></div>"


def _cells(line: Sequence[int]) -> str:
    last = len(line) - 1
    return "".join(
        f'<td class="n{" z" if not number else " bad" if place == last else ""}">{number:,}</td>'
        for place, number in enumerate(line)
    )


def _source(sheet: SourceBalance, rows: SourceRows | None, number: int) -> Iterator[str]:
    yield f'<section id="s{number}"><h2>{escape(sheet.source)}</h2>'
    yield f'<p class="soft">{escape(", ".join(sheet.files))}: {counted(sheet.records, "row")}</p>'
    numbers = _numbers(sheet)
    if sheet.records:
        yield _bar(numbers, sheet.records)
        yield '<p class="key">'
        yield "".join(
            f'<span><i class="{name}"></i>{count:,} {fate}</span>'
            for name, fate, count in zip(_CLASSES, _FATES, numbers, strict=True)
            if count
        )
        yield "</p>"
    if sheet.not_submitted:
        yield '<h3>Reasons</h3><table><thead><tr><th>not submitted</th><th class="n">rows</th></tr></thead><tbody>'
        for reason, count in sheet.not_submitted.items():
            yield f'<tr><td class="w">{escape(reason)}</td><td class="n">{count:,}</td></tr>'
        yield "</tbody></table>"
    if rows is not None:
        yield from _unbuilt(sheet, rows)
        yield from _runs(sheet, rows)
    yield from _columns(sheet)
    yield "</section>"


def _bar(numbers: Sequence[int], records: int) -> str:
    """The fates as parts of a bar; attributes, since the page allows no style but its own."""
    parts, start = [], 0.0
    for name, count in zip(_CLASSES, numbers, strict=True):
        width = 1000 * count / records
        if count:
            parts.append(f'<rect class="{name}" x="{start:.2f}" y="0" width="{width:.2f}" height="10"/>')
        start += width
    return (
        '<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def _unbuilt(sheet: SourceBalance, rows: SourceRows) -> Iterator[str]:
    if not rows.unbuilt:
        return
    count = len(rows.unbuilt) + sum(number for _, number in rows.more_unbuilt)
    yield f"<details open><summary>Rows that were not built: {count:,}</summary>"
    yield '<div class="scroll"><table><thead><tr><th>row</th><th>fate</th><th>reason</th></tr></thead><tbody>'
    for one in rows.unbuilt:
        why = f"replaced by {one.kept}" if one.kept.file else one.reason
        line = one.place.line
        yield (
            f'<tr data-s="{escape(sheet.source)}" data-f="{line}" data-t="{line}">'
            f"<td>{escape(str(one.place))}</td><td>{escape(one.fate)}</td>"
            f'<td class="w">{escape(why)}</td></tr>'
        )
    yield "</tbody></table></div>"
    yield from _more(rows.more_unbuilt, "not built")
    yield "</details>"


def _runs(sheet: SourceBalance, rows: SourceRows) -> Iterator[str]:
    if not rows.runs:
        return
    yield f"<details><summary>Rows that were built, and what they feed: {sheet.built:,}</summary>"
    yield (
        '<div class="scroll"><table><thead><tr><th>rows</th><th class="n">records</th><th>feed</th></tr></thead>'
        "<tbody>"
    )
    for one in rows.runs:
        place = f"{one.file}:{one.first}" + (f" to {one.last}" if one.last != one.first else "")
        fed = ", ".join(one.datasets) or "what is derived from them"
        yield (
            f'<tr data-s="{escape(sheet.source)}" data-f="{one.first}" data-t="{one.last}">'
            f'<td>{escape(place)}</td><td class="n">{one.records:,}</td><td class="w">{escape(fed)}</td></tr>'
        )
    yield "</tbody></table></div>"
    yield from _more(rows.more_runs, "built")
    yield (
        '<p class="soft">Which records and variables a row feeds: <code>sdtm-il2 trace OUT --from FILE ROW</code></p>'
        "</details>"
    )


def _more(files: Iterable[tuple[str, int]], word: str) -> Iterator[str]:
    for file, count in files:
        yield f'<p class="soft">{count:,} more rows of {escape(file)} are {word} and not listed here.</p>'


def _columns(sheet: SourceBalance) -> Iterator[str]:
    yield f"<details><summary>Columns: {len(sheet.columns)}</summary>"
    held = {one.column: one for one in sheet.cells}
    shown = [name for name in CELLS if any(one.counts[name] for one in sheet.cells)]
    yield '<div class="scroll"><table><thead><tr><th>column</th><th>use</th><th>by, or reason</th>'
    yield (
        "".join(f'<th class="n">{escape(_CELL_NAMES[name])}</th>' for name in shown) + "</tr></thead><tbody>"
    )
    for column in sheet.columns:
        about = column.reason or ", ".join(column.by)
        bad = ' class="bad"' if column.use == "unmapped" else ""
        cells = held.get(column.column)
        numbers = [cells.counts[name] if cells is not None else 0 for name in shown]
        yield (
            f'<tr data-s="{escape(sheet.source)}"><th>{escape(column.column)}</th><td{bad}>{escape(column.use)}</td>'
            f'<td class="w">{escape(about)}</td>'
            + "".join(f'<td class="n{" z" if not one else ""}">{one:,}</td>' for one in numbers)
            + "</tr>"
        )
    yield "</tbody></table></div></details>"
