"""One round of all measurements. A round is a dictionary: row -> contestant -> figure."""
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass

import contestants
import processes
import quiet
from contestants import BUILD, BODY
from failure import Failure

NANOSECONDS_PER_US = 1000
FUNCTIONS = 4  # in peers/coffees.toml


@dataclass
class Amount:
    """How much of everything goes into one round."""
    seconds: int        # of each run of wrk
    cold_starts: int
    timeouts: int       # repeats
    invocations: tuple  # two numbers, between which the dispatcher's memory is compared


FULL = Amount(seconds=3, cold_starts=300, timeouts=40, invocations=(50_000, 250_000))
QUICK = Amount(seconds=1, cold_starts=100, timeouts=5, invocations=(10_000, 30_000))


def helper(name, *arguments):
    """Runs one of the programs beside this file; its JSON."""
    return json_of([os.path.join(BUILD, "tests", "bench", name), *map(str, arguments)])


def json_of(command):
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          start_new_session=True) as process:
        try:
            out, errors = process.communicate(timeout=120)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # and a server that it started
            raise
    if process.returncode != 0:
        raise Failure(f"{os.path.basename(command[0])}: {(errors or out).strip()}", "by hand: " + " ".join(command))
    return json.loads(out)


def run_wrk(contestant, path, connections, seconds):
    script = contestant.fill_in("post.lua")
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script,
                           contestant.url(path)], capture_output=True, text=True, check=False, start_new_session=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("JSON ")]
    if not lines:
        raise Failure(f"wrk says: {done.stderr.strip() or done.stdout.strip()}", "apt-get install wrk")
    return json.loads(lines[0][5:])


def load(contestant, connections, seconds):
    """wrk's figures of a run that had nothing but good answers."""
    figures = run_wrk(contestant, contestant.path, connections, seconds)
    if figures["bad_status"] or figures["socket_errors"] or not figures["requests"]:
        raise Failure(f"{contestant.name} at {connections} connections: {figures['bad_status']} bad answers, "
                      f"{figures['socket_errors']} socket errors, {figures['requests']} answers",
                      f"its own words: {contestant.last_words()}")
    # Little's law: connections that a server leaves unanswered all the time would leave no other trace.
    busy = figures["requests"] / figures["seconds"] * figures["mean_us"] / 1e6
    if busy < connections / 2:
        raise Failure(f"{contestant.name} serves only {busy:.0f} of {connections} connections",
                      "it holds a process per connection and starts too few")
    return figures


def warm(peers, amount, row, notes):
    """Side by side: latency, throughput, processor time."""
    def loads(connections):
        """Each contestant that stands it, with wrk's figures and the processor time that its processes took."""
        for peer in peers:
            before = processes.cpu_ns(peer.pids())
            try:
                figures = load(peer, connections, amount.seconds)
            except Failure as failure:
                if peer.name == "coffees":
                    raise
                notes.append(failure.args[0])
                continue
            yield peer.name, figures, processes.cpu_ns(peer.pids()) - before

    for peer in peers:
        run_wrk(peer, peer.warm_up_path, 64, 1)  # starts the processes; what it finds does not matter
    time.sleep(1.2)  # connections kept between servers go after one second: see peers/nginx-php.conf
    for name, figures, _ in loads(1):
        row("warm_p50")[name] = figures["p50_us"]
        row("warm_p99")[name] = figures["p99_us"]
    for name, figures, used_ns in loads(16):
        row("throughput_16")[name] = figures["requests"] / figures["seconds"]
        row("cpu")[name] = used_ns / NANOSECONDS_PER_US / figures["requests"]
    for name, figures, _ in loads(64):
        row("throughput_64")[name] = figures["requests"] / figures["seconds"]


def from_zero(server, path, body, count):
    """Milliseconds for `count` requests at once when there is no worker."""
    figures = helper("requests", server.port, path, body, count, count)
    if server.name == "coffees" and figures["cold"] != count:
        raise Failure(f"only {figures['cold']} of {count} were cold starts", "limit or keep_warm is not as expected")
    return figures["wall_ms"]


def functions_ready(server):
    """Inits and zygotes, once every function has both, and the zygotes have loaded their libraries."""
    for _ in range(100):
        time.sleep(0.05)
        inits, zygotes, _ = processes.function_processes(server.pids()[0])
        if len(inits) == len(zygotes) == FUNCTIONS:
            time.sleep(0.3)
            return inits, zygotes
    raise Failure("the zygotes did not come up", "coffees serve without --quiet says why")


def bursts(work, peers, row):
    """A fresh server, so that there is no worker yet; the workers of the burst stay, and idle."""
    server = contestants.start("coffees", work, checked=False)
    try:
        inits, zygotes = functions_ready(server)
        row("pss_init_zygote")["coffees"] = sum(map(processes.pss_kib, inits + zygotes)) / len(inits)
        row("burst_64")["coffees"] = from_zero(server, "/burst", '{"ms":100}', 64)
        time.sleep(0.5)
        workers = processes.function_processes(server.pids()[0])[2]
        if len(workers) != 64:
            raise Failure(f"{len(workers)} workers wait, not 64", "another function of this server has workers")
        row("pss_worker")["coffees"] = sum(map(processes.pss_kib, workers)) / len(workers)
        row("crowd_1000")["coffees"] = from_zero(server, "/crowd", '{"ms":1000}', 1000)
    finally:
        server.stop()
    if any(peer.name == "php-fpm" for peer in peers):
        # `ondemand` starts a child when its socket tells of connections, and many at once are told of once: seen here,
        # 1 to 4 children for all 64.
        server = contestants.start("php-fpm", work, checked=False)
        try:
            row("burst_64")["php-fpm"] = from_zero(server, "/wait.php?ms=100", BODY, 64)
        finally:
            server.stop()


def cold_starts(coffees, amount, row):
    figures = helper("cold_start", coffees.port, "/cold", amount.cold_starts)
    row("cold_p50")["coffees"], row("cold_p99")["coffees"] = figures["p50_ms"], figures["p99_ms"]
    figures = helper("bare_clone", amount.cold_starts)
    row("cold_p50")["bare clone3"], row("cold_p99")["bare clone3"] = figures["p50_ms"], figures["p99_ms"]
    row("cold_p50")["+ isolation"] = figures["entered_p50_ms"]
    row("cold_p99")["+ isolation"] = figures["entered_p99_ms"]


def timeouts(amount, row):
    for spinners in (1, 20):
        figures = helper("timeouts", spinners, amount.timeouts if spinners == 1 else max(3, amount.timeouts // 8))
        row(f"timeout_{spinners}")["coffees"] = figures["answer_p99_ms"]
        row(f"gone_{spinners}")["coffees"] = figures["gone_p99_ms"]


def memory_growth(work, amount, row):
    """In a fresh dispatcher: between the first and the second number of invocations."""
    server = contestants.start("coffees", work)
    try:
        first, second = amount.invocations
        helper("requests", server.port, server.path, BODY, 16, first)
        before = processes.rss_kib(server.pids()[0])
        helper("requests", server.port, server.path, BODY, 16, second - first)
        row("rss_growth")["coffees"] = processes.rss_kib(server.pids()[0]) - before
    finally:
        server.stop()


def lunches(row):
    """The same work in four ways (`coffees street`)."""
    models = json_of([os.path.join(BUILD, "coffees"), "street", "--json"])["models"]
    computing = {model["model"]: model["cpu_bound"]["wall_s"] for model in models}
    waiting = {model["model"]: model["io_bound"]["wall_s"] for model in models}
    row("lunch_processes")["coffees"] = computing["async"] / computing["processes"]
    row("lunch_cloud")["coffees"] = computing["async"] / computing["cloud"]
    row("lunch_waiting")["coffees"] = 100 * abs(waiting["threads"] / waiting["async"] - 1)


def one_round(peers, work, amount, notes):
    figures = {}

    def row(name):
        return figures.setdefault(name, {})

    warm(peers, amount, row, notes)
    cold_starts(peers[0], amount, row)
    bursts(work, peers, row)
    quiet.wait_until_quiet(20)  # the kernel still takes down a thousand namespaces
    timeouts(amount, row)
    memory_growth(work, amount, row)
    lunches(row)
    return figures
