"""Prints medians over seeds of LaurelBench's and shapiq's errors and processor times.

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


ours = medians(sys.argv[1], lambda row: (row["estimator"], row["rows"]))
theirs = medians(sys.argv[2], lambda row: row["estimator"])
cells = sorted({key[:2] for key in ours})
best = {cell: min((value, key[2]) for key, value in theirs.items() if key[:2] == cell) for cell in cells}
print("gp on the rows that shapiq's KernelSHAP drew, against shapiq's estimator of the least error")
print("| game | M | gp error | gp ms | shapiq's best | its error | its ms | error ratio | time ratio |")
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
for game, count in cells:
    error, seconds = ours[game, count, ("gp", "shared")]
    (other, others), name = best[game, count]
    print(f"| {game} | {count} | {error:.3f} | {1000 * seconds:.2f} | {name} | {other:.3f} | {1000 * others:.2f} "
          f"| {error / other:.2f} | {seconds / others:.2f} |")
print()
print("Laurel's estimators over shapiq's best: error ratio / time ratio (rows as drawn by shapiq, or a design of its own)")
names = sorted({key[2] for key in ours})
print("| game | M | " + " | ".join(f"{name} ({rows})" for name, rows in names) + " |")
print("| --- | --- |" + " --- |" * len(names))
for cell in cells:
    (other, others), _ = best[cell]
    ratios = [f"{ours[(*cell, name)][0] / other:.2f} / {ours[(*cell, name)][1] / others:.2f}" for name in names]
    print(f"| {cell[0]} | {cell[1]} | " + " | ".join(ratios) + " |")
print()
print("gp's error and time over those of every shapiq estimator (medians over games and budgets)")
print("| estimator | error ratio | time ratio |")
print("| --- | --- | --- |")
for name in sorted({key[2] for key in theirs}):
    pairs = [(ours[(*key[:2], ("gp", "shared"))], value) for key, value in theirs.items() if key[2] == name]
    errors, times = zip(*[(own[0] / other[0], own[1] / other[1]) for own, other in pairs])
    print(f"| {name} | {statistics.median(errors):.2f} | {statistics.median(times):.2f} |")
