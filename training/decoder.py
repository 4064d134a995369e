"""Train the decoder alone, on a finished network: the encoder, the head map and the verdict keep their weights.

    python decoder.py --pets ../../shared/pets --work WORK --no-pet FOLDER --cut-outs CUT_OUTS --init WORK/judged.pt --steps 1500 \
        --out WORK/decoder.pt

What it is for: animals whose coat tells the network that a part of them is none. A third of the samples are drawn animals, a sixth
real ones with patches of another coat (`cut_outs.patched`), the rest as in `train.py`. So that little else is forgotten, a
teacher's label hardly counts where the network that we start from contradicts it, the head map is held to what it was, and only
a share of what comes out goes into the weights that are shipped (`average.py`). Resumes from --out.
"""
import argparse
import copy
import resource
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import checkpoint
import scenes
from cut_outs import CutOuts, patched
from dataset import Pets, build_cache
from fur import grow_fur
from losses import matte_losses
from model import PetNet, load_weights
from no_pet_photos import NoPetPhotos
from photometric import degrade
from sampler import Sample, draw_sample, in_background, match_hue, normalise
from schedule import learning_rate
from train import update_average
from validation import validate

BATCH, SIDE = 20, 320
TRAINED = ("t16", "l16", "c16", "t8", "l8", "c8", "t4", "l4", "c4", "t2", "c2", "o")
CONTESTED = 0.15  # weight of a teacher's pixel that the network we start from contradicts


def drawn_sample(pets, cut_outs, rng, width, height):
    """A drawn animal over a place that is not its own."""
    colour, alpha = cut_outs.draw(rng, width, height)
    own = colour / np.maximum(alpha, 0.02)[..., None]
    for _ in range(rng.integers(0, 3)):
        own = patched(rng, own, alpha)
    kind = rng.random()
    ground = pets.without.place(rng, width, height) if kind < 0.35 else \
        scenes.background(pets, rng, width, height) if kind < 0.75 else scenes.generated(rng, width, height)
    ground = ground.astype(np.float32)
    bytes_of = np.round(alpha * 255).astype(np.uint8)
    if rng.random() < 0.35:
        ground = match_hue(rng, ground, np.clip(own, 0, 255), bytes_of)
    if rng.random() < 0.6:
        ground = cv2.GaussianBlur(ground, (0, 0), np.exp(rng.uniform(np.log(0.6), np.log(9))))
    image = np.clip(own * alpha[..., None] + ground * (1 - alpha[..., None]), 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        image, bytes_of = grow_fur(rng, image, bytes_of)
    image = degrade(rng, np.ascontiguousarray(image), rng.random() < 0.5)
    return Sample(image, bytes_of, np.ones((height, width), np.float32), -1, np.zeros(5, np.float32), 1.0, False)


def patched_sample(pets, rng, width, height):
    """A sample as in `train.py`, whose pet has patches."""
    sample = draw_sample(pets, rng, width, height, hard=rng.random() < 0.5, negatives=0)
    alpha = sample.alpha.astype(np.float32)[..., None] / 255
    coat = patched(rng, sample.image.astype(np.float32), alpha[..., 0])
    sample.image = (sample.image * (1 - alpha) + coat * alpha).astype(np.uint8)
    return sample


def draw_one(pets, cut_outs, rng, width, height):
    kind = rng.random()
    if kind < 0.33:
        return drawn_sample(pets, cut_outs, rng, width, height)
    if kind < 0.5:
        return patched_sample(pets, rng, width, height)
    return draw_sample(pets, rng, width, height, hard=rng.random() < 0.5, negatives=0.12)


def draw_batch(pets, cut_outs, rng):
    width, height = [(SIDE, SIDE), (SIDE, 256), (256, SIDE), (SIDE, 224)][rng.integers(4)]
    if rng.random() < 0.25:  # what the mirrored look is asked at
        width, height = width * 7 // 10 // 32 * 32, height * 7 // 10 // 32 * 32
    samples = [draw_one(pets, cut_outs, rng, width, height) for _ in range(BATCH)]
    stack = lambda name: torch.from_numpy(np.stack([getattr(s, name) for s in samples]))
    return (normalise(np.stack([s.image for s in samples])), stack("alpha")[:, None].float() / 255, stack("weight")[:, None],
            torch.tensor([s.pseudo for s in samples]))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pets", required=True)
    p.add_argument("--work", required=True)
    p.add_argument("--no-pet", required=True)
    p.add_argument("--cut-outs", required=True)
    p.add_argument("--init", required=True)
    p.add_argument("--steps", type=int, default=1500)
    p.add_argument("--lr", type=float, default=4e-4)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--out", type=Path, required=True)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    build_cache(args.pets, Path(args.work) / "cache")
    pets, kept_out, others = (Pets(args.pets, Path(args.work) / "cache", s) for s in ("train", "kept_out", "val_pseudo"))
    pets.without = NoPetPhotos(args.no_pet)
    cut_outs = CutOuts(args.cut_outs, 640)

    before = PetNet()
    load_weights(before, checkpoint.load(args.init)["ema"])
    before = before.eval().to(memory_format=torch.channels_last)
    net = copy.deepcopy(before)
    ema = copy.deepcopy(before)
    trained = [q for name in TRAINED for q in getattr(net, name).parameters()]
    optimizer = torch.optim.AdamW(trained, lr=args.lr, betas=(0.9, 0.99), weight_decay=0.01)
    step, seen = 0, 0
    if args.out.exists():
        state = checkpoint.load(args.out)
        net.load_state_dict(state["model"])
        ema.load_state_dict(state["ema"])
        optimizer.load_state_dict(state["optimizer"])
        step, seen = state["step"], state["seen"]

    def judge():
        a, b = validate(ema, kept_out), validate(ema, others, limit=120)
        print(f"step {step} kept out", {k: round(v, 4) for k, v in a.items()}, "others",
              {k: round(b[k], 4) for k in ("iou", "p10", "mae")}, flush=True)

    if step == 0:
        judge()
    sums, stream = {}, in_background(lambda rng: draw_batch(pets, cut_outs, rng), [91, step])
    # Batch norms keep their statistics: a few thousand samples are too few to move them well.
    while step < args.steps:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.steps, args.lr, warmup=50, decay=0.7)
        image, target, weight, pseudo = next(stream)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with torch.no_grad():
                features = before.encode(image)
                old, old16, _ = before.decode(*features)
                old_heat = before.hm(old16)
            logits, d16, _ = net.decode(*features)
            heat = net.hm(d16)
        contested = ((torch.sigmoid(old.float()) - target).abs() > 0.5) & pseudo[:, None, None, None]
        weight = torch.where(contested, weight * CONTESTED, weight)
        bce, l1, grad, iou, _ = matte_losses(logits.float(), target, weight, pseudo)
        held = F.mse_loss(torch.sigmoid(heat.float()), torch.sigmoid(old_heat.float()))
        terms = dict(bce=bce, l1=0.7 * l1, grad=2 * grad, iou=0.5 * iou, heat=20 * held)
        optimizer.zero_grad(set_to_none=True)
        sum(terms.values()).backward()
        torch.nn.utils.clip_grad_norm_(trained, 3.0)
        optimizer.step()
        step, seen = step + 1, seen + len(image)
        update_average(ema, net, min(0.995, (step + 1) / (step + 20)))
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if step % 25 == 0:
            print(f"step {step} cpu {time.process_time():.0f} s", {k: round(v / 25, 4) for k, v in sums.items()},
                  f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB", flush=True)
            sums = {}
        if step % 100 == 0 or step == args.steps:
            checkpoint.save_full(args.out, net, ema, optimizer, step=step, seen=seen, steps=args.steps, lr=args.lr)
        if step % 300 == 0 or step == args.steps:
            judge()


if __name__ == "__main__":
    main()
