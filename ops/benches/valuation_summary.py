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
print("gp on the rows that shapiq's KernelSHAP drew, against shapiq's estimator of the least error;")
print("times without process start and import")
print("| game | M | gp error | gp ms | shapiq's best | its error | its ms | error ratio | time ratio |")
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
for game, count in sorted({key[:2] for key in ours}):
    best = min((value, key[2]) for key, value in theirs.items() if key[:2] == (game, count))
    shared = ours[game, count, "shared"]
    print(f"| {game} | {count} | {shared[0]:.3f} | {1000 * shared[1]:.1f} | {best[1]} | {best[0][0]:.3f} "
          f"| {1000 * best[0][1]:.1f} | {shared[0] / best[0][0]:.2f} | {shared[1] / best[0][1]:.2f} |")
print()
print("gp's error and time over those of every shapiq estimator (medians over games and budgets)")
print("| estimator | error ratio | time ratio |")
print("| --- | --- | --- |")
for name in sorted({key[2] for key in theirs}):
    cells = [(ours[(*key[:2], "shared")], value) for key, value in theirs.items() if key[2] == name]
    errors, times = zip(*[(own[0] / other[0], own[1] / other[1]) for own, other in cells])
    print(f"| {name} | {statistics.median(errors):.2f} | {statistics.median(times):.2f} |")
