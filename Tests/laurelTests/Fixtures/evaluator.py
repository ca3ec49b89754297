"""An evaluator of coalitions as the command-line contract has it: a game whose Shapley values are known.

The property `gift` is additive: contributor number i (in the order of hello) gives i + 1. Arguments: the standard deviation
of its noise; a file that has to be there before more than two coalitions are evaluated.
"""

import json
import os
import random
import sys
import time

noise, gate = float(sys.argv[1]), sys.argv[2]
players, evaluated = [], 0
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        players = message["players"]
        answer = {"type": "ready"}
    else:
        evaluated += 1
        while evaluated > 2 and not os.path.exists(gate):
            time.sleep(0.02)
        gift = sum(players.index(p) + 1 for p in message["coalition"]) + random.Random(message["seed"]).gauss(0, noise)
        answer = {"type": "value", "id": message["id"], "values": {"gift": gift}}
    print(json.dumps(answer), flush=True)
