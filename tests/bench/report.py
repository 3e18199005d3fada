"""The tables on standard output."""
from summary import OURS, ROWS


def number(value):
    """Three digits that mean something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def _table(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        cells = [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("  " + "  ".join(cells).rstrip())


def _range(spread):
    return f"{number(spread['smallest'])} - {number(spread['largest'])}"


def print_figures(rows):
    print("\nfigures: medians of the rounds, and ours from smallest to largest")
    peers = list(dict.fromkeys(who for row in rows.values() for who in row))
    lines = [["", "unit", *peers, OURS + ", range"]]
    for name, (title, unit) in ROWS.items():
        row = rows.get(name, {})
        if row:
            cells = [number(row[peer]["median"]) if peer in row else "" for peer in peers]
            lines.append([title, unit, *cells, _range(row[OURS]) if OURS in row else ""])
    _table(lines)


def print_ratios(ratios):
    print("\nratios: ours / theirs within a round, median, (smallest - largest)")
    peers = list(dict.fromkeys(who for row in ratios.values() for who in row))
    lines = [["", *peers]]
    for name, row in ratios.items():
        cells = [f"{number(row[peer]['median'])} ({_range(row[peer])})" if peer in row else "" for peer in peers]
        lines.append([ROWS[name][0], *cells])
    _table(lines)


def print_goals(goals):
    print("\ngoals")
    lines = []
    for goal in goals:
        title, unit = ROWS[goal["row"]]
        against = f" / {goal['against']}" if goal["against"] else ""
        bound = f"{goal['comparison']} {number(goal['bound'])}" + ("" if against else f" {unit}")
        verdict = {True: "met", False: "MISSED", None: "not measured"}[goal["met"]]
        lines.append([title + against, "" if goal["figure"] is None else number(goal["figure"]), bound, verdict])
    _table(lines)


def _changes(now, before):
    for name, row in now.items():
        for who, spread in row.items():
            old = before.get(name, {}).get(who, {}).get("median")
            if old:
                yield name, who, old, spread["median"], 100 * (spread["median"] / old - 1)


def print_comparison(result, before, name):
    print(f"\nagainst {name} (noise on this machine is 20-40 %)")
    if before["quick"] != result["quick"]:
        print("  one of the two is a quick run: the shorter, the noisier")
    if before["cpu"] != result["cpu"]:
        print(f"  that was another machine ({before['cpu']}): believe the ratios, not the figures")
    lines = [["", "then", "now", "change"]]
    ours = {row: {OURS: spreads[OURS]} for row, spreads in result["rows"].items() if OURS in spreads}
    for row, _, old, new, percent in _changes(ours, before["rows"]):
        lines.append([f"{ROWS[row][0]}, {ROWS[row][1]}", number(old), number(new), f"{percent:+.0f} %"])
    for row, who, old, new, percent in _changes(result["ratios"], before["ratios"]):
        lines.append([f"{ROWS[row][0]} / {who}", number(old), number(new), f"{percent:+.0f} %"])
    _table(lines)
