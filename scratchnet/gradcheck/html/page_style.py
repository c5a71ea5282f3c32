"""The style and the script of a report's page."""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f7f6f3; --card: #ffffff; --ink: #1d1c1a; --soft: #66625b; --line: #dedad2; --code: #f1efea;
  --mark: #ffe9b8;
  --good: #1c6e3d; --good-ground: #e2f2e7; --bad: #a61b1b; --bad-ground: #fbe6e3;
  --zero: #eceae5; --hatch: #b9b4aa; --frame: #0b63ce;
  --e0: #fff3bf; --e1: #ffe08a; --e2: #fdc565; --e3: #fca54c; --e4: #f97f3b; --e5: #ea5a2c; --e6: #cf3422;
  --e7: #a51a21; --e8: #6b0a22;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #161513; --card: #1f1e1b; --ink: #eceae4; --soft: #a39e94; --line: #3a3833; --code: #2a2925;
    --mark: #57431a; --good: #7fd39b; --good-ground: #1b3324; --bad: #ff9d92; --bad-ground: #472220;
    --zero: #2d2b28; --hatch: #66625b; --frame: #43b4ff;
    --e0: #3b2a63; --e1: #5a2a7d; --e2: #7c2c86; --e3: #a03283; --e4: #c53e73; --e5: #e5585c; --e6: #f57f46;
    --e7: #fbad45; --e8: #fbe98a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.3rem 0 .4rem; }
p { margin: .4rem 0; }
code, pre, td.number { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .875em; }
.number { white-space: nowrap; }
.soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem;
  margin: 1rem 0; }
.badge { display: inline-block; border-radius: 6px; padding: .05rem .5rem; font-size: .875rem; font-weight: 600;
  white-space: nowrap; vertical-align: .1em; }
.right { color: var(--good); background: var(--good-ground); }
.wrong { color: var(--bad); background: var(--bad-ground); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9375rem; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .25rem 1.1rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child > * { border-bottom: 0; }
td.number, th.number { text-align: right; }
td.number { white-space: nowrap; }
.name { white-space: nowrap; }
.finding { border-left: 3px solid var(--bad); padding-left: .8rem; margin: .8rem 0; }
.finding.perhaps { border-left-style: dotted; }
.finding p:first-child { font-weight: 600; }
.finding p:first-child code { background: var(--code); border-radius: 4px; padding: 0 .25em; }
pre { background: var(--code); border-radius: 6px; padding: .5rem 0; margin: .5rem 0; overflow-x: auto; }
pre span { display: block; min-width: max-content; padding: 0 .8rem; }
pre .here { background: var(--mark); }
ul { margin: .3rem 0; padding: 0; list-style: none; }
.maps { display: flex; flex-wrap: wrap; gap: .7rem; align-items: flex-end; margin: .35rem 0 .8rem; }
figure { margin: 0; max-width: 100%; overflow-x: auto; }
figcaption, .label { font-size: .75rem; color: var(--soft); font-family: ui-monospace, Menlo, Consolas, monospace; }
svg { display: block; max-width: none; }
rect { stroke: var(--card); stroke-width: .06; }
.z { fill: var(--zero); } .n { fill: url(#hatch); }
.e0 { fill: var(--e0); } .e1 { fill: var(--e1); } .e2 { fill: var(--e2); } .e3 { fill: var(--e3); }
.e4 { fill: var(--e4); } .e5 { fill: var(--e5); } .e6 { fill: var(--e6); } .e7 { fill: var(--e7); }
.e8 { fill: var(--e8); }
rect.worst { stroke: var(--frame); stroke-width: .2; }
rect:hover { stroke: var(--ink); stroke-width: .12; }
.legend { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; align-items: center; font-size: .8125rem; }
.legend span { white-space: nowrap; }
.legend svg { display: inline-block; vertical-align: -.15rem; margin: 0 .3rem; overflow: visible; }
.legend path { fill: var(--ink); }
.readout { min-height: 1.6em; margin: .5rem 0 0; font-size: .875rem; }
@media (max-width: 32rem) {
  main { padding: 1rem .6rem 2rem; }
  .card { padding: .8rem .8rem; }
  th, td { padding-right: .6rem; }
  td.share, th.number { white-space: normal; }
  .facts tr { display: grid; grid-template-columns: 1fr auto; padding: .25rem 0; border-bottom: 1px solid var(--line); }
  .facts td { border: 0; padding: 0; }
  .facts td:last-child { grid-column: 1 / -1; font-size: .8125rem; }
}
.hidden { position: absolute; width: 0; height: 0; }
"""

# Says what is under the pointer: a title alone shows late, and not at all on a touch screen.
SCRIPT = """
document.querySelectorAll(".heat").forEach(heat => {
  const readout = heat.querySelector(".readout"), first = readout.textContent;
  heat.addEventListener("pointerover", event => {
    const title = event.target.closest("rect")?.querySelector("title");
    readout.textContent = title ? title.textContent : first;
  });
});
"""
