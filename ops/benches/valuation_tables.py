"""Prints the studies' cells as the tables of Sources/Valuation/README.md.

Usage: valuation_tables.py FOLDER, with accuracy-20.csv, coverage.csv and accuracy-258.csv in it.
"""
import csv
import pathlib
import statistics
import sys


def cells(name):
    return list(csv.DictReader(open(pathlib.Path(sys.argv[1]) / f"{name}.csv")))


def accuracy(name):
    """Error / coverage / half-width by estimator and game; several budgets side by side."""
    rows = cells(name)
    budgets = list(dict.fromkeys(c["coalitions"] for c in rows))
    print("| game (equal split) | estimator | "
          + " | ".join(f"M = {m}: error | coverage ± SE | half-width | ranks | ms" for m in budgets) + " |")
    print("| --- | --- |" + " --- |" * (5 * len(budgets)))
    for game, estimator in dict.fromkeys((c["game"], c["estimator"]) for c in rows):
        own = [c for c in rows if (c["game"], c["estimator"]) == (game, estimator)]
        print(f"| {game} ({float(own[0]['equal_split']):.2f}) | {estimator} | " + " | ".join(
            f"{float(c['error']):.3f} | {float(c['coverage']):.3f} ± {float(c['coverage_error']):.3f} "
            f"| {float(c['half_width']):.3f} | {float(c['rank_correlation']):.2f} | {1000 * float(c['seconds']):.2f}"
            for c in own) + " |")
    print()


print("Accuracy at n = 20, noise 0.5 SD")
accuracy("accuracy-20")
print("Accuracy at n = 258, noise 0.5 SD")
accuracy("accuracy-258")

grid = cells("coverage")
place = lambda c: (c["game"], int(c["players"]), int(c["coalitions"]), float(c["noise"]))
by_estimator = {}
for c in grid:
    by_estimator.setdefault(c["estimator"], {})[place(c)] = c
print(f"Coverage of the 95 % intervals over {len(by_estimator['gp'])} cells")
print("| estimator | mean coverage | lowest | highest | cells of 92-98 % | beyond that by 2 SE | half-width over gp's |")
print("| --- |" + " --- |" * 6)
for name, own in by_estimator.items():
    covered = [float(c["coverage"]) for c in own.values()]
    beyond = [c for c in own.values()
              if max(0.92 - float(c["coverage"]), float(c["coverage"]) - 0.98) > 2 * float(c["coverage_error"])]
    widths = [float(c["half_width"]) / float(by_estimator["gp"][key]["half_width"]) for key, c in own.items()]
    print(f"| {name} | {statistics.mean(covered):.3f} | {min(covered):.3f} | {max(covered):.3f} "
          f"| {sum(0.92 <= x <= 0.98 for x in covered)} of {len(covered)} | {len(beyond)} "
          f"| {min(widths):.2f} to {max(widths):.2f}, median {statistics.median(widths):.2f} |")
print()
noises = sorted({key[3] for key in by_estimator["gp"]})
print("gp by cell: coverage ± SE, and half-width (leverage's bootstrap: half-width)")
print("| game | n | M | " + " | ".join(f"noise {noise}" for noise in noises) + " |")
print("| --- | --- | --- |" + " --- |" * len(noises))
for game, n, count in dict.fromkeys(key[:3] for key in by_estimator["gp"]):
    texts = []
    for noise in noises:
        own, other = (by_estimator[name][game, n, count, noise] for name in ("gp", "leverage"))
        texts.append(f"{float(own['coverage']):.3f} ± {float(own['coverage_error']):.3f}, "
                     f"{float(own['half_width']):.2f} ({float(other['half_width']):.2f})")
    print(f"| {game} | {n} | {count} | " + " | ".join(texts) + " |")
