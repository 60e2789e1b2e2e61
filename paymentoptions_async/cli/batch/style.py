"""The look of the report."""

from __future__ import annotations

from typing import Final

from ...sandbox.pages.markup import Markup

__all__ = ["STYLE"]

STYLE: Final = Markup("""
:root{color-scheme:light dark;--ground:#f4f6f9;--paper:#fff;--ink:#17202e;--soft:#556074;--line:#dfe4ec;--good:#1f8a5b;
--calm:#4a6fb5;--wait:#c98a1b;--bad:#c9372c;--mute:#8a94a6;--bad-soft:#fce8e6;--wait-soft:#fff3dc;--bad-ink:#8c1d18;
--wait-ink:#6b4100}
@media (prefers-color-scheme:dark){:root{--ground:#0f141b;--paper:#181f2a;--ink:#e8edf5;--soft:#a4b0c2;--line:#2f3947;
--good:#4cc38a;--calm:#7ea2ea;--wait:#e5b454;--bad:#ff8078;--mute:#7b879a;--bad-soft:#43191a;--wait-soft:#3a2a0b;
--bad-ink:#ffb4ae;--wait-ink:#ffd58a}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",
"Hiragino Sans","Noto Sans CJK JP","Noto Sans",sans-serif;overflow-wrap:anywhere;-webkit-text-size-adjust:100%}
main{max-width:64rem;margin:0 auto;padding:1.5rem 1rem 2rem;display:grid;gap:1rem;grid-template-columns:minmax(0,1fr)}
section.top{align-self:start}
h1{font-size:1.5rem;line-height:1.3;margin:0;letter-spacing:-.01em}
h2{font-size:1rem;margin:0 0 .75rem}
p{margin:0}
.soft{color:var(--soft)}
.small{font-size:.8125rem}
.notice{padding:.75rem 1rem;border-radius:.5rem;font-weight:600;border-left:.3rem solid}
.notice.bad{background:var(--bad-soft);color:var(--bad-ink)}
.notice.wait{background:var(--wait-soft);color:var(--wait-ink)}
.tiles{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr))}
.tile,section{background:var(--paper);border:1px solid var(--line);border-radius:.75rem;padding:1rem}
.tile b{display:block;font-size:1.5rem;white-space:nowrap;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:.875rem}
.tile.good b{color:var(--good)}
.tile.bad b{color:var(--bad)}
@media (min-width:48rem){main{grid-template-columns:repeat(2,minmax(0,1fr))}
header,.notice,.tiles,.wide,footer{grid-column:1/-1}section{padding:1.25rem}}
table{width:100%;border-collapse:collapse}
th,td{text-align:left;padding:.3rem .75rem .3rem 0;vertical-align:top;font-weight:400}
th{font-weight:700;width:4rem}
td:last-child{padding-right:0}
tr.first th,tr.first td{border-top:1px solid var(--line);padding-top:.5rem}
tr.first:first-child th,tr.first:first-child td{border:0;padding-top:0}
td.bad{color:var(--bad);font-weight:600}
td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.good{--tint:var(--good)}
.calm{--tint:var(--calm)}
.wait{--tint:var(--wait)}
.bad{--tint:var(--bad)}
.mute{--tint:var(--mute)}
.split{display:flex;height:1.75rem;border-radius:.4rem;overflow:hidden;gap:2px}
.split i{background:var(--tint);flex-basis:0;min-width:3px}
ul{list-style:none;margin:0;padding:0}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin-top:.75rem;font-size:.875rem}
.key li{display:flex;align-items:center;gap:.45rem}
.key i{width:.75rem;height:.75rem;border-radius:.2rem;background:var(--tint);flex:none}
.key i.dash{width:0;height:.9rem;border-radius:0;background:none;border-left:2px dashed var(--ink)}
.counts{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.35rem 2rem}
.counts b{margin-left:auto;font-variant-numeric:tabular-nums}
.counts em{font-style:normal;color:var(--soft);min-width:3.5rem;text-align:right;font-variant-numeric:tabular-nums}
.bars li{display:grid;grid-template-columns:1fr auto;gap:.1rem .75rem;padding:.3rem 0}
.bars b{font-variant-numeric:tabular-nums}
.bars i{grid-column:1/-1;height:.5rem;border-radius:.25rem;background:var(--tint);min-width:3px}
svg{display:block;width:100%;height:auto}
svg text{font:12px system-ui,-apple-system,"Segoe UI","Noto Sans",sans-serif;fill:var(--soft)}
.grid{stroke:var(--line)}
.axis{stroke:var(--soft)}
.mark{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:4 3}
.fill{fill:var(--tint)}
.curve{fill:none;stroke:var(--calm);stroke-width:2;stroke-linejoin:round}
@media (max-width:40rem){svg text{font-size:17px}}
@media print{:root{color-scheme:light;--ground:#fff;--paper:#fff;--ink:#000;--soft:#444;--line:#ccc;--good:#1f8a5b;
--calm:#4a6fb5;--wait:#c98a1b;--bad:#c9372c;--mute:#8a94a6;--bad-soft:#fff;--wait-soft:#fff;--bad-ink:#8c1d18;
--wait-ink:#6b4100}
body{font-size:11pt}main{max-width:none;padding:0;gap:.6rem;grid-template-columns:repeat(2,minmax(0,1fr))}
header,.notice,.tiles,.wide,footer{grid-column:1/-1}
section,.tile,.notice{break-inside:avoid}
.tiles{grid-template-columns:repeat(6,1fr)}.tile b{font-size:1.1rem}
section{padding:.75rem}.tile{padding:.5rem .75rem}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}svg text{font-size:12px}
@page{margin:14mm}}
""")
