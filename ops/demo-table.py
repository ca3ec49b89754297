#!/usr/bin/env python3
"""The demo's last table: each artist's credit with its interval, the share and the amount.

usage: demo-table.py PAYOUTS.csv CREDITS.json
"""

import csv
import json
import sys
from decimal import Decimal

payouts = {row["contributor"]: row for row in csv.DictReader(open(sys.argv[1], encoding="utf-8", newline=""))}
credits = [value for value in json.load(open(sys.argv[2], encoding="utf-8"))["values"] if value["pays"]]
pool = sum(Decimal(row["earned"]) for row in payouts.values())

line = "{:<32} {:>8}   {:^18} {:>8} {:>13} {:>10}"
print(line.format("artist", "credit", "95 % interval", "share", "earned USD", "paid USD"))
for credit in sorted(credits, key=lambda value: -float(value["value"])):
    row = payouts[credit["player"]]
    interval = "{:7.3f} … {:7.3f}".format(float(credit["low"]), float(credit["high"]))
    earned = Decimal(row["earned"])
    print(
        line.format(
            row["name"], f"{float(credit['value']):.3f}", interval, f"{earned / pool:.2%}", f"{earned:,.6f}",
            f"{Decimal(row['paid']):,.2f}",
        )
    )
print(line.format("all", "", "", "100.00%", f"{pool:,.6f}", f"{sum(Decimal(r['paid']) for r in payouts.values()):,.2f}"))
