"""One round of self-training: trust a teacher's label less where our own network disagrees.

    python relabel.py --pets ../shared/pets --work WORK --checkpoint WORK/last.pt

Runs the averaged network (photo and its mirror image) over every pseudo-labelled training photo and writes
WORK/cache/agreement.npy: per pixel 255 where both agree, less where they contradict each other. The trainer
multiplies its label weights by it from the next start on. Labels themselves are left as they are: the
teachers are right more often than the student, so a vote of the student alone should not overrule them.
"""
import argparse
import os
from pathlib import Path

import cv2
import numpy as np
import torch

import checkpoint
from dataset import HALF, SIDE, Pets
from geometry import letterbox
from model import PetNet, load_weights
from sampler import normalise
from validation import TYPICAL_ASPECT

FLOOR = 0.15          # weight where the two contradict each other outright
HOPELESS = 0.55       # IoU between label and student below which the whole photo counts less


@torch.inference_mode()
def student_alpha(net, square, aspect):
    """Alpha on the stored square, from the photo at about its true aspect, averaged with its mirror image."""
    canvas, w, h = letterbox(square, SIDE, aspect)
    mirrored, *_ = letterbox(np.asarray(square)[:, ::-1], SIDE, aspect)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        alpha = torch.sigmoid(net(normalise(np.stack([canvas, mirrored]))).alpha.float())[:, 0, :h, :w].numpy()
    return cv2.resize((alpha[0] + alpha[1][:, ::-1]) / 2, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def agreement_map(student, label):
    """Weight per pixel at HALF resolution, and the IoU of the two masks."""
    gap = np.abs(student - label)
    weight = 1 - (1 - FLOOR) * np.clip((gap - 0.4) / 0.4, 0, 1)
    a, b = student > 0.5, label > 0.5
    iou = (a & b).sum() / max(1, (a | b).sum())
    if iou < HOPELESS:
        weight *= 0.4
    return cv2.resize(weight.astype(np.float32), (HALF, HALF), interpolation=cv2.INTER_AREA), float(iou)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pets", required=True)
    p.add_argument("--work", required=True)
    p.add_argument("--checkpoint", required=True)
    p.add_argument("--threads", type=int, default=1)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    net = PetNet()
    load_weights(net, checkpoint.load(args.checkpoint)["ema"])
    net = net.eval().to(memory_format=torch.channels_last)
    cache = Path(args.work) / "cache"
    pets = Pets(args.pets, cache, "train")
    total = len(np.load(cache / "mask.npy", mmap_mode="r"))
    weights, ious = np.full((total, HALF, HALF), 255, np.uint8), []
    for i in np.flatnonzero(~pets.labelled):
        label = pets.mask(i).astype(np.float32) / 255
        weight, iou = agreement_map(student_alpha(net, pets.image(i), TYPICAL_ASPECT), label)
        weights[pets.index[i]] = np.round(weight * 255)
        ious.append(iou)
        if len(ious) % 500 == 0:
            print(f"{len(ious)} photos, agreement IoU mean {np.mean(ious):.3f}, {np.mean(np.array(ious) < HOPELESS):.1%} hopeless", flush=True)
    temporary = cache / "agreement.tmp.npy"
    np.save(temporary, weights)
    os.replace(temporary, cache / "agreement.npy")
    print(f"{len(ious)} photos, agreement IoU mean {np.mean(ious):.3f}, mean weight {weights.mean() / 255:.3f}")


if __name__ == "__main__":
    main()
