"""Whether the machine does something else. Cold starts, p99 and the round trip at c=1 change several-fold when it does
(a busy processor need not be woken up, so that c=1 even gets faster)."""
import time

QUIET_PERCENT = 10


def _idle_and_total():
    with open("/proc/stat", encoding="utf-8") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def others_percent(seconds=0.5):
    """How much of the processors is used right now; to be asked while nothing of ours runs."""
    idle, total = _idle_and_total()
    time.sleep(seconds)
    idle_then, total_then = _idle_and_total()
    return 100 * (1 - (idle_then - idle) / max(1, total_then - total))


def wait_until_quiet(patience_s):
    """Waits for a quiet second, `patience_s` at most; how much others used in the end."""
    until = time.monotonic() + patience_s
    while (used := others_percent(1)) > QUIET_PERCENT and time.monotonic() < until:
        pass
    return used
