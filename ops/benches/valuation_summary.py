"""Prints medians over seeds of LaurelBench's and shapiq's errors and times.

Usage: valuation_summary.py LAUREL.csv SHAPIQ.csv
"""
import csv
import statistics
import sys


def medians(path, label):
    """Median error and time by game, budget and estimator."""
    groups = {}
    for row in csv.DictReader(open(path)):
        key = (row["game"], int(row["coalitions"]), label(row))
        groups.setdefault(key, []).append((float(row["error"]), float(row["seconds"])))
    return {key: [statistics.median(column) for column in zip(*values)] for key, values in groups.items()}


ours = medians(sys.argv[1], lambda row: row["rows"])
theirs = medians(sys.argv[2], lambda row: row["estimator"])
print("| game | M | gp, own design | gp, KernelSHAP's rows | gp ms | shapiq's best | error | ms |")
print("| --- | --- | --- | --- | --- | --- | --- | --- |")
for game, count in sorted({key[:2] for key in ours}):
    best = min((value, key[2]) for key, value in theirs.items() if key[:2] == (game, count))
    own, shared = ours[game, count, "own"], ours[game, count, "shared"]
    print(f"| {game} | {count} | {own[0]:.3f} | {shared[0]:.3f} | {1000 * own[1]:.1f} "
          f"| {best[1]} | {best[0][0]:.3f} | {1000 * best[0][1]:.1f} |")
