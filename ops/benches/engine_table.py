"""Prints the engine benchmark's tables from the lines that its programs wrote."""

import sys


def read(name):
    found = {}
    for line in open(f"{sys.argv[1]}/{name}"):
        key, value = line.split()
        found.setdefault(key, []).append(float(value))
    return found


ours, theirs = read("laurel"), read("torch")
peak, sgemm = max(ours["peak"]), max(ours["sgemm"])
rounds = len(ours["gflop.16"])
print(f"one thread: FMA peak {peak:.0f} GFLOP/s, sgemm {sgemm:.0f} GFLOP/s\n")

print(f"{'step (batch 64, 16x16x3)':30}{'Laurel ms':>10}{'PyTorch ms':>12}{'ratio':>7}{'GFLOP/s':>9}")
for key in ("training.16", "sampling.16", "training.32", "sampling.32"):
    kind, base = key.split(".")
    a, b = min(ours[key]), min(theirs[key])
    work = ours[f"gflop.{base}"][0] * (3 if kind == "training" else 1)
    print(f"{kind + ', base ' + base:30}{1e3 * a:10.1f}{1e3 * b:12.1f}{b / a:7.2f}{work / a:9.0f}")

print(f"\n{'gradients of each image':30}{'Laurel ms':>10}{'vmap ms':>12}{'ratio':>7}{'projection':>12}")
for base in (16, 32):
    alone, vmap = min(ours[f"examples.{base}.alone"]), min(theirs[f"examples.{base}.vmap"])
    print(f"{f'base {base}':30}{1e3 * alone:10.2f}{1e3 * vmap:12.2f}{vmap / alone:7.2f}")
    for kind in ("sketch", "hadamard"):
        time = min(ours[f"examples.{base}.{kind}"])
        extra = f"{100 * (time / alone - 1):.0f} %"
        print(f"{f'  and {kind} to 4,096':30}{1e3 * time:10.2f}{1e3 * vmap:12.2f}{vmap / time:7.2f}{extra:>12}")

print("\n3x3 convolutions (batch 64), GFLOP/s of a direct convolution's work; in brackets oneDNN's, and * below 75 % of the peak")
print(f"{'side, channels':26}{'forward':>14}{'data':>14}{'weights':>14}")
for base in (16, 32):
    shapes, totals, seconds = {}, {}, 0.0
    for key, values in ours.items():
        part = key.split(".")
        if part[0] == "convolution" and part[1] == str(base):
            shapes.setdefault(tuple(map(int, part[2:6])), {})[".".join(part[6:])] = values
    for (side, source, target, stride), passes in sorted(shapes.items(), reverse=True):
        count = len(passes["own.forward"]) // rounds
        work = 2 * 9 * 64 * (side // stride) ** 2 * source * target / 1e9
        row = f"{f'{count} x {side}, {source} -> {target}' + (', halved' if stride == 2 else ''):26}"
        for name in ("forward", "data", "weights"):
            times = [min(passes[f"{who}.{name}"]) for who in ("own", "onednn")]
            star = "*" if work / times[0] < 0.75 * peak else ""
            row += f"{f'{star}{work / times[0]:.0f} ({work / times[1]:.0f})':>14}"
            for who, time in zip(("own", "onednn"), times):
                if name != "data" or source > 3:
                    entry = totals.setdefault((who, name), [0.0, 0.0])
                    entry[0] += count * work
                    entry[1] += count * time
            if name != "data" or source > 3:
                seconds += count * times[0]
        seconds += count * min(passes["own.pack"])
        print(row)
    row = f"{f'all of base {base}':26}"
    for name in ("forward", "data", "weights"):
        rates = [totals[who, name][0] / totals[who, name][1] for who in ("own", "onednn")]
        row += f"{f'{rates[0]:.0f} ({rates[1]:.0f})':>14}"
    print(row)
    # Timed inside the step, the fastest of all rounds: 1x1 convolutions count, and caches are as they are there.
    step, share = min(zip(ours[f"step.{base}"], ours[f"share.{base}"]))
    rest, direct = (1 - share) * step, 3 * ours[f"gflop.{base}"][0] / peak
    print(
        f"of {1e3 * step:.1f} ms of a training step {1e3 * (step - rest):.1f} are convolutions (3x3: {1e3 * seconds:.1f} by "
        f"themselves) and {1e3 * rest:.1f}, {100 * rest / step:.0f} %, are not"
    )
    print(f"(beside direct convolutions at the FMA peak the same rest would be {100 * rest / (rest + direct):.0f} %)")

alone = read("alone")
print(f"\none worker on the demo's pruned model: {max(alone['worker.megabytes']):.0f} MB at its peak")
print("two processes at once, against one, on the clock, in three rounds:")
for kind, name in (("sgemm", "sgemm"), ("training", "fine-tuning"), ("sampling", "sampling")):
    pairs = [[read(f"pair-{i}-{who}")[f"worker.{kind}"][0] for who in "ab"] for i in (1, 2, 3)]
    best = min(alone[f"worker.{kind}"])
    print(f"  {name:14}" + "  ".join(f"{sum(best / time for time in pair):.2f}" for pair in pairs))
