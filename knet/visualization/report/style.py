"""The style sheet of the report: one column on a phone, light or dark as the reader's system is, and paper."""

STYLE = """
:root{color-scheme:light dark;--bg:#f7f7f5;--card:#fff;--ink:#1c1e21;--soft:#5a6270;--line:#d5d8de;--accent:#1f5fbf;
--raw:#9dbbe8;--mark:#fff;--edge:#16181c;--track:#8a93a0}
@media (prefers-color-scheme:dark){:root{--bg:#15171a;--card:#1e2125;--ink:#e8eaec;--soft:#a9b1bc;--line:#3a4047;
--accent:#7fb2ff;--raw:#3f5f8f;--track:#8a93a0}}
*{box-sizing:border-box}
body{background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
margin:0 auto;max-width:1160px;padding:20px 16px 48px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}h2{font-size:19px;margin:36px 0 8px}
h3{font-size:15px;margin:14px 0 4px}h3 small{font-weight:400;color:var(--soft)}
p{margin:4px 0 10px;color:var(--soft);max-width:80ch}p b{color:var(--ink)}
a{color:var(--accent)}nav{display:flex;flex-wrap:wrap;gap:2px 14px;margin:8px 0 0}
.warning{color:var(--ink);border-left:4px solid #d08700;padding-left:10px;font-weight:600}

.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,230px),1fr));gap:12px}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 16px;min-width:0}
.tile b{display:block;font-size:30px;line-height:1.2;font-variant-numeric:tabular-nums}
.tile .name{font-weight:600}.tile small{display:block;color:var(--soft);font-size:13px;line-height:1.4}

.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;background:var(--card);border:1px solid var(--line);font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
thead th{color:var(--soft);font-weight:600;vertical-align:bottom}
th.text,td.text{text-align:left;font-weight:400;overflow-wrap:break-word;max-width:34ch}
.class{white-space:nowrap}
td small,th small{color:var(--soft);white-space:nowrap}
td.best{font-weight:700}
.bar{display:block;height:4px;border-radius:2px;background:var(--accent);margin-top:2px;min-width:1px}
td .track{display:block;width:64px;background:var(--line);border-radius:2px;margin-left:auto}
.swatch{display:inline-block;width:14px;height:14px;border-radius:3px;margin-right:8px;vertical-align:-2px;
border:1px solid var(--ink)}

figure{margin:0;min-width:0}figcaption{color:var(--soft);font-size:14px;overflow-wrap:break-word;margin-top:4px}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:18px 16px;
align-items:start}
.wide{grid-column:1/-1}
img,video{display:block;max-width:100%;height:auto;border-radius:6px;border:1px solid var(--line)}
.tall img,.tall video{margin:0 auto;max-height:88vh;width:auto}

.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:12px}
.charts.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr))}
svg.chart{display:block;width:100%;height:auto;max-width:460px;background:var(--card);border:1px solid var(--line);
border-radius:8px}
svg text{fill:var(--soft);font-size:11px}svg .name{fill:var(--ink);font-size:13px;font-weight:600}
svg .note{fill:var(--soft);font-weight:400}svg .end{text-anchor:end}svg .middle{text-anchor:middle}
.axis{stroke:var(--soft);fill:none}.grid{stroke:var(--line)}
.raw{fill:none;stroke:var(--raw);stroke-width:1.2}.smooth{fill:none;stroke:var(--accent);stroke-width:2.2}
circle.point{fill:var(--accent)}

.timeline{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:0 8px;background:var(--card);
border:1px solid var(--line);border-radius:8px;padding:8px 10px;font-size:12px;margin:0 0 10px}
.timeline ol{list-style:none;margin:0;padding:0;text-align:right}
.timeline li{height:22px;line-height:22px;white-space:nowrap;max-width:26vw;overflow:hidden;text-overflow:ellipsis}
.timeline svg{display:block;width:100%;overflow:visible}
.timeline text.id{font-size:11px;font-weight:600}
.missed{fill:none;stroke:var(--soft);stroke-dasharray:3 3}
.shown{stroke:var(--edge);stroke-opacity:.55}
.switch{fill:var(--mark);stroke:var(--edge);stroke-width:2.5}
.key{display:inline-block;height:12px;width:26px;vertical-align:-1px;margin:0 4px 0 0;border:1px solid var(--edge)}
.key.hole{border:1px dashed var(--soft)}
.key.dot{width:12px;border-radius:50%;background:var(--mark);border:2.5px solid var(--edge);
box-shadow:0 0 0 1px var(--soft)}

.paper{display:none}
details{margin:10px 0}summary{cursor:pointer;color:var(--accent);padding:2px 0}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:2px 16px;margin:0;
align-items:start}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media (max-width:560px){dl{grid-template-columns:minmax(0,1fr)}dd{margin:0 0 8px}
table{font-size:13.5px}th,td{padding:4px 6px}
td .track{width:40px}h2{margin-top:28px}}

@media print{
:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--accent:#1f5fbf;--raw:#9dbbe8;
--mark:#fff;--edge:#000}
@page{margin:14mm}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{max-width:none;padding:0;font-size:10.5pt}
nav{display:none}h1,h2,h3{break-after:avoid}h2{margin-top:20px}
.tile,figure,tr,svg.chart,.timeline,.together{break-inside:avoid}thead{display:table-header-group}
.scroll{overflow:visible}table{font-size:9.5pt}th,td{padding:2px 6px}
.pictures{display:block}figure{display:inline-block;width:49%;margin:0 0 12px;vertical-align:top}
figure.wide{width:100%}img,video{max-height:110mm;width:auto}
.charts{grid-template-columns:repeat(3,1fr)}
details:not([open]),summary{display:none}.paper{display:block}.key-line{break-after:avoid}
p{orphans:3;widows:3}}
"""
