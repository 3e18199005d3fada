"""What /proc says about a server and all that it started."""
import os

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def _stat(pid):
    """The fields of /proc/PID/stat after the name, which may hold blanks; parent first at [1]."""
    return _read(f"/proc/{pid}/stat").rpartition(") ")[2].split()


def tree(root):
    """The pids of `root` and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(entry)):
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, open_ends = [], [root]
    while open_ends:
        pid = open_ends.pop()
        found.append(pid)
        open_ends += children.get(pid, [])
    return found


def cpu_ns(roots):
    """Processor time of these process trees: of the living to the nanosecond (schedstat), of those that were waited
    for in clock ticks. Threads that ended before their process are missing; no contestant has such."""
    total = 0
    for root in roots:
        for pid in tree(root):
            if fields := _stat(pid):
                total += (int(fields[13]) + int(fields[14])) * TICK_NS
            try:
                threads = os.listdir(f"/proc/{pid}/task")
            except FileNotFoundError:
                continue
            for thread in threads:
                if text := _read(f"/proc/{pid}/task/{thread}/schedstat"):
                    total += int(text.split()[0])
    return total


def function_processes(dispatcher):
    """Init, zygote and worker pids of a dispatcher at isolation level full: a worker is PID 1 of a namespace of its
    own, two deeper than the dispatcher's."""
    def depth(pid):
        for line in _read(f"/proc/{pid}/status").splitlines():
            if line.startswith("NSpid:"):
                return len(line.split()) - 1
        return 0

    outside = depth(dispatcher)
    inits, zygotes, workers = [], [], []
    for pid in tree(dispatcher)[1:]:
        if not (fields := _stat(pid)):
            continue
        if int(fields[1]) == dispatcher:
            inits.append(pid)
        else:
            (workers if depth(pid) == outside + 2 else zygotes).append(pid)
    return inits, zygotes, workers


def pss_kib(pid):
    """Proportional set size: shared pages count in part."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise OSError(f"the memory of process {pid} cannot be read")


def rss_kib(pid):
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise OSError(f"process {pid} is gone")
