#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""report_page.py - what the jobs of "lab report" left, as one page.

usage: report_page.py DIR

DIR/plan has a line for each job: its name, kernel, workload and command, with tabs
between.  DIR/jobs/NAME.jsonl has the records of one that came to its end, and a last
line about the job itself (bench/report-job).  Writes index.html, results.jsonl and
results.csv into DIR.  Exit 0 if all jobs are there and right, else 1; what is wrong
is told, and stands in the page.
"""
import collections
import html
import itertools
import json
import os
import re
import sys
import time

import plot
import questions
import records
import schema
import svg
import words
from text import beside, number, ratio

# what is drawn: metrics, each over a parameter; for others each metric that there is,
# over the parameter with the most values
DRAWN = {
    "ready": (("tax", "k"), ("notify", "k"), ("harvest", "k"), ("tax", "m"), ("empty", "k")),
}
NATIVE = "native"

Job = collections.namedtuple("Job", "name kernel workload command")


def text(value):
    """For the page."""
    return html.escape(str(value))


def no_lens(end):
    """A QEMU without plugins is no failure."""
    return end.get("why", "").startswith("no profile without the lens")


class Report:
    """What there is in a folder."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "plan")) as plan:
            self.jobs = [Job(*line.rstrip("\n").split("\t")) for line in plan if line.strip()]
        self.records, self.ends, self.wrong = [], {}, []
        self.by_kernel = {}
        for job in self.jobs:
            self.load(job)

    def load(self, job):
        """The records of a job, and how it ended."""
        path = os.path.join(self.folder, "jobs", job.name + ".jsonl")
        end, found = None, []
        if os.path.exists(path):
            with open(path, errors="replace") as lines:
                for number_of, line in enumerate(lines, 1):
                    try:
                        record = json.loads(line)
                    except ValueError:
                        self.wrong.append(f"{job.name}: line {number_of} of its results is no JSON")
                        continue
                    if isinstance(record, dict) and "job" in record:
                        end = record
                        continue
                    complaint = schema.complaint(record)
                    if complaint:
                        self.wrong.append(f"{job.name}: line {number_of} of its results: {complaint}")
                    else:
                        found.append(record)
        for record in found:
            if not record["ok"]:
                self.wrong.append(f"{job.name}: {records.place(record)}: {record.get('why', 'wrong')}")
        if end is None:
            self.wrong.append(f"{job.name}: did not run to its end")
        elif end["status"] != 0 and not no_lens(end):
            self.wrong.append(f"{job.name}: {end.get('why') or 'exit status %s' % end['status']}")
        self.ends[job.name] = end
        self.records += found
        self.by_kernel.setdefault(job.kernel, []).extend(found)

    def views(self):
        """For the questions."""
        native = self.by_kernel.get(NATIVE, [])
        why = ""
        path = os.path.join(self.folder, "no-native")
        if os.path.exists(path):
            with open(path) as reason:
                why = reason.read().strip()
        return {kernel: questions.View(found, native, why) for kernel, found in self.by_kernel.items()
                if kernel != NATIVE} or {NATIVE: questions.View([], native, why)}


# ---- plots, each with its table ----

def table(head, rows):
    """As HTML, the first column being names."""
    cells = "".join(f"<th scope=\"col\">{text(c)}</th>" for c in head)
    body = "".join(
        f"<tr><th scope=\"row\">{text(row[0])}</th>{''.join(f'<td>{text(c)}</td>' for c in row[1:])}</tr>"
        for row in rows)
    return f'<div class="wide" tabindex="0"><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>'


def figure(name, caption, picture, key, rows):
    """A plot, its key, and its table."""
    return (f'<figure id="{name}"><figcaption>{text(caption)}</figcaption>{picture}{key}{rows}</figure>')


def unit_of(figures, metric):
    """instructions per event."""
    record = next((r for r in figures.found if r["metric"] == metric and "unit" in r), None)
    own, _, per = (record or {}).get("unit", "").partition("/")
    return records.UNITS.get(own, own) + (f" per {per}" if per else "")


def families(designs):
    """The designs in two pictures, since nobody tells twenty lines apart: what kernels
    have and had, and the stores beside their epoll."""
    plain = [d for d in designs if d not in svg.STORES and d != "none"]
    stores = [d for d in designs if d in svg.STORES]
    both = ([records.REFERENCE] if records.REFERENCE in designs else []) + stores
    return [(name, some) for name, some in (("designs", plain), ("stores", both if stores else [])) if some]


def cell(figures, metric, design, where):
    """A figure and its ratio, or why there is none."""
    value = figures.at(metric, design, **where)
    return figures.why_not(design, **where) if value is None else \
        beside(value, figures.at(metric, records.REFERENCE, **where))


def points_of(row):
    """Those that there are."""
    return [v for v in row if v is not None]


def over(workload, kernel, figures, metric, name):
    """A line for each design."""
    some = plot.widest(figures, name)
    xs = some.values(name)
    where = ", ".join(records.label(*item) for item in some.fixed.items())
    unit = unit_of(some, metric)
    out = []
    for family, designs in families(some.designs):
        rows = {d: [some.at(metric, d, **{name: x}) for x in xs] for d in designs}
        rows = {d: row for d, row in rows.items() if points_of(row)}
        # a design that was tried at one point alone has no line beside those that were
        # tried at more
        if any(len(points_of(row)) > 1 for row in rows.values()):
            rows = {d: row for d, row in rows.items() if len(points_of(row)) > 1}
        to = rows.get(records.REFERENCE)
        compared = family == "stores" and to and len(rows) > 1 and all(v and v > 0 for v in to)
        drawn = {d: [v and v / t for v, t in zip(row, to)] for d, row in rows.items()} if compared else rows
        up = f"times {records.REFERENCE}" if compared else unit
        caption = f"{workload}: {metric} over {name}{': the stores' if family == 'stores' else ''}" \
            f"{'; ' + where if where else ''}; {unit}"
        picture = svg.lines(caption, xs, drawn, name.upper(), up, log=not compared)
        if picture:
            # who has no figure at all, but a reason, has a row as well
            shown = [d for d in designs if d in rows or some.reasons_of(d)]
            body = [[d, *(cell(some, metric, d, {name: x}) for x in xs)] for d in shown]
            out.append(figure(f"{workload}-{kernel}-{metric}-{name}-{family}", caption, picture,
                              svg.legend(d for d in drawn if compared or all(v is None or v > 0 for v in drawn[d])), table(["design", *(f"{name.upper()}={x}" for x in xs)], body)))
    return out


def at_points(workload, kernel, figures, metric, across):
    """A bar for each design, for each point."""
    out = []
    for n, values in enumerate(itertools.product(*(figures.values(p) for p in figures.parameters))):
        some = figures.where(**dict(zip(figures.parameters, values)))
        bars = {d: some.at(metric, d) for d in some.designs if some.at(metric, d) is not None}
        where = ", ".join(records.label(*item) for item in some.fixed.items())
        caption = f"{workload}: {metric}{'; ' + where if where else ''}"
        unit = unit_of(figures, metric)
        picture = svg.bars(f"{caption}, {unit}", bars, unit, ratio if metric == "ratio" else number)
        if picture:
            body = [[d, ratio(bars[d]) if metric == "ratio" else cell(some, metric, d, {})] for d in bars]
            out.append(figure(f"{workload}-{kernel}-{metric}-{across or 'all'}-{n}", caption, picture, "",
                              table(["design", unit], body)))
    return out


class Drawable(records.Figures):
    """Figures that know who has reasons."""

    def where(self, **fixed):
        return Drawable(self.found, **self.fixed, **fixed)

    def reasons_of(self, design):
        """Whether a design says why it has no figure."""
        return any(r["design"] == design and "why" in r for r in self.found)


def drawings(workload, kernel, found):
    """All of a workload on a kernel."""
    figures = Drawable(found)
    asked = DRAWN.get(workload)
    if not asked:
        name = max(figures.parameters, key=lambda n: len(figures.values(n)), default=None)
        asked = [(metric, name) for metric in figures.metrics]
    out = []
    for metric, name in asked:
        if metric not in figures.metrics:
            continue
        of_metric = Drawable([r for r in found if r["metric"] in (metric, "n/a")])
        if name in of_metric.parameters and len(plot.widest(of_metric, name).values(name)) > 1:
            out += over(workload, kernel, of_metric, metric, name)
        elif not DRAWN.get(workload):
            out += at_points(workload, kernel, of_metric, metric, name)
    return out, records.in_order(
        f"{r['design']}: {'n/a' if r['ok'] else 'WRONG'}: {r['why']}" for r in found
        if "why" in r and "median" not in r)


# ---- the page ----

def style():
    """Colours by day and by night."""
    def colours(which):
        return "".join(f"--{n}:{c[which]};" for n, c in svg.COLOURS.items())
    day = colours(0) + "--paper:#fff;--text:#1a1a1a;--soft:#595959;--line:#d0d0d0;--card:#fafafa;--link:#005a9c;"
    night = colours(1) + "--paper:#141414;--text:#ececec;--soft:#a8a8a8;--line:#404040;--card:#1c1c1c;--link:#7cc7f2;"
    return f":root{{color-scheme:light dark;{day}}}@media screen and (prefers-color-scheme:dark){{:root{{{night}}}}}" + """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:1240px;margin:0 auto;padding:1rem}
h1{font-size:1.7rem;margin:.5rem 0}h2{margin:2.2rem 0 .6rem;border-bottom:2px solid var(--line)}
h3{margin:1.4rem 0 .5rem;font-size:1.05rem}
a{color:var(--link)}p,li{max-width:75ch}nav{line-height:2}nav a{margin-right:.9rem}
.soft{color:var(--soft)}
code{font-size:.9em;overflow-wrap:anywhere}pre{overflow-x:auto;background:var(--card);padding:.6rem;border:1px solid var(--line)}
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
.questions{width:100%;font-size:.9rem}
.questions th:first-child{background:none}.questions th .soft{font-weight:400}
.questions th,.questions td{white-space:normal;text-align:left;vertical-align:top;padding:.4rem .5rem}
.verdict{font-weight:700}.v-c::before{content:"\\2713\\a0"}.v-r::before{content:"\\2717\\a0"}.v-n::before{content:"?\\a0"}
.v-c{color:var(--green)}.v-r{color:var(--vermilion)}.v-n{color:var(--soft)}
.flames{width:100%;border:1px solid var(--line)}
.bad{border:3px solid var(--vermilion);padding:.2rem 1rem;border-radius:6px}
@media (max-width:760px){.questions thead{position:absolute;left:-200vw}
.questions tr{display:block;border:1px solid var(--line);border-radius:6px;margin:.6rem 0;padding:.3rem}
.questions th,.questions td{display:block;border:0;padding:.15rem .4rem}
.questions td[data-what]::before{content:attr(data-what) ": ";color:var(--soft)}}
@media print{body{font-size:10pt}main{max-width:none;padding:0}nav{display:none}
.plots{grid-template-columns:1fr 1fr}figure,tr{break-inside:avoid}h2,h3{break-after:avoid}.wide{overflow:visible}
table{font-size:7pt}a{color:inherit}}
"""


MARK = {questions.CONFIRMED: "v-c", questions.REFUTED: "v-r", questions.CANNOT: "v-n"}


def told_questions(report, anchors):
    """The table that the page opens with."""
    rows = []
    for question, kernel, answer, others in questions.answers(report.views()):
        at = next((a for a in anchors for k in (kernel, NATIVE)
                   if answer.workload and a.startswith(f"{answer.workload}-{k}-{answer.metric}")), None)
        on = "" if answer.workload.startswith(NATIVE) or not answer.figure else f" ({kernel})"
        verdict = f'<span class="verdict {MARK[answer.verdict]}">{answer.verdict}</span>'
        for other, its in others:
            verdict += f"; {text(other)}: {its.verdict}: {text(its.figure)}"
        if answer.why:
            verdict += f": {text(answer.why)}"
        link = f'<a href="#{at}">plot and table</a>' if at else '<span class="soft">no plot</span>'
        rows.append(
            f'<tr id="q-{question.name}"><th scope="row">{text(question.claim)}<br><span class="soft">'
            f'{text(question.who)}, {text(question.when)}</span></th>'
            f'<td data-what="published">{text(question.published)}</td>'
            f'<td data-what="here">{text(answer.figure) or "none"}{text(on)}</td>'
            f'<td data-what="verdict">{verdict}<br><span class="soft">confirmed means: '
            f'{text(question.rule)}</span></td><td>{link}</td></tr>')
    heads = ("claim", "published", "here", "verdict", "where")
    return ('<table class="questions"><thead><tr>' +
            "".join(f'<th scope="col">{h}</th>' for h in heads) +
            f'</tr></thead><tbody>{"".join(rows)}</tbody></table>')


def machines(report):
    """Which machines did it, and with what."""
    rows = []
    for job in report.jobs:
        end = report.ends[job.name]
        if end:
            row = [end.get("host", "?"), end.get("system", "?"), end.get("qemu", "?")]
            if row not in rows:
                rows.append(row)
    kernels = []
    for job in report.jobs:
        for record in report.by_kernel.get(job.kernel, []):
            row = [job.kernel, record["kernel"], record["accel"], record.get("kernel_epoll", "-")]
            if row not in kernels and job.kernel != NATIVE:
                kernels.append(row)
    return table(["machine", "system", "emulator"], rows) + \
        table(["kernel", "release", "accelerator", "its own epoll keeps what is ready in"], kernels)


def jobs_of(report):
    """Each job, how it ended, and the command that repeats it."""
    rows = []
    for job in report.jobs:
        end = report.ends[job.name]
        how = "did not run" if end is None else "done" if end["status"] == 0 else \
            end.get("why") or f"exit {end['status']}"
        rows.append([job.name, how, f"{end['seconds']} s" if end else "-", job.command])
    return table(["job", "end", "took", "command"], rows)


def profile(job, end):
    """The flame graphs, in a frame of their own, since they are a document with a style."""
    if "flames" not in end:
        what = f'<p>n/a: {text(end.get("why", "it left no picture"))}</p>'
    else:
        picture = end["flames"][end["flames"].index("<svg"):].replace(' xmlns="http://www.w3.org/2000/svg"', "")
        wide, high = (int(n) for n in re.search(r'width="(\d+)" height="(\d+)"', picture).groups())
        inner = "<!DOCTYPE html><style>body{margin:0}svg{width:100%;min-width:760px;height:auto}</style>" + picture
        what = (f'<iframe class="flames" title="flame graphs" srcdoc="{text(inner)}" style="height:'
                f'calc(max(760px,min(100vw - 34px,1210px))*{high / wide:.3f} + 20px)"></iframe>'
                f'<div class="wide" tabindex="0"><pre>{text(end.get("tables", ""))}</pre></div>')
    return (f'<section><h2 id="w-profile">Where the instructions go</h2><p class="soft"><code>{text(job.command)}</code>: '
            'a frame is as wide as what it and all that it called took. A click makes it as wide as the picture; '
            f'<i>search</i> marks functions.</p>{what}</section>')


def page(report, title):
    """The whole of it, and the anchors of its plots."""
    sections, links, anchors = [], [], []
    order = records.in_order(j.workload for j in report.jobs if j.workload not in (NATIVE, "profile"))
    order += [w for w in records.in_order(r["workload"] for r in report.records) if w not in order]
    for workload in order:
        parts = []
        for kernel, found in report.by_kernel.items():
            some = [r for r in found if r["workload"] == workload and not records.of_lens(r)]
            plots, reasons = drawings(workload, kernel, some) if some else ([], [])
            if not some:
                continue
            parts.append(f"<h3>{text(workload)}, {text(kernel)}: {text(some[0]['kernel'])}</h3>"
                         f'<div class="plots">{"".join(plots)}</div>')
            if reasons:
                parts.append("<ul>" + "".join(f"<li>{text(r)}</li>" for r in reasons) + "</ul>")
            anchors += [p.split('"')[1] for p in plots]
        if parts:
            words.of(workload)
            about = (sys.modules[words.__name__ + "." + workload].__doc__ or "" if
                     f"words.{workload}" in sys.modules else "")
            sections.append(f'<section><h2 id="w-{workload}">{text(workload)}</h2>'
                            f'{f"<p class=soft>{text(about)}</p>" if about else ""}{"".join(parts)}</section>')
            links.append(f'<a href="#w-{workload}">{text(workload)}</a>')
    for job in report.jobs:
        end = report.ends[job.name]
        if job.workload == "profile" and end:
            sections.append(profile(job, end))
            links.append('<a href="#w-profile">profile</a>')
    bad = ""
    if report.wrong:
        bad = ('<section class="bad"><h2 id="wrong">What is wrong</h2><ul>' +
               "".join(f"<li>{text(w)}</li>" for w in report.wrong) + "</ul></section>")
    with open(os.path.join(report.folder, "command")) as command:
        repeats = command.read().strip()
    accels = records.in_order(r["accel"] for r in report.records if r["accel"] != NATIVE)
    blind = "Figures are instructions that the guest executes. They repeat on any machine, and know " \
        "neither caches nor contention. " if accels == ["icount"] else ""
    body = f"""<main><h1>{text(title)}</h1>
<p class="soft">{time.strftime('%Y-%m-%d')}; {len(report.records)} figures of {len(report.jobs)} jobs.
{blind}In brackets: how many times {records.REFERENCE}'s a figure is; {records.REFERENCE} is the kernel's own, edge-triggered.</p>
<nav><a href="#questions">questions</a> {" ".join(links)} <a href="#machine">machine</a> <a href="#repeat">to repeat it</a></nav>
{bad}
<section><h2 id="questions">The questions of history</h2>
<p>What was claimed, what was published then, and what came out here.</p>
{told_questions(report, anchors)}</section>
{"".join(sections)}
<section><h2 id="machine">Machine and versions</h2>{machines(report)}</section>
<section><h2 id="repeat">To repeat it</h2><pre>{text(repeats)}</pre>
<p>Each job by itself; every figure is in <code>results.jsonl</code> and <code>results.csv</code> beside this page.</p>
{jobs_of(report)}</section></main>"""
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
            f'<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
            f"<style>{style()}</style></head><body>{body}</body></html>\n")


def main(folder):
    """Writes it all; returns the exit status."""
    try:
        report = Report(folder)
    except OSError as error:
        print(f"lab: report: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    with open(os.path.join(folder, "results.jsonl"), "w") as out:
        for record in report.records:
            out.write(json.dumps(record, separators=(",", ":")) + "\n")
    schema.write_csv(report.records, os.path.join(folder, "results.csv"))
    whole = page(report, "devepoll: designs of event delivery, measured")
    with open(os.path.join(folder, "index.html"), "w") as out:
        out.write(whole)
    for wrong in report.wrong:
        print(f"wrong: {wrong}")
    print(f"page: {os.path.join(folder, 'index.html')}: {len(report.records)} figures, "
          f"{len(report.jobs)} jobs, {len(report.wrong)} wrong")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[1])
    sys.exit(main(sys.argv[1]))
