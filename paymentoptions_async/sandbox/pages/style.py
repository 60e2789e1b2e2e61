"""The look of the pages: one stylesheet, which stands in each of them."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

from .markup import Markup

__all__ = ["HEADERS", "STYLE"]

STYLE: Final = Markup("""
:root{color-scheme:light dark;--ground:#f4f6f9;--paper:#fff;--ink:#17202e;--soft:#556074;--line:#d6dce5;
--field:#8a94a6;--accent:#1652c8;--accent-ink:#fff;--accent-soft:#e8effc;--good:#0f6b3c;--good-soft:#dff4e7;
--bad:#b3261e;--bad-soft:#fce8e6;--wait:#7a4a00;--wait-soft:#fff0d3;--mute-soft:#e9edf3;
--shade:0 1px 2px rgb(16 24 40/.06),0 4px 16px rgb(16 24 40/.06)}
@media (prefers-color-scheme:dark){:root{--ground:#0f141b;--paper:#181f2a;--ink:#e8edf5;--soft:#a4b0c2;
--line:#2f3947;--field:#6d7a8e;--accent:#8ab4ff;--accent-ink:#0b1730;--accent-soft:#1c2b47;--good:#7ddaa2;
--good-soft:#12321f;--bad:#ff9c94;--bad-soft:#43191a;--wait:#ffca70;--wait-soft:#3a2a0b;--mute-soft:#27303d;
--shade:none}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",
"Hiragino Sans","Hiragino Kaku Gothic ProN","Yu Gothic UI","Noto Sans CJK JP","Noto Sans JP",Meiryo,sans-serif;
overflow-wrap:anywhere;-webkit-text-size-adjust:100%}
.notice{margin:0;padding:.5rem 1rem;background:var(--wait-soft);color:var(--wait);text-align:center;
font-size:.875rem;line-height:1.4;font-weight:600}
.notice,h1,.total{text-wrap:balance}
.notice,h1,.total,.alert,.error{word-break:auto-phrase}
header{background:var(--paper);border-bottom:1px solid var(--line)}
header div{max-width:76rem;margin:auto;padding:.25rem 1rem;display:flex;justify-content:space-between;
align-items:center;gap:.25rem 1rem;flex-wrap:wrap}
.brand{font-weight:700;font-size:.9375rem;letter-spacing:-.01em}
header a,.tap{min-height:2.75rem;display:inline-flex;align-items:center;gap:.4rem;text-decoration:none}
main{max-width:76rem;margin:0 auto;padding:1.5rem 1rem 3rem}
main.narrow{max-width:30rem}
main.pay{max-width:58rem;display:grid;gap:1rem}
@media (min-width:52rem){main.pay{grid-template-columns:21rem 1fr;align-items:start;padding-top:2.5rem}
main.narrow{padding-top:2.5rem}main.pay>details{grid-column:2}}
h1{font-size:1.5rem;line-height:1.3;margin:0 0 .75rem;letter-spacing:-.01em}
h2{font-size:1.125rem;line-height:1.4;margin:0 0 .75rem}
p{margin:0 0 1rem}
a{color:var(--accent);text-underline-offset:.2em}
.soft{color:var(--soft)}
.small{font-size:.875rem}
.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8125rem}
.number{font-variant-numeric:tabular-nums}
.keep,.badge{white-space:nowrap}
section,.box{background:var(--paper);border:1px solid var(--line);border-radius:.75rem;box-shadow:var(--shade);
padding:1.25rem;margin-bottom:1rem}
.pay section,.pay .box{margin:0}
@media (min-width:52rem){section,.box{padding:1.5rem}}
.bank{display:flex;justify-content:space-between;align-items:center;gap:1rem;padding-bottom:1rem;
margin-bottom:1rem;border-bottom:1px solid var(--line);font-weight:700}
.scheme{border:1px solid var(--line);border-radius:.35rem;padding:.1rem .5rem;font-size:.75rem;
letter-spacing:.04em;color:var(--soft)}
.total{font-size:1.875rem;line-height:1.25;font-weight:700;margin:0 0 1rem;font-variant-numeric:tabular-nums}
dl{margin:0 0 1.25rem;display:grid;grid-template-columns:minmax(5.5rem,max-content) 1fr;gap:.5rem 1.25rem}
dl:last-child{margin-bottom:0}
dt{color:var(--soft);font-size:.875rem;line-height:1.75}
dd{margin:0;min-width:0}
form{margin:0}
.field{margin-bottom:1rem;min-width:0}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
@media (max-width:24rem){.pair{gap:.75rem}}
label{display:block;font-size:.875rem;font-weight:600;margin-bottom:.3rem}
input{width:100%;min-height:3rem;padding:.5rem .75rem;font:inherit;color:inherit;background:var(--paper);
border:1px solid var(--field);border-radius:.5rem}
input[aria-invalid]{border-color:var(--bad);box-shadow:inset 0 0 0 1px var(--bad)}
.hint{display:block;margin-top:.25rem;color:var(--soft);font-size:.8125rem}
.error{display:block;margin-top:.25rem;color:var(--bad);font-size:.875rem;font-weight:600}
.alert{padding:.75rem 1rem;border-radius:.5rem;background:var(--bad-soft);color:var(--bad);font-weight:600}
button,.button{display:inline-flex;width:100%;min-height:3rem;align-items:center;justify-content:center;
padding:.5rem 1.25rem;font:inherit;font-weight:600;border:1px solid var(--accent);border-radius:.5rem;
background:var(--accent);color:var(--accent-ink);cursor:pointer;text-decoration:none;text-align:center}
button.plain,.button.plain{background:transparent;color:var(--accent);border-color:var(--field)}
button.no{background:transparent;color:var(--bad);border-color:var(--bad)}
button:hover,.button:hover{filter:brightness(1.08)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.stack{display:grid;gap:.75rem}
.apart{border-top:1px solid var(--line);margin-top:1.25rem;padding-top:1rem}
.search{margin-bottom:1rem}
.line{display:flex;gap:.75rem;flex-wrap:wrap;align-items:end}
.line .field{flex:1 1 12rem;margin:0}
.line button,.line .button{width:auto}
.badge{display:inline-block;padding:.1rem .55rem;border-radius:1rem;font-size:.8125rem;font-weight:600;
background:var(--mute-soft);color:var(--ink)}
.badge.good{background:var(--good-soft);color:var(--good)}
.badge.bad{background:var(--bad-soft);color:var(--bad)}
.badge.wait{background:var(--wait-soft);color:var(--wait)}
.badge.held{background:var(--accent-soft);color:var(--accent)}
.mark{width:3rem;height:3rem;border-radius:50%;display:grid;place-items:center;font-size:1.5rem;margin:0 0 1rem;
background:var(--mute-soft)}
.mark.good{background:var(--good-soft);color:var(--good)}
.mark.bad{background:var(--bad-soft);color:var(--bad)}
.mark.wait{background:var(--wait-soft);color:var(--wait)}
summary{cursor:pointer;font-weight:600;min-height:2.75rem;display:flex;align-items:center;gap:.5rem}
summary::before{content:"";flex:none;width:.5rem;height:.5rem;border-right:2px solid;border-bottom:2px solid;
transform:rotate(-45deg);color:var(--soft)}
details[open]>summary::before{transform:rotate(45deg)}
details.box{padding-top:.5rem;padding-bottom:.5rem}
details.box[open]{padding-bottom:1.25rem}
table{width:100%;border-collapse:collapse}
table+p{margin-top:1.25rem}
th{text-align:left;color:var(--soft);font-size:.8125rem;font-weight:600;padding:.5rem .75rem .5rem 0}
td{border-top:1px solid var(--line);padding:.65rem .75rem .65rem 0;vertical-align:top;font-size:.9375rem}
td>small{display:block;color:var(--soft)}
@media (max-width:47.99rem){table,tbody,tr,td{display:block}thead{position:absolute;left:-99rem}
tr{border-top:1px solid var(--line);padding:.75rem 0}tr:first-child{border:0;padding-top:0}
td{display:grid;grid-template-columns:7rem minmax(0,1fr);gap:0 .75rem;border:0;padding:.15rem 0;text-align:left}
td::before{content:attr(data-label);color:var(--soft);font-size:.8125rem;line-height:1.8}td>small{grid-column:2}
td>.badge{justify-self:start}}
.turns{display:flex;justify-content:space-between;align-items:center;gap:1rem;margin-top:.5rem}
.chain{list-style:none;margin:0;padding:0}
.chain li{position:relative;padding:0 0 1.5rem 1.75rem}
.chain li:last-child{padding-bottom:0}
.chain li::before{content:"";position:absolute;left:.2rem;top:.45rem;width:.75rem;height:.75rem;
border-radius:50%;background:var(--accent)}
.chain li:not(:last-child)::after{content:"";position:absolute;left:.525rem;top:1.4rem;bottom:-.2rem;
border-left:2px solid var(--line)}
.chain h3{font-size:1rem;margin:0 0 .5rem;display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:center}
.entry{border-top:1px solid var(--line)}
.entry summary{flex-wrap:wrap;gap:.1rem .75rem;padding:.5rem 0;font-weight:400}
pre{margin:0 0 1rem;padding:.75rem;border-radius:.5rem;background:var(--ground);border:1px solid var(--line);
white-space:pre-wrap;overflow-wrap:anywhere;font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
""")

_DIGEST: Final = b64encode(sha256(STYLE.encode()).digest()).decode()

HEADERS: Final = {
    # Chromium asks `form-action` for the redirect after a form as well, and that goes to the merchant.
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; base-uri 'none'; "
        "form-action 'self' http: https:"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
