"""Looks and search of the page; both stand in the page itself, which loads nothing."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root{--ink:#1b2430;--soft:#5a6675;--line:#d9dfe6;--head:#eef2f6;--link:#0b57a4;--mark:#fff4c2;--level:#f7f9fb;
--accent:#14507e}
*{box-sizing:border-box}
html{scroll-padding-top:3.2rem;-webkit-text-size-adjust:100%}
body{margin:0;color:var(--ink);background:#fff;font:14px/1.5 "Segoe UI","Helvetica Neue",Arial,"PingFang SC",
"Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif}
a{color:var(--link);text-decoration:none}a:hover,a:focus-visible{text-decoration:underline}
code,.code{font-family:"SFMono-Regular",Consolas,"Liberation Mono",Menlo,monospace;font-size:.93em}
nav{position:fixed;inset:0 auto 0 0;width:17rem;overflow-y:auto;padding:1rem .9rem 2rem;border-right:1px solid
var(--line);background:#fbfcfd;font-size:13px;line-height:1.35}
nav p{margin:0 0 .8rem;font-weight:600}
nav ul{list-style:none;margin:0;padding:0}
nav li{padding:.13rem 0}nav ul ul{padding-left:.8rem;margin:.15rem 0 .4rem}
nav summary{cursor:pointer;font-weight:600;padding:.13rem 0}nav b{font-weight:600}
nav .sub{color:var(--soft)}
.search{width:100%;margin:0 0 .8rem;padding:.4rem .5rem;font:inherit;border:1px solid #b6c0cb;border-radius:4px}
main{margin-left:17rem;padding:1.4rem 2rem 4rem;max-width:108rem}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .2rem;font-weight:650}
.lead{color:var(--soft);margin:0 0 1.2rem;max-width:60rem}
h2{font-size:1.22rem;margin:2rem 0 .7rem;padding-bottom:.25rem;border-bottom:2px solid var(--accent);font-weight:650}
h3{font-size:1.02rem;margin:1.9rem 0 .5rem;font-weight:650}
h3 .file,h2 .file{font-weight:400;font-size:.88rem;margin-left:.6rem}
.en{color:var(--soft);font-weight:400}
h2 .en,h3 .en,th .en{font-size:.82em}thead .en{white-space:nowrap}
h2 .en,h3 .en,.kv .en{margin-left:.35em}
td .en{display:block;font-size:.92em}
td .en.inline{display:inline;margin-left:0}
.note{color:var(--soft)}
.about{margin:.1rem 0 .6rem;color:var(--soft)}
table{border-collapse:collapse;width:100%;margin:0 0 1rem;font-size:13px;line-height:1.42}
caption{text-align:left;padding:0 0 .35rem;font-weight:600}
th,td{border:1px solid var(--line);padding:.32rem .5rem;vertical-align:top;text-align:left;overflow-wrap:break-word}
thead th{background:var(--head);position:sticky;top:0;font-weight:600;z-index:1}
tbody th{font-weight:600}
td.num{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.fixed{table-layout:fixed}.fixed td,.fixed tbody th{overflow-wrap:anywhere}
.sets td .en.inline{display:block}
.sets col.d{width:8%}.sets col.e{width:17%}.sets col.f{width:12.5%}.sets col.g{width:19%}.sets col.p{width:8.5%}
.sets col.y{width:16%}.sets col.w{width:7%}
.vars col.v{width:9.5%}.vars col.l{width:17%}.vars col.k{width:3.2rem}.vars col.t{width:7.5%}.vars col.n{width:4.6rem}
.vars col.r{width:9%}.vars col.c{width:19%}
.vars tr.level td{background:var(--level)}
.vars tr.level td:first-child{padding-left:1.3rem;position:relative}
.vars tr.level td:first-child::before{content:"\\21B3";position:absolute;left:.45rem;color:var(--soft)}
tbody:has(input.fold:not(:checked))+tbody.levels{display:none}
.foldlabel{display:block;font-size:.88em;color:var(--link);cursor:pointer;font-weight:400;white-space:normal}
.foldlabel input{margin:0 .3em 0 0;vertical-align:-1px}
.kv{width:auto;min-width:50%}.kv th{background:var(--head);white-space:nowrap}
.terms{color:var(--soft)}td>.terms.own{display:block}
.cond{display:block}.cond b{font-weight:600}
.part{display:block}.part+.part{margin-top:.25rem}
.pre{white-space:pre-wrap}
.tag{display:inline-block;border:1px solid #b6c0cb;border-radius:3px;padding:0 .3em;font-size:.85em;color:var(--soft);
font-weight:400;white-space:nowrap}
.bad{color:#a11;font-weight:600}
:target>td,:target>th,tr:target td{background:var(--mark)!important}h3:target,h2:target{background:var(--mark)}
section{content-visibility:auto;contain-intrinsic-size:auto 40rem}
[hidden]{display:none!important}
.list{max-width:64rem}.list th:first-child{width:36%}.list th:nth-child(3){width:16%}
footer{margin-top:3rem;color:var(--soft);font-size:12px;border-top:1px solid var(--line);padding-top:.6rem}
@media (max-width:1050px){
.sets col.d{width:9%}.sets col.e{width:16%}.sets col.f{width:13.5%}.sets col.g{width:17%}.sets col.p{width:9.5%}
.sets col.w{width:8%}thead .en{display:block}
nav{position:static;width:auto;border:0;border-bottom:1px solid var(--line);padding:.8rem 1rem;max-height:none}
nav ul ul{columns:3;column-gap:1.2rem}nav li{break-inside:avoid}
main{margin-left:0;padding:1rem 1rem 3rem}
body{font-size:13px}table{font-size:11.5px;line-height:1.36}th,td{padding:.24rem .3rem}
.vars col.k{width:2.3rem}.vars col.n{width:3.1rem}.vars col.v{width:11.5%}.vars col.r{width:9.5%}
h1{font-size:1.35rem}}
@media (max-width:640px){nav ul ul{columns:2}main{overflow-x:auto}.vars{min-width:46rem}}
@media print{
nav,.search,.foldlabel input{display:none}main{margin:0;padding:0;max-width:none}
body{font-size:9.5pt}table{font-size:7.6pt}thead th{position:static}thead{display:table-header-group}
tr{break-inside:avoid}h2,h3{break-after:avoid}a{color:inherit}section{content-visibility:visible}
tbody:has(input.fold:not(:checked))+tbody.levels{display:table-row-group}
@page{size:A4 landscape;margin:12mm}}
"""

#: Hides the rows that do not hold the words that are typed; without it the page is whole.
SCRIPT = """
(function(){
var field=document.getElementById("search");if(!field)return;field.hidden=false;
var rows=[].slice.call(document.querySelectorAll("main tbody tr"));
var texts=null,wait=0;
function search(){
 var words=field.value.toLowerCase().split(/\\s+/).filter(Boolean);
 if(!texts)texts=rows.map(function(row){return row.textContent.toLowerCase();});
 rows.forEach(function(row,place){
  row.hidden=!words.every(function(word){return texts[place].indexOf(word)>=0;});});
 document.querySelectorAll("main section").forEach(function(one){
  var inside=one.querySelectorAll("tbody tr");
  one.hidden=words.length>0&&inside.length>0&&!one.querySelector("tbody tr:not([hidden])");});
}
field.addEventListener("input",function(){clearTimeout(wait);wait=setTimeout(search,150);});
})();
"""


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


#: Nothing is loaded, and no style or script runs but these two: a text of the study that got into the page as an
#: element would not be run.
POLICY = f"default-src 'none'; style-src {_source(STYLE)}; script-src {_source(SCRIPT)}; base-uri 'none'; form-action 'none'"
