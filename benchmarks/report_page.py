"""The page that a report's sections stand in: its frame and its style, light and dark; figures and tables in it."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from benchmarks.plots import number

STYLE = """
:root{--paper:#fff;--ink:#1b2430;--soft:#5b6775;--rule:#dfe4ea;--panel:#f6f8fa;
--c0:#1f6f8b;--c1:#e07a3f;--c2:#5a9e6f;--c3:#8e5ea2;--c4:#d1a92f;--c5:#b5485d;--c6:#6c7a89;--c7:#3f5fbf}
@media (prefers-color-scheme:dark){:root{--paper:#14191f;--ink:#e4e9ee;--soft:#9aa7b4;--rule:#2c3540;--panel:#1b222a;
--c0:#4fb0cf;--c1:#f0975f;--c2:#7cc492;--c3:#b58acb;--c4:#e3c458;--c5:#dd7389;--c6:#9aa7b4;--c7:#7d98ee}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:860px;margin:0 auto;padding:32px 20px 64px}h1{font-size:26px;margin:0 0 4px}
h2{font-size:19px;margin:44px 0 8px;padding-top:12px;border-top:1px solid var(--rule)}
h3{font-size:15px;margin:22px 0 4px}
p{color:var(--soft);margin:0 0 16px}nav{display:flex;flex-wrap:wrap;gap:6px 16px;margin:14px 0}
a{color:var(--c0);text-decoration:none}a:hover{text-decoration:underline}
figure{margin:14px 0;padding:14px 16px;background:var(--panel);border:1px solid var(--rule);border-radius:8px}
figcaption{color:var(--soft);font-size:13px;margin-top:6px}svg{width:100%;height:auto;display:block}
svg text{fill:var(--ink);font-size:12px}svg .tick,svg .axis{fill:var(--soft);font-size:11px}
svg .grid{stroke:var(--rule);stroke-width:1}.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px;margin:10px 0}
th,td{text-align:left;padding:5px 10px;border-bottom:1px solid var(--rule);white-space:nowrap}
th{color:var(--soft);font-weight:600}td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
"""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Orderloom benchmarks</title><style>{style}</style></head>
<body><main><h1>Orderloom benchmarks</h1><p>Open-loop load; everything on one machine, the generator included.</p>
{circumstances}<nav>{contents}</nav>{body}</main></body></html>
"""


def figure(svg: str, caption: str) -> str:
    """A plot with what it shows; nothing where there is no plot."""
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>" if svg else ""


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; columns of numbers stand to the right."""
    numeric = [
        bool(rows) and all(_is_number(row[at]) or row[at] == "–" for row in rows) for at in range(len(heads))
    ]
    head = "".join(
        f'<th class="number">{escape(each)}</th>' if right else f"<th>{escape(each)}</th>"
        for each, right in zip(heads, numeric, strict=True)
    )
    body = "".join("<tr>" + "".join(_cell(each) for each in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def latencies(figures: Mapping[str, Any]) -> tuple[object, ...]:
    """Cells for p50 and p99 of acceptance, then of the cycle; a dash where none was measured."""
    return tuple(
        figures[f"{which}_ms"].get(name, "–") for which in ("accept", "cycle") for name in ("p50", "p99")
    )


def _cell(value: object) -> str:
    if _is_number(value):
        return f'<td class="number">{number(float(value))}</td>'  # type: ignore[arg-type]
    return f"<td>{escape(str(value))}</td>"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
