#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""report_page.py - what the jobs of "lab report" left, as one page.

usage: report_page.py DIR

DIR/plan has a line for each job: its name, kernel, workload and command, with tabs
between; DIR/about one for each workload.  DIR/jobs/NAME.jsonl has the records of one
that came to its end, and a last line about the job itself (bench/report-job).  Writes
index.html, results.jsonl and results.csv into DIR, and tax-KERNEL.svg, the first plot of
"ready" as a file of its own.  Exit 0 if all jobs are there and right, else 1; what is
wrong is told, and stands in the page.
"""
import collections
import json
import os
import re
import sys
import time

import questions
import records
import schema
from report_plots import drawings, picture_alone, table, text
from report_style import style

NATIVE = "native"

Job = collections.namedtuple("Job", "name kernel workload command")


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
        self.by_kernel, self.about = {}, {}
        if os.path.exists(os.path.join(folder, "about")):
            with open(os.path.join(folder, "about")) as about:
                self.about = dict(line.rstrip("\n").split("\t", 1) for line in about)
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


# ---- the page ----

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
    return table(["machine", "system", "emulator"], rows, "words") + \
        table(["kernel", "release", "accelerator", "its own epoll keeps what is ready in"], kernels, "words")


def jobs_of(report):
    """Each job, how it ended, and the command that repeats it."""
    rows = []
    for job in report.jobs:
        end = report.ends[job.name]
        how = "did not run" if end is None else "done" if end["status"] == 0 else \
            end.get("why") or f"exit {end['status']}"
        took = [f"{end[what]} s" if end and what in end else "-" for what in ("seconds", "cpu")]
        rows.append([job.name, how, *took, job.command])
    return table(["job", "end", "took", "of CPU", "command"], rows, "words")


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


def about_workload(report, workload):
    """A line about it, or nothing."""
    if workload.startswith(NATIVE):
        return "The ready stores as a program on this machine's CPUs, with another lock than the " \
            "kernel's, no wait queue and no scheduler: only ratios of one run mean something."
    return report.about.get(workload, "")


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
            where = "this machine's CPUs" if kernel == NATIVE else f"{kernel}: {some[0]['kernel']}"
            parts.append(f"<h3>{text(workload)}, {text(where)}</h3>"
                         f'<div class="plots">{"".join(plots)}</div>')
            if reasons:
                parts.append("<ul>" + "".join(f"<li>{text(r)}</li>" for r in reasons) + "</ul>")
            anchors += [p.split('"')[1] for p in plots]
        if parts:
            about = about_workload(report, workload)
            sections.append(f'<section><h2 id="w-{workload}">{text(workload)}</h2>'
                            f'{f"<p>{text(about)}</p>" if about else ""}{"".join(parts)}</section>')
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
<section><h2 id="repeat">To repeat it</h2><pre class="command">{text(repeats)}</pre>
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
    for kernel, found in report.by_kernel.items():
        ready = [r for r in found if r["workload"] == "ready" and not records.of_lens(r)]
        picture = picture_alone(ready) if ready else None
        if picture:
            with open(os.path.join(folder, f"tax-{kernel}.svg"), "w") as out:
                out.write(picture)
    for wrong in report.wrong:
        print(f"wrong: {wrong}")
    print(f"page: {os.path.join(folder, 'index.html')}: {len(report.records)} figures, "
          f"{len(report.jobs)} jobs, {len(report.wrong)} wrong")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[1])
    sys.exit(main(sys.argv[1]))
