#!/usr/bin/env python3
"""Shares of two credit runs side by side, as Markdown, and how far they lie apart.

usage: training_seeds.py CREDITS.json CREDITS.json      (laurel credit show RUN --format json)
"""

import json
import sys


def read(path):
    """For each player its share in per cent, and half of its credit's 95 % interval in the same unit."""
    run = json.load(open(path, encoding="utf-8"))
    credits = {value["player"]: value for value in run["values"] if value["pays"]}
    total = sum(float(credit["value"]) for credit in credits.values())
    return {
        share["player"]: (
            share["share_ppm"] / 1e4,
            100 * (float(credits[share["player"]]["high"]) - float(credits[share["player"]]["low"])) / 2 / total,
        )
        for share in run["shares"]
    }


one, two = read(sys.argv[1]), read(sys.argv[2])
print("| share of the pool, % | training seed 1 | training seed 2 |\n| --- | ---: | ---: |")
for player in sorted(one):
    print("| {} | {:.2f} ± {:.2f} | {:.2f} ± {:.2f} |".format(player, *one[player], *two[player]))
apart = {player: abs(one[player][0] - two[player][0]) for player in one}
covered = sum(apart[player] <= (one[player][1] ** 2 + two[player][1] ** 2) ** 0.5 for player in one)
print(
    f"\nThey differ by {sum(apart.values()) / len(apart):.2f} percentage points in the mean and {max(apart.values()):.2f} at "
    f"most; {covered} of {len(apart)} differences lie within the half-widths of both, added as squares."
)
