#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""report_jobs.py - the jobs of "lab report": which are left, and what each brought.

usage: report_jobs.py todo DIR JOBS QUICK       the lines of DIR/plan that are left
       report_jobs.py forget DIR JOBS QUICK     what failed, or was of another command
       report_jobs.py collect DIR JOBS QUICK    standard input, by jobs, into DIR/jobs
       report_jobs.py end DIR NAME STATUS SECONDS COMMAND   a job's records, and its end

A job says that it begins, its records, and then one line about itself, with "job".  Only then are they put
where they stay, under their name: what is there is whole.  That line has the command, so
that results of another are not taken for these.
"""
import collections
import json
import os
import platform
import re
import subprocess
import sys

# seconds that a job takes, short and in full, until this machine has told better: they say
# how the jobs compare with each other.  Short: as the jobs of a report took it on two slow
# cores without KVM, by the CPU that they used; in full: a whole "lab compare", shared out.
USUAL = {"ready": (30, 130), "token": (13, 38), "transfer": (11, 22), "churn": (14, 45),
         "idle": (13, 55), "producers": (13, 25), "oneshot": (13, 25), "native": (7, 40),
         "profile": (76, 76)}
OTHER = (12, 12)

Job = collections.namedtuple("Job", "name kernel workload command")


def say(text):
    """For people."""
    print(f"lab: {text}", file=sys.stderr, flush=True)


def plan_of(folder):
    """All jobs by name."""
    with open(os.path.join(folder, "plan")) as plan:
        return {job.name: job for job in (Job(*line.rstrip("\n").split("\t")) for line in plan)}


def end_of(folder, name):
    """What a job said of itself, or None."""
    try:
        with open(os.path.join(folder, "jobs", name + ".jsonl")) as lines:
            last = json.loads(collections.deque(lines, 1)[0])
        return last if last.get("job") == name else None
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def is_done(folder, job):
    """Whether it need not run."""
    end = end_of(folder, job.name)
    return end is not None and end["status"] == 0 and end["command"] == job.command


def spell(seconds):
    """A time that is not known better than that."""
    return f"{round(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"


class Guess:
    """How long jobs take: by those that ran in this folder, else as usual."""

    def __init__(self, folder, jobs, quick):
        self.jobs, self.column = jobs, 0 if quick else 1
        self.seen = {}
        for job in plan_of(folder).values():
            end = end_of(folder, job.name)
            if end and end["status"] == 0 and end["command"] == job.command:
                self.saw(job, end["seconds"])

    def saw(self, job, seconds):
        """One more."""
        self.seen.setdefault(job.workload, []).append(seconds)

    def of(self, left):
        """All that are left, so many at a time."""
        usual = {w: USUAL.get(w, OTHER)[self.column] for w in [*self.seen, *(j.workload for j in left)]}
        mean = {w: sum(some) / len(some) for w, some in self.seen.items()}
        # this machine in times of the usual one
        pace = max(sum(mean.values()), 1) / sum(usual[w] for w in mean) if mean else 1
        each = [mean.get(j.workload, usual[j.workload] * pace) for j in left]
        return max(each + [sum(each) / min(self.jobs, max(len(each), 1))]) if each else 0


def todo(folder, jobs, quick):
    """Prints what is left, and says how long that takes."""
    plan = plan_of(folder)
    left = [job for job in plan.values() if not is_done(folder, job)]
    for job in left:
        print("\t".join(job))
    done = len(plan) - len(left)
    say(f"{len(plan)} jobs" + (f", of which {done} are done" if done else "") + (
        f"; about {spell(Guess(folder, jobs, quick).of(left))}, {jobs} at a time" if left else ""))


def forget(folder, *_):
    """Removes what is to be run again."""
    for job in plan_of(folder).values():
        path = os.path.join(folder, "jobs", job.name + ".jsonl")
        if os.path.exists(path) and not is_done(folder, job):
            os.remove(path)


def collect(folder, jobs, quick):
    """Puts the records of each job where they stay, and tells how far it is."""
    plan, guess, lines = plan_of(folder), Guess(folder, jobs, quick), []
    for line in sys.stdin:
        lines.append(line)
        try:
            end = json.loads(line)
        except ValueError:
            continue
        if isinstance(end, dict) and "begin" in end:
            # what stands before it is of a job that was killed while it spoke
            lines = []
            continue
        if not isinstance(end, dict) or end.get("job") not in plan:
            continue
        job = plan[end["job"]]
        path = os.path.join(folder, "jobs", job.name + ".jsonl")
        with open(path + ".part", "w") as out:
            out.writelines(lines)
        os.rename(path + ".part", path)
        lines = []
        if end["status"] == 0:
            guess.saw(job, end["seconds"])
        left = [j for j in plan.values() if end_of(folder, j.name) is None]
        how = f"{end['seconds']} s" if end["status"] == 0 else f"FAILED: {end['why']}"
        say(f"{len(plan) - len(left)} of {len(plan)}: {job.name}: {how}" + (
            f"; about {spell(guess.of(left))} left" if left else ""))


# ---- in a job ----

def native_records(path):
    """What bench/native writes, as two records for each store."""
    with open(path) as lines:
        for line in lines:
            was = json.loads(line)
            one = {"workload": was["workload"], "design": was["design"], "kernel": platform.release(),
                   "accel": "native", "threads": was["threads"], "cpus": was["cpus"]}
            rest = {"runs": was["runs"], "ok": True}
            if was["lost"]:
                rest["why"] = f"{was['lost']} lost"
            yield {**one, "metric": "ratio", "unit": "times ovflist", "median": was["ratio"], **rest}
            yield {**one, "metric": "rate", "unit": "events/ms", "median": was["per_ms"],
                   "min": was["least"], "max": was["most"], **rest}


def records_of(folder, name):
    """Lines of JSON, as far as there are any."""
    if name == "native":
        path = os.path.join(folder, "native.jsonl")
        return [json.dumps(r, separators=(",", ":")) for r in native_records(path)] if os.path.exists(path) else []
    return read(folder, "results.jsonl").splitlines()


def read(folder, name):
    """What is in a file, or nothing."""
    try:
        with open(os.path.join(folder, name), errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def flames_of(folder):
    """A profile: its picture, and its tables, from their first line on."""
    picture, tables = read(folder, "profile.svg"), read(folder, "out")
    first = re.search(r"^ready, ", tables, re.M)
    # where the picture lies is of no use to who reads the page elsewhere
    tables = re.sub(r"^flame graph: .*\n?", "", tables, flags=re.M)
    return {"flames": picture, "tables": tables[first.start():] if first else tables} if picture else {}


def why(folder):
    """The reason of a failure, in a line: the guest's, or the last that was said."""
    try:
        with open(os.path.join(folder, "verdict")) as verdict:
            told = json.load(verdict)
            if told.get("why"):
                return told["why"]
    except (OSError, ValueError, AttributeError):
        pass
    for name in ("log", "out"):
        said = [line.strip() for line in read(folder, name).splitlines() if line.strip()]
        ours = [line for line in said if line.startswith(("lab: ", "native: "))]
        if said:
            return (ours or said)[-1].removeprefix("lab: ")
    return "it said nothing"


def first_line(*command):
    """Of what a program says of itself."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.splitlines()[0]
    except (OSError, IndexError):
        return "-"


def machine():
    """What it ran on."""
    models, system = [], "-"
    try:
        with open("/proc/cpuinfo") as info:
            models = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
        with open("/etc/os-release") as release:
            system = next((line.split("=", 1)[1].strip().strip('"') for line in release
                           if line.startswith("PRETTY_NAME=")), "-")
    except OSError:
        pass
    return {"host": f"{os.cpu_count()} x {models[0] if models else 'an unknown CPU'}",
            "system": f"{system}, Linux {platform.release()}",
            "qemu": first_line("qemu-system-x86_64", "--version")}


def cpu_of(told):
    """Seconds of CPU that a shell's children took, as its "times" tells; None if it did not."""
    both = re.findall(r"(\d+)m([\d.]+)s", told.splitlines()[1]) if told.count("\n") > 1 else []
    return round(sum(60 * int(m) + float(s) for m, s in both)) if both else None


def end_job(folder, name, status, seconds, command):
    """The records, and the line about the job."""
    found = records_of(folder, name)
    status = int(status)
    end = {"job": name, "status": status, "seconds": int(seconds), "command": command, **machine()}
    cpu = cpu_of(read(folder, "times"))
    if cpu is not None:
        end["cpu"] = cpu
    flames = flames_of(folder) if name == "profile" else {}
    end.update(flames)
    if status or not (found or flames):
        end["status"] = status or 1
        end["why"] = why(folder) if status else "it left no results"
    print("\n".join([json.dumps({"begin": name}), *found, json.dumps(end)]))


def main(what="", *rest):
    """One of these."""
    verbs = {"todo": todo, "forget": forget, "collect": collect}
    if what in verbs and len(rest) == 3:
        verbs[what](rest[0], int(rest[1]), rest[2] == "1")
    elif what == "end" and len(rest) == 5:
        end_job(*rest)
    else:
        sys.exit(__doc__.split("\n\n")[1])


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
