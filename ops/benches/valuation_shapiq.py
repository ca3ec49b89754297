"""Runs shapiq's Shapley-value estimators on games written by LaurelBench; leaves the drawn evaluations beside them.

Usage: valuation_shapiq.py GAMES_FOLDER RESULT.csv
"""
import csv
import pathlib
import sys
import time
import warnings
from importlib import metadata

import numpy as np
import shapiq

warnings.filterwarnings("ignore")
N = 12
SHARED = "KernelSHAP"  # the estimator whose evaluations both programs also see
ESTIMATORS = ["KernelSHAP", "kADDSHAP", "UnbiasedKernelSHAP", "SVARM", "PermutationSamplingSV", "StratifiedSamplingSV",
              "OwenSamplingSV", "ProxySHAP", "LeverageSHAP", "PolySHAP"]


def exact(values):
    """Shapley values by definition."""
    from math import comb
    phi = np.zeros(N)
    for mask in range(1 << N):
        size = bin(mask).count("1")
        for i in range(N):
            if not mask >> i & 1:
                phi[i] += (values[mask | 1 << i] - values[mask]) / (N * comb(N - 1, size))
    return phi


def estimate(name, game, spent, budget, seed):
    """Values by one of shapiq's estimators, and the seconds it took beside evaluating the game."""
    kind = getattr(shapiq.approximator, name)
    for arguments in ({"max_order": 1, "index": "SV"}, {"index": "SV"}, {"max_order": 2}, {"max_order": 1}, {}):
        try:
            approximator = kind(n=N, random_state=seed, **arguments)
            break
        except TypeError:
            continue
    start = time.process_time()
    found = approximator.approximate(budget=budget, game=game)
    seconds = time.process_time() - start - sum(spent)
    return np.array([found[(i,)] for i in range(N)]), seconds


def main():
    folder, result = pathlib.Path(sys.argv[1]), sys.argv[2]
    names = [name for name in ESTIMATORS if hasattr(shapiq.approximator, name)]
    print("shapiq", metadata.version("shapiq"), ", ".join(names), file=sys.stderr)
    with open(result, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["game", "seed", "coalitions", "estimator", "error", "seconds"])
        for path in sorted(folder.glob("*.txt")):
            numbers = np.loadtxt(path)
            noise, values = numbers[0], numbers[1:]
            title, seed = path.stem.rsplit("-", 1)
            seed = int(seed)
            truth = exact(values)
            for count in (60, 120, 240):
                for name in names:
                    rng = np.random.default_rng(seed)
                    # The ends are worth five evaluations each, as on our side.
                    spread = np.full(1 << N, noise)
                    spread[[0, -1]] = noise / np.sqrt(5)
                    noisy = values + spread * rng.normal(size=1 << N)
                    drawn, spent = [], []

                    def game(coalitions):
                        start = time.process_time()
                        # Some estimators ask for one coalition as a vector, and all index the answer.
                        masks = np.atleast_2d(coalitions).astype(int) @ (1 << np.arange(N))
                        drawn.extend(masks.tolist())
                        spent.append(time.process_time() - start)
                        return noisy[masks]

                    try:
                        found, seconds = estimate(name, game, spent, count + 2, seed)
                    except Exception as problem:  # an estimator that cannot do this size is left out, and said so
                        print(title, count, name, type(problem).__name__, problem, file=sys.stderr)
                        continue
                    error = np.linalg.norm(found - truth) / np.linalg.norm(truth)
                    writer.writerow([title, seed, count, name, error, seconds])
                    if name == SHARED:
                        with open(folder / f"{title}-{seed}-{count}.csv", "w") as rows:
                            rows.write("coalition,value\n")
                            for mask in dict.fromkeys([0, (1 << N) - 1] + drawn):
                                members = "|".join(f"p{i}" for i in range(N) if mask >> i & 1)
                                rows.write(f"{members},{float(noisy[mask])!r}\n")


main()
