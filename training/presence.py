"""Fit the network's verdict, whether there is a pet at all, on a finished trunk. The matte stays as it is.

    python presence.py --pets ../../shared/pets --work WORK --no-pet FOLDER --checkpoint WORK/heads.pt --out WORK/judged.pt

Features of samples like those of training are drawn once, half of them without a pet; a small network is fitted to them in
seconds. `--samples` costs about 0.05 CPU seconds each.
"""
import argparse
import copy
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import checkpoint
from dataset import Pets, build_cache, kept_out_stems
from evaluate import background_crops, corpus_pictures, generated_scenes, load
from export import fold_batch_norm
from geometry import letterbox
from model import PetNet, Verdict, load_weights
from no_pet_photos import NoPetPhotos
from sampler import draw_sample, negative, normalise
from photometric import degrade

SIDE, BATCH = 320, 16
DRAWN = 3     # how often each drawn pet counts
SHAPES = [(320, 320), (320, 256), (256, 320), (320, 224), (224, 320), (320, 192), (192, 320)]
MEMBERS = 5   # fitted apart and averaged: they are sure where they agree
NOISE = 1.2   # added to features of unit scale, so that none of them decides alone


class Trunk:
    """Features of pictures, as the deployed network computes them but for rounding."""

    def __init__(self, net):
        self.net = copy.deepcopy(net).eval()
        fold_batch_norm(self.net)
        self.net = self.net.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def __call__(self, images):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            alpha, d16, _, deepest = self.net.trunk(normalise(np.stack(images)))
            heat = self.net.hm(d16)
        return Verdict.features(alpha.float(), torch.sigmoid(heat.float()), deepest.float())


def features_of(trunk, pictures):
    return torch.cat([trunk([letterbox(picture, SIDE)[0]]) for picture in pictures])


def smaller(rng, image):
    """The same from further away; what lies beyond its border is its border. Done to both halves, so that it tells nothing."""
    height, width = image.shape[:2]
    w, h = (int(side * rng.uniform(0.4, 0.8)) for side in (width, height))
    left, top = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
    return cv2.copyMakeBorder(cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA), top, height - h - top, left, width - w - left,
                              cv2.BORDER_REPLICATE)


# To refuse somebody's pet is worse than to render somebody: this much is said to be one half, where the service draws the line.
LINE = 0.42


def draw_features(trunk, pets, count, seed):
    """Half with a pet, half without; half as hard as in training."""
    rng = np.random.default_rng(seed)
    features, present = [], []
    for k in range(0, count, BATCH):
        images, here = [], []
        width, height = SHAPES[rng.integers(len(SHAPES))]
        while len(images) < BATCH:
            if len(images) % 2:
                sample = negative(pets, rng, width, height)
                sample.image = degrade(rng, sample.image, rng.random() < 0.5)
            else:
                sample = draw_sample(pets, rng, width, height, rng.random() < 0.5, negatives=0)
            if sample.presence >= 0:
                images.append(smaller(rng, sample.image) if rng.random() < 0.15 else sample.image)
                here.append(sample.presence)
        features.append(trunk(images))
        present += here
        if k % 800 == 0:
            print(f"{k} of {count}", flush=True)
    return torch.cat(features).clone(), torch.tensor(present)


def fit(channels, features, present, hidden, epochs=30, smoothing=0.02):
    """One member. It learns from features of unit scale and takes them as they are: the scales end up in its first layer."""
    verdict = Verdict(channels, hidden)
    mean, std = features.mean(0), features.std(0) + 1e-3
    x, y = (features - mean) / std, present * (1 - 2 * smoothing) + smoothing
    optimizer = torch.optim.AdamW(verdict.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for index in torch.randperm(len(x)).split(256):
            noisy = x[index] + NOISE * torch.randn_like(x[index])
            loss = F.binary_cross_entropy_with_logits(verdict(noisy)[:, 0], y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    with torch.no_grad():
        verdict.a.bias -= verdict.a.weight @ (mean / std)
        verdict.a.weight /= std
    print(f"loss {float(loss.detach()):.4f}")
    return verdict


@torch.no_grad()
def join(verdict, members):
    """The mean of the members' logits, as one network of the same shape."""
    verdict.a.weight.copy_(torch.cat([m.a.weight for m in members]))
    verdict.a.bias.copy_(torch.cat([m.a.bias for m in members]))
    verdict.b.weight.copy_(torch.cat([m.b.weight for m in members], 1) / len(members))
    verdict.b.bias.copy_(sum(m.b.bias for m in members) / len(members) + np.log((1 - LINE) / LINE))


@torch.no_grad()
def learnt_in_training(verdict, presence):
    """The trunk's own linear output in the verdict's form: of its ReLUs one lets z through and one -z."""
    channels = presence.in_features // 2
    for p in verdict.parameters():
        p.zero_()
    mean, largest = presence.weight[0].split(channels)
    verdict.a.weight[0, channels:3 * channels] = torch.cat([largest, mean])
    verdict.a.bias[0] = presence.bias[0]
    verdict.a.weight[1], verdict.a.bias[1] = -verdict.a.weight[0], -verdict.a.bias[0]
    verdict.b.weight[0, 0], verdict.b.weight[0, 1] = 1, -1
    verdict.b.bias += np.log((1 - LINE) / LINE)


def fit_verdict(net, args):
    """On features of samples like those of training."""
    trunk = Trunk(net)
    build_cache(args.pets, Path(args.work) / "cache")
    pets = Pets(args.pets, Path(args.work) / "cache", "train")
    pets.without = NoPetPhotos(args.no_pet)
    drawn = Path(args.work) / "presence-features.pt"  # fitting takes seconds, drawing minutes
    if not drawn.exists():
        torch.save(draw_features(trunk, pets, args.samples, seed=11), drawn)
    features, present = torch.load(drawn)
    if args.drawn:
        drawn_pets = features_of(trunk, [cv2.imread(str(f))[..., ::-1] for f in sorted(Path(args.drawn).glob("*.jpg"))])
        features = torch.cat([features, *[drawn_pets] * DRAWN])
        present = torch.cat([present, torch.ones(DRAWN * len(drawn_pets))])
    channels, hidden = net.cls.in_features, net.verdict.a.out_features // MEMBERS
    join(net.verdict, [fit(channels, features, present, hidden) for _ in range(MEMBERS)])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--pets", "--work", "--no-pet", "--checkpoint", "--out"):
        p.add_argument(name, required=True)
    p.add_argument("--drawn", help="folder of drawn pets (cargo run --release -p headshot-tests --example draw_pets -- FOLDER 240): "
                   "they are pets too, and the tests live on them")
    p.add_argument("--corpus", help="folder with the pictures that no_pet.txt names, to be judged too")
    p.add_argument("--samples", type=int, default=24000, help="0: no fit, the linear output that training has learnt")
    p.add_argument("--threads", type=int, default=2)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(3)
    state = checkpoint.load(args.checkpoint)
    net = PetNet()
    load_weights(net, state["ema"])
    net.eval()
    if args.samples:
        fit_verdict(net, args)
    else:
        learnt_in_training(net.verdict, net.presence)
    trunk = Trunk(net)

    kept_out = kept_out_stems()
    sets = {"with a pet, kept out": ([load(args.pets, s)[0] for s in kept_out], True),
            "background crops": (list(background_crops(args.pets, kept_out)), False),
            "drawn scenes": (generated_scenes(100), False),
            "photos without a pet, held back": (list(NoPetPhotos(args.no_pet, held_back=True)), False)}
    if args.corpus:
        sets["corpus pictures"] = (list(corpus_pictures(args.corpus)), False)
    with torch.inference_mode():
        for name, (pictures, wanted) in sets.items():
            says = torch.sigmoid(net.verdict(features_of(trunk, pictures)))[:, 0]
            right = (says >= 0.5) == wanted
            doubtful = np.sort((says if wanted else 1 - says).numpy())[:8].round(2)
            print(f"{name}: {right.float().mean():.1%} of {len(pictures)} right; least sure {doubtful}")
    state["ema"] = net.state_dict()
    torch.save(state, args.out)


if __name__ == "__main__":
    main()
