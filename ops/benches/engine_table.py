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

print("\n3x3 convolutions (batch 64), GFLOP/s of a direct convolution's work; in brackets oneDNN's")
print(f"{'side, channels':26}{'forward':>14}{'data':>14}{'weights':>14}")
for base in (16, 32):
    shapes, totals, seconds = {}, {}, 0.0
    for key, values in ours.items():
        part = key.split(".")
        if part[0] == "convolution" and part[1] == str(base):
            shapes.setdefault(tuple(map(int, part[2:6])), {})[".".join(part[6:])] = values
    for (side, source, target, stride), passes in sorted(shapes.items(), reverse=True):
        count = len(passes["own.forward"])
        work = 2 * 9 * 64 * (side // stride) ** 2 * source * target / 1e9
        row = f"{f'{count} x {side}, {source} -> {target}' + (', halved' if stride == 2 else ''):26}"
        for name in ("forward", "data", "weights"):
            times = [min(passes[f"{who}.{name}"]) for who in ("own", "onednn")]
            row += f"{f'{work / times[0]:.0f} ({work / times[1]:.0f})':>14}"
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
    step = min(ours[f"training.{base}"])
    print(f"convolutions are {1e3 * seconds:.1f} of {1e3 * step:.1f} ms of a training step; the rest {100 * (1 - seconds / step):.0f} %")

alone, pair = read("worker-alone"), read("worker-pair")
print(f"\none worker on the demo's pruned model: {max(alone['worker.megabytes']):.0f} MB at its peak")
for key, name in (("worker.training", "fine-tuning"), ("worker.sampling", "sampling")):
    print(f"two workers against one, {name}: {2 * min(alone[key]) / (sum(pair[key]) / len(pair[key])):.2f} x")
sgemm_alone, sgemm_pair = read("sgemm-alone")["sgemm.wall"], read("sgemm-pair")["sgemm.wall"]
print(f"two processes of sgemm against one: {2 * sum(sgemm_pair) / len(sgemm_pair) / max(sgemm_alone):.2f} x")
