# SPDX-License-Identifier: GPL-2.0-only
"""questions.py - what people claimed from 2001 to 2025, and what the records here say.

A line of QUESTIONS for each: who claimed what and when, the figure that was published,
the rule by which the verdict is found, and the function that computes figure and
verdict from records.  Where the records cannot say it the verdict is that, with the
reason.  Nothing here knows a figure of ours.
"""
import collections

import plot
import records
from text import number, ratio

CONFIRMED, REFUTED, CANNOT = "confirmed", "refuted", "cannot be seen here"

Question = collections.namedtuple("Question", "name who when claim published rule look")

# figure: what came out, in words, "" for none.  why: for CANNOT.  workload, metric:
# where it is drawn.
Answer = collections.namedtuple("Answer", "figure verdict why workload metric", defaults=("", "", ""))

MAPPED, SHARED, EDGE = "devepoll", "devepoll-shared", records.REFERENCE
ENOUGH_CPUS = 4     # several that write, and the one that takes
BUSY = 3            # how many times as fast the best run of a design may be as its worst


class View:
    """What was measured on one kernel; and on this machine's CPUs."""

    def __init__(self, found, native, no_native=""):
        self.found, self.native_found = found, native
        self.no_native = no_native or "there are no results of compare --native in this report"

    def figures(self, workload):
        """All of a workload, or None."""
        some = [r for r in self.found if r["workload"] == workload and not records.of_lens(r)]
        return records.Figures(some) if some else None

    def over(self, workload, metric, design, over):
        """(value, figure) of each value of a parameter, where most were tried."""
        figures = self.figures(workload)
        if not figures or over not in figures.parameters:
            return []
        some = plot.widest(figures, over)
        return [(v, some.at(metric, design, **{over: v})) for v in some.values(over)
                if some.at(metric, design, **{over: v}) is not None]


def missing(workload):
    """There is no such figure."""
    return Answer("", CANNOT, f"there is no figure of {workload} in this report", workload)


def judged(figure, holds, workload, metric):
    """A figure that decides."""
    return Answer(figure, CONFIRMED if holds else REFUTED, "", workload, metric)


def growth(view, workload, metric, design, over):
    """(first value, last value, how many times the figure), or None."""
    points = view.over(workload, metric, design, over)
    if len(points) < 2 or points[0][1] <= 0:
        return None
    return points[0][0], points[-1][0], points[-1][1] / points[0][1]


def flat(workload, metric, over, what, most):
    """The double buffer costs the same whatever the parameter is."""
    def look(view):
        grown = [(d, growth(view, workload, metric, d, over)) for d in (MAPPED, EDGE)]
        if not grown[0][1]:
            return missing(workload)
        first, last, by = grown[0][1]
        figure = f"{ratio(by)} times the cost from {first} to {last} {what} with {MAPPED}"
        if grown[1][1]:
            figure += f", {ratio(grown[1][1][2])} with {EDGE}"
        return judged(figure, by <= most, workload, metric)
    return look


def steep(workload, metric, over, what, least):
    """poll(2) costs more the more it is handed."""
    def look(view):
        grown = growth(view, workload, metric, "poll", over)
        if not grown:
            return missing(workload)
        first, last, by = grown
        return judged(f"{ratio(by)} times the cost from {first} to {last} {what} with poll",
                      by >= least, workload, metric)
    return look


def few_idle(view):
    """poll(2) beside some hundred idle connections."""
    one, other = (dict(view.over("idle", "request", d, "m")) for d in ("poll", MAPPED))
    tried = [m for m in one if 50 <= m <= 500 and other.get(m)]
    if not tried:
        return missing("idle")
    m = tried[0]
    by = [one[m] / other[m]]
    figure = f"with {m} idle a request costs poll {ratio(by[0])} times what it costs {MAPPED}"
    # requests come one at a time here; then they came by hundreds
    pair = last_pair(view, "ready", "tax", "k", ("poll", MAPPED))
    if pair:
        by.append(pair[1] / pair[2])
        figure += f"; with all of {pair[0]} ready an event costs it {ratio(by[1])} times"
    return judged(figure, min(by) <= 1, "idle", "request")


def last_pair(view, workload, metric, over, designs):
    """(value, the figures of two designs) at the largest value that both have, or None."""
    one, other = (dict(view.over(workload, metric, d, over)) for d in designs)
    common = [v for v in one if other.get(v)]
    return (common[-1], one[common[-1]], other[common[-1]]) if common else None


def of_two(workload, metric, over, designs, figure, holds):
    """Two designs, at the largest value that both have: what to say of it, and the rule."""
    def look(view):
        pair = last_pair(view, workload, metric, over, designs)
        if not pair:
            return missing(workload)
        return judged(figure(*pair), holds(*pair[1:]), workload, metric)
    return look


def fewer_instructions(k, one, other):
    """What it takes to be told, double buffer against list."""
    return (f"with {k} ready an event costs {number(one)} with {MAPPED}, {number(other)} with "
            f"{EDGE}: {ratio(one / other)} times")


def swamped(_, copied, mapped):
    """What copying costs beside what is done with the event."""
    return (f"a request costs {ratio(copied / mapped)} times as much with {EDGE}, which copies, "
            f"as with {MAPPED}, which does not")


def one_pass(view):
    """The transfer of May 2007 against that of the years before."""
    pair = last_pair(view, "transfer", "wait", "n", ("singlepass", "multipass"))
    if not pair:
        return missing("transfer")
    n, one, three = pair
    figure = (f"with {n} ready an event of the wait costs {number(one)} in one pass, "
              f"{number(three)} in three: {ratio(one / three)} times")
    if one < three:
        return judged(figure, True, "transfer", "wait")
    # the store's own choice, see kmod/eventpoll/ready_singlepass.c
    return Answer(figure, CANNOT, "the store takes each item off under its lock, as that of 2007 did "
                  "not, and the lock may be all the difference", "transfer", "wait")


def without_a_call(view):
    """A queue in memory that is asked without a call."""
    pair = last_pair(view, "idle", "request", "m", (EDGE, SHARED))
    if not pair:
        return missing("idle")
    _, call, none = pair
    figure = (f"a request costs {ratio(none / call)} times what it costs with {EDGE}: "
              f"{100 * (call / none - 1):+.0f} % requests")
    holds = call >= 1.10 * none
    if not holds and all(r["accel"] == "icount" for r in view.figures("idle").found):
        return Answer(figure, CANNOT, "what is saved is the way into the kernel and back, which "
                      "takes a CPU longer than its instructions tell", "idle", "request")
    return judged(figure, holds, "idle", "request")


def ring_of_today(view):
    """io_uring that makes completions when asked, against epoll."""
    one, other = (dict(view.over("ready", "tax", d, "k")) for d in ("uring-defer", EDGE))
    found = [one[k] / other[k] for k in one if other.get(k)]
    if not found:
        return missing("ready")
    return judged(f"an event costs {ratio(min(found))} to {ratio(max(found))} times what it costs with "
                  f"{EDGE}", max(found) <= 1.25, "ready", "tax")


def closes(view):
    """What a close that nobody waits for pays."""
    figures = view.figures("close")
    cost = [figures.at("close", d) for d in ("loaded", "none")] if figures else [None]
    if None in cost:
        return missing("close")
    return judged(f"{100 * (cost[0] / cost[1] - 1):+.2f} % with the modules loaded",
                  cost[0] <= 1.02 * cost[1], "close", "close")


def contention(workload, design, to, least, most):
    """A store against another under threads, on this machine's CPUs; None: no bound."""
    def look(view):
        some = [r for r in view.native_found if r["workload"] == "native-" + workload
                and r["metric"] == "ratio" and records.is_right(r)]
        if not some:
            return Answer("", CANNOT, "an emulated CPU runs threads by turns, and " + view.no_native,
                          "native-" + workload)
        figures = records.Figures(some)
        cpus = max(figures.values("cpus"))
        found = []
        for t in figures.values("threads"):
            pair = [figures.at("ratio", d, threads=t, cpus=cpus) for d in (design, to)]
            if None not in pair and pair[1] > 0:
                found.append((t, 100 * (pair[0] / pair[1] - 1)))
        if not found:
            return missing("native-" + workload)
        figure = f"{design} against {to}: " + ", ".join(
            f"{by:+.0f} % with {t} thread{'s' * (t > 1)}" for t, by in found)
        last = found[-1][0]
        apart = max(r["max"] / max(r["min"], 1e-9) for r in view.native_found if r["metric"] == "rate"
                    and r["workload"] == "native-" + workload and r["design"] in (design, to)
                    and r.get("threads") == last and r.get("cpus") == cpus and records.is_right(r))
        if cpus < ENOUGH_CPUS:
            return Answer(figure, CANNOT, f"{cpus} CPUs are too few for several that write and one "
                          f"that takes: {ENOUGH_CPUS} or more would decide", "native-" + workload, "ratio")
        if apart > BUSY:
            return Answer(figure, CANNOT, "this machine had other work: runs of one design are "
                          f"{ratio(apart)} times apart", "native-" + workload, "ratio")
        by = found[-1][1]
        return judged(figure, (least is None or by >= least) and (most is None or by <= most),
                      "native-" + workload, "ratio")
    return look


QUESTIONS = (
    Question("buffer", "Davide Libenzi, nio-improve", "2001",
             "Events that are dropped into memory that the program sees take fewer cycles",
             "27000 replies/s against 22510 of poll; against a list that is copied: none",
             "less than with the list of epoll",
             of_two("ready", "tax", "k", (MAPPED, EDGE), fewer_instructions,
                    lambda one, other: one < other)),
    Question("copy", "Jamie Lokier, linux-kernel", "2001",
             "What copying an event costs is swamped by the calls that serve its file",
             "none", "no more than 1.05 times",
             of_two("idle", "request", "m", (EDGE, MAPPED), swamped,
                    lambda copied, mapped: copied <= 1.05 * mapped)),
    Question("flat", "IBM LSE (Janet Morgan), pipetest", "October 2002",
             "The double buffer does not care how many pipes are watched",
             "289160 passes/s with 10 pipes, 270268 with 16000: 1.07 times the cost",
             "no more than 1.25 times", flat("token", "pass", "n", "pipes", 1.25)),
    Question("poll-pipes", "IBM LSE (Janet Morgan), pipetest", "October 2002",
             "poll does, nearly in proportion",
             "98469 passes/s with 10 pipes, 1667 with 1000: 59 times the cost",
             "10 times or more", steep("token", "pass", "n", "pipes", 10)),
    Question("idle", "IBM LSE (Janet Morgan), dphttpd", "October 2002",
             "Idle connections cost the double buffer nothing",
             "13460 replies/s with none, 13459 beside 60000",
             "no more than 1.05 times", flat("idle", "request", "m", "idle connections", 1.05)),
    Question("idle-poll", "IBM LSE (Janet Morgan), dphttpd", "October 2002",
             "They cost poll nearly everything",
             "13331 replies/s with none, 415 beside 60000: 32 times the cost",
             "2 times or more", steep("idle", "request", "m", "idle connections", 2)),
    Question("idle-few", "IBM LSE (Janet Morgan), dphttpd", "October 2002",
             "Beside few idle connections poll is the faster one",
             "beside 400: 14250 replies/s with poll, 13508 with the double buffer",
             "poll costs no more, beside them or where all are ready", few_idle),
    Question("one-pass", "the patch of 8 May 2007, which offered epwbench", "May 2007",
             "One pass over the list of what is ready, in place of three, is the cheaper wait",
             "none", "less than with three", one_pass),
    Question("doubled", "Eric Wong, wait-free queue, RFC v3, eponeshotmt", "March 2013",
             "With 4 threads that wait and 4 that write a wait-free queue nearly doubles what gets through",
             "9.58 s before, 5.00 s after: +92 %", "+50 % or more",
             contention("oneshot", "wfcqueue", "ovflist", 50, None)),
    Question("shared-lock", "Roman Penyaev, Linux 5.1, stress-epoll", "2018 and 2019",
             "A lock that those who write share lets more through than a spin lock",
             "+57 % with 8 threads, +73 % with 16, +79 % with 32", "+25 % or more",
             contention("producers", "rwlock", "ovflist", 25, None)),
    Question("uepoll", "Roman Penyaev, uepoll, libevent's bench_http", "2019",
             "A queue in shared memory that is asked without a call serves 15 % more requests",
             "36277 and 42053 requests/s, +15 %; on another machine almost the same",
             "+10 % or more", without_a_call),
    Question("ring", "vsolontsov-ll, liburing's issue 1105", "March 2024",
             "Told by io_uring or by epoll takes about as long, once it is measured well",
             "1700 to 2100 ns against 650 to 670 at first; then no difference",
             "no more than 1.25 times at any number ready", ring_of_today),
    Question("llist", "Nam Cao, half-lockless list, v3, stress-epoll", "2025",
             "A list that those who write add to without a lock lets several times as much through",
             "+185 % with 8 threads, +257 % with 16, +360 % with 32", "+100 % or more over rwlock",
             contention("producers", "llist", "rwlock", 100, None)),
    Question("spin-lock", "Nam Cao, Linux 6.18, stress-epoll", "2025",
             "Going back from the shared lock to a spin lock gives up a third to a half",
             "-30 % with 32 threads to -47 % with 128", "-15 % or less over rwlock",
             contention("producers", "ovflist", "rwlock", None, -15)),
    Question("closes", "the hook in each close that the double buffer needs", "2002",
             "Who closes a file that nobody watches does not notice",
             "none", "no more than 1.02 times", closes),
)


def answers(views):
    """views: by kernel, the first one decides.  [(question, kernel or "", answer, others)];
    others: (kernel, answer) where the verdict is another one."""
    told = []
    for question in QUESTIONS:
        found = {kernel: question.look(view) for kernel, view in views.items()}
        seen = [k for k, a in found.items() if a.verdict != CANNOT] or list(found)
        first = seen[0]
        told.append((question, first, found[first],
                     [(k, found[k]) for k in seen[1:] if found[k].verdict != found[first].verdict]))
    return told
