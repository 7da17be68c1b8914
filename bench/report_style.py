# SPDX-License-Identifier: GPL-2.0-only
"""report_style.py - how the report looks: on a laptop, a phone and paper, by day and night."""
import svg


def style():
    """Colours by day and by night."""
    def colours(which):
        return "".join(f"--{n}:{c[which]};" for n, c in {**svg.COLOURS, **svg.PAGE}.items())
    day = colours(0) + "--soft:#595959;--card:#fafafa;--link:#005a9c;--yes:#00704f;--no:#a84300;"
    night = colours(1) + "--soft:#a8a8a8;--card:#1c1c1c;--link:#7cc7f2;--yes:#12b98a;--no:#f08a3c;"
    return f":root{{color-scheme:light dark;{day}}}@media screen and (prefers-color-scheme:dark){{:root{{{night}}}}}" + """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:1240px;margin:0 auto;padding:1rem}
h1{font-size:1.7rem;margin:.5rem 0}h2{margin:2.2rem 0 .6rem;border-bottom:2px solid var(--line)}
h3{margin:1.4rem 0 .5rem;font-size:1.05rem}
a{color:var(--link)}p,li{max-width:75ch}nav{line-height:2}nav a{margin-right:.9rem}
.soft{color:var(--soft)}
code{font-size:.9em;overflow-wrap:anywhere}pre{overflow-x:auto;background:var(--card);padding:.6rem;border:1px solid var(--line)}
.command{white-space:pre-wrap;overflow-wrap:anywhere}.wide+.wide{margin-top:.9rem}
.plots{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr));align-items:start}
figure{margin:0;padding:.6rem;border:1px solid var(--line);border-radius:6px;background:var(--card);min-width:0}
figcaption{font-weight:600;font-size:.9rem;margin-bottom:.3rem;overflow-wrap:anywhere}
.plot{display:block;width:100%;height:auto;font:11.5px system-ui,sans-serif}
.plot text{fill:var(--text)}.grid{stroke:var(--line);stroke-width:.7;fill:none}.axis{stroke:var(--text);fill:none}
.line{fill:none;stroke-width:1.8}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem .8rem;margin:.3rem 0 .5rem;padding:0;font-size:.8rem}
.key{width:28px;height:12px;margin-right:.3rem;vertical-align:-1px}
.wide{overflow-x:auto}table{border-collapse:separate;border-spacing:0;font-size:.78rem;font-variant-numeric:tabular-nums}
th,td{padding:.12rem .4rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child{text-align:left;position:sticky;left:0;background:var(--card)}thead th{color:var(--soft);font-weight:600}
.words th,.words td{text-align:left}
.questions{width:100%;font-size:.9rem}
.questions th:first-child{background:none}.questions th .soft{font-weight:400}
.questions th,.questions td{white-space:normal;text-align:left;vertical-align:top;padding:.4rem .5rem}
.verdict{font-weight:700}.v-c::before{content:"\\2713\\a0"}.v-r::before{content:"\\2717\\a0"}.v-n::before{content:"?\\a0"}
.v-c{color:var(--yes)}.v-r{color:var(--no)}.v-n{color:var(--soft)}
.flames{width:100%;border:1px solid var(--line)}
.bad{border:3px solid var(--vermilion);padding:.2rem 1rem;border-radius:6px}
@media screen and (max-width:760px){.questions thead{position:absolute;left:-200vw}
.questions tr{display:block;border:1px solid var(--line);border-radius:6px;margin:.6rem 0;padding:.3rem}
.questions th,.questions td{display:block;border:0;padding:.15rem .4rem}
.questions td[data-what]::before{content:attr(data-what) ": ";color:var(--soft)}}
@media print{body{font-size:10pt}main{max-width:none;padding:0}nav{display:none}
.plots{grid-template-columns:1fr 1fr;gap:.5rem}figure,tr{break-inside:avoid}h2,h3{break-after:avoid}
figure{padding:.3rem}.wide{overflow:visible}table{font-size:7pt}.questions{font-size:8pt}a{color:inherit}
.questions td:last-child,.questions thead th:last-child{display:none}.legend,figcaption{font-size:7.5pt}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:6.5pt}
figure table{font-size:6.2pt}figure th,figure td{padding:.05rem .2rem}.words td{white-space:normal;overflow-wrap:anywhere}}
"""
