"""From rounds to medians, ratios and goals. A ratio is taken within a round, where both met the same noise; what counts
is the median of the ratios."""
from statistics import median

OURS = "coffees"
# row: title, unit
ROWS = {
    "warm_p50": ("warm p50, c=1", "us"),
    "warm_p99": ("warm p99, c=1", "us"),
    "throughput_16": ("throughput, c=16", "req/s"),
    "throughput_64": ("throughput, c=64", "req/s"),
    "cpu": ("CPU per request, c=16", "us"),
    "cold_p50": ("cold start p50", "ms"),
    "cold_p99": ("cold start p99", "ms"),
    "burst_64": ("burst of 64 x 100 ms from zero", "ms"),
    "crowd_1000": ("1,000 x 1 s from zero", "ms"),
    "timeout_1": ("timeout answered late p99, 1 spinner", "ms"),
    "timeout_20": ("timeout answered late p99, 20 spinners", "ms"),
    "gone_1": ("process gone late p99, 1 spinner", "ms"),
    "gone_20": ("process gone late p99, 20 spinners", "ms"),
    "pss_worker": ("PSS per idle worker, of 64", "KiB"),
    "pss_init_zygote": ("PSS of init + zygote, no worker yet", "KiB"),
    "rss_growth": ("dispatcher's RSS growth", "KiB"),
    "lunch_processes": ("CPU-bound lunch: async / processes", "x"),
    "lunch_cloud": ("CPU-bound lunch: async / cloud functions", "x"),
    "lunch_waiting": ("I/O-bound lunch: threads and async apart", "%"),
}
# row, against whom (None: our own figure), comparison, bound
GOALS = [
    ("throughput_16", "nginx", ">=", 0.42),
    ("throughput_64", "nginx", ">=", 0.42),
    ("throughput_16", "php-fpm", ">=", 3.3),
    ("throughput_64", "php-fpm", ">=", 3.3),
    ("cpu", "nginx", "<=", 2.8),
    ("warm_p50", "nginx", "<=", 1.35),
    ("cold_p50", None, "<=", 1),
    ("cold_p50", "bare clone3", "<=", 4),
    ("burst_64", None, "<=", 130),
    ("crowd_1000", None, "<=", 2200),
    ("timeout_1", None, "<=", 5),
    ("timeout_20", None, "<=", 10),
    ("gone_1", None, "<=", 50),
    ("gone_20", None, "<=", 50),
    ("pss_worker", None, "<=", 100),
    ("rss_growth", None, "<", 1024),
    ("lunch_processes", None, ">=", 1.6),  # of two processors
    ("lunch_cloud", None, ">=", 1.6),
    ("lunch_waiting", None, "<=", 20),
]
COMPARISONS = {"<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b}


def _spread(figures):
    return {"rounds": figures, "median": median(figures), "smallest": min(figures), "largest": max(figures)}


def medians(rounds):
    """row -> contestant -> median, smallest, largest and all figures."""
    rows = {}
    for name in ROWS:
        names = dict.fromkeys(who for figures in rounds for who in figures.get(name, {}))
        rows[name] = {who: _spread([figures[name][who] for figures in rounds if who in figures.get(name, {})])
                      for who in names}
    return rows


def ratios(rounds):
    """row -> other contestant -> the same of ours / theirs."""
    rows = {}
    for name in ROWS:
        both = {}
        for figures in rounds:
            ours = figures.get(name, {}).get(OURS)
            for who, theirs in figures.get(name, {}).items():
                if ours is not None and who != OURS and theirs > 0:
                    both.setdefault(who, []).append(ours / theirs)
        if both:
            rows[name] = {who: _spread(values) for who, values in both.items()}
    return rows


def goals(rows, all_ratios):
    """Each goal with its figure and whether it is met; both None where nothing was measured."""
    judged = []
    for row, other, comparison, bound in GOALS:
        spread = all_ratios.get(row, {}).get(other) if other else rows.get(row, {}).get(OURS)
        figure = spread["median"] if spread else None
        met = COMPARISONS[comparison](figure, bound) if spread else None
        judged.append({"row": row, "against": other, "comparison": comparison, "bound": bound, "figure": figure,
                       "met": met})
    return judged
