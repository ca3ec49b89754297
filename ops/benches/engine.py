"""The engine's steps in PyTorch, in processor time of one thread: name and best seconds, one a line."""

import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))
from unet import UNet  # noqa: E402


def best(repeats, body):
    body()
    found = float("inf")
    for _ in range(repeats):
        start = time.thread_time()
        body()
        found = min(found, time.thread_time() - start)
    return found


def steps(base):
    model = UNet(3, base).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    x = torch.randn(64, 3, 16, 16).to(memory_format=torch.channels_last)
    target = torch.randn_like(x)
    t = torch.full((64,), 500)

    def training():
        optimiser.zero_grad(set_to_none=True)
        # The backward pass must run on this thread for its time to count.
        with torch.autograd.set_multithreading_enabled(False):
            F.mse_loss(model(x, t), target).backward()
        optimiser.step()

    print(f"training.{base} {best(8, training)}", flush=True)
    with torch.inference_mode():
        print(f"sampling.{base} {best(8, lambda: model(x, t))}", flush=True)


def examples(base, images=16):
    """Gradients of each image by vmap(grad), the fastest way that PyTorch has; seconds an image."""
    model = UNet(3, base)
    parameters = {name: value.detach() for name, value in model.named_parameters()}
    x, target = torch.randn(images, 3, 16, 16), torch.randn(images, 3, 16, 16)
    t = torch.full((images,), 500)

    def loss(parameters, x, t, target):
        return F.mse_loss(functional_call(model, parameters, (x[None], t[None])), target[None])

    each = vmap(grad(loss), in_dims=(None, 0, 0, 0))
    with torch.autograd.set_multithreading_enabled(False):
        print(f"examples.{base}.vmap {best(3, lambda: each(parameters, x, t, target)) / images}", flush=True)


torch.set_num_threads(1)
for base in (16, 32):
    {"steps": steps, "examples": examples}[sys.argv[1]](base)
