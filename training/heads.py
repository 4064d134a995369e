"""Fit the head map alone on a finished trunk. Mattes stay as they are; the verdict, which reads the map, is to be fitted after it.

    python heads.py --pets ../../shared/pets --work WORK --no-pet FOLDER --checkpoint WORK/last.pt --out WORK/heads.pt

The trunk sees samples of photos whose head is known, a quarter of them of bodies whose head lies outside, and pictures without
a pet, once each; what it makes of them is kept, and the map is fitted to that over and over. A sample costs
0.05 CPU seconds, the fit less than a minute. Every eighth photo is held back, to say what it brings.
"""
import argparse
import copy
from pathlib import Path

import numpy as np
import torch

import checkpoint
from dataset import Pets, build_cache
from losses import head_losses
from model import PetNet, load_weights, moments_box, peak_component
from no_pet_photos import NoPetPhotos
from presence import SHAPES
from sampler import draw_sample, normalise
from schedule import learning_rate
from validation import box_iou

BATCH, HELD_BACK = 16, 8
BODIES, NEGATIVES = 0.25, 0.15


def only(pets, wanted):
    """The same photos, of which only those are drawn whose index is wanted."""
    chosen = copy.copy(pets)
    known = ~np.isnan(pets.head[:, 0]) & wanted(np.arange(len(pets)))
    chosen.with_head = np.flatnonzero(known & (pets.head[:, 2] > pets.head[:, 0]))
    chosen.cumulative = np.cumsum(known / known.sum())
    return chosen


@torch.inference_mode()
def draw(net, pets, rng, count):
    """Batches of the decoder's features at 1/16 and of heads."""
    batches = []
    for k in range(0, count, BATCH):
        width, height = SHAPES[rng.integers(len(SHAPES))]
        samples = [draw_sample(pets, rng, width, height, rng.random() < 0.5, NEGATIVES, BODIES) for _ in range(BATCH)]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            d16 = net.decode_deep(*net.encoder(normalise(np.stack([s.image for s in samples])))[-2:])
        batches.append((d16.bfloat16().clone(), torch.from_numpy(np.stack([s.head for s in samples]))))
        if k % 320 == 0:
            print(f"{k} of {count}", flush=True)
    return batches


@torch.no_grad()
def figures(hm, batches):
    """Head box IoU, share of faces below the score that the service trusts, share of pictures without a face above it."""
    ious, faces, others = [], [], []
    for d16, heads in batches:
        heat = torch.sigmoid(hm(d16.float()))
        for box, score, (x0, y0, x1, y1, trust) in zip(moments_box(peak_component(heat)), heat.amax((1, 2, 3)), heads.tolist()):
            if trust and x1 > x0:
                cx, cy, w, h = box.tolist()
                ious.append(box_iou((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2), (x0, y0, x1, y1)))
                faces.append(float(score))
            elif trust:
                others.append(float(score))
    return (f"box IoU {np.mean(ious):.3f}, {np.mean(np.array(faces) < 0.35):.1%} of {len(faces)} faces missed, "
            f"{np.mean(np.array(others) >= 0.35):.1%} of {len(others)} pictures without a face have one")


def fit(hm, batches, rng, epochs, peak=1e-3):
    """In place. Batch norms keep their statistics."""
    optimizer = torch.optim.AdamW(hm.parameters(), lr=peak, weight_decay=0.01)
    step, steps = 0, epochs * len(batches)
    for _ in range(epochs):
        for k in rng.permutation(len(batches)):
            d16, heads = batches[k]
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, steps, peak, warmup=20, decay=0.8)
            heat, box = head_losses(hm(d16.float()), heads)
            optimizer.zero_grad()
            (0.6 * heat + 0.15 * box).backward()
            optimizer.step()
            step += 1


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--pets", "--work", "--no-pet", "--checkpoint", "--out"):
        p.add_argument(name, required=True)
    p.add_argument("--samples", type=int, default=2000)
    p.add_argument("--epochs", type=int, default=12)
    p.add_argument("--threads", type=int, default=2)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    state = checkpoint.load(args.checkpoint)
    net = PetNet()
    load_weights(net, state["ema"])
    net = net.eval().to(memory_format=torch.channels_last)
    build_cache(args.pets, Path(args.work) / "cache")
    pets, rng = Pets(args.pets, Path(args.work) / "cache", "train"), np.random.default_rng(17)
    pets.without = NoPetPhotos(args.no_pet)
    shown = draw(net, only(pets, lambda i: i % HELD_BACK != 0), rng, args.samples)
    held_back = draw(net, only(pets, lambda i: i % HELD_BACK == 0), rng, args.samples // HELD_BACK)
    print("held back, before:", figures(net.hm, held_back))
    fit(net.hm, shown, rng, args.epochs)
    print("held back, after: ", figures(net.hm, held_back))
    state["ema"] = net.state_dict()
    torch.save(state, args.out)


if __name__ == "__main__":
    main()
