"""Train the refiner on what the pipeline itself fitted to drawn photos.

    python refiner_photos.py … PHOTOS
    cargo run --release -p headshot-tests --example fit_photos -- FITTED PHOTOS/*.jpg
    python refiner_train.py PHOTOS FITTED --steps 6000 --out WORK/refiner.pt

The loss is taken at the photo's resolution, twice the fit's, after everything that the service does to the model's answer. The last
60 photos are held back. The schedule counts steps; WORK/refiner.pt is written every 250 and taken up again.
"""
import argparse
import os
import time
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnx.numpy_helper
import torch
import torch.nn.functional as F

from refiner_model import INPUTS, Refiner, coefficients

SIDE = 96        # of a patch, at the resolution of the fit
PATCHES = 10     # of each photo
BATCH = 16
STEEPNESS = 8.0  # weight of the differences beside the absolute error
HELD_BACK = 60
FOUND = 0.93     # photos whose animal the coarse network did not find this well (IoU) teach nothing about hair
FAR = 20         # samples of the fit: so far from its edge, a coarse matte that is wrong cannot be mended here
# As in crates/pipeline/src/refine.rs.
LEVELS, DOUBT_OUTSIDE, OUTSIDE, BODY = (0.05, 0.94), 0.05, 0.3, (0.97, 1.0)

cv2.setNumThreads(1)


def smoothstep(low, high, x):
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def settle(fitted, outline, leak=0.0):
    """Alpha as refine.rs makes it; `leak` is the slope where it is cut off: what is wrong there must feel it, and nothing else."""
    low = LEVELS[0] + DOUBT_OUTSIDE * smoothstep(OUTSIDE, 0.0, outline)
    open_alpha = (fitted - low) / (LEVELS[1] - low)
    alpha = open_alpha.clamp(0, 1)
    alpha = alpha + leak * (open_alpha - open_alpha.detach())
    return torch.maximum(alpha, smoothstep(*BODY, outline))


class Fitted:
    """One photo: what was fitted to it (9 x h x w: colour, coarse, outline, factors, offset), the photo and its alpha at twice that."""

    def __init__(self, photo, fitted):
        head = np.fromfile(fitted, np.uint32, 2)
        self.planes = np.memmap(fitted, np.float32, "r", 8, (9, int(head[1]), int(head[0])))
        self.photo = cv2.imread(str(photo))[..., ::-1]
        self.alpha = cv2.imread(str(photo.with_suffix(".png")), cv2.IMREAD_GRAYSCALE)

    def found(self):
        """IoU of the coarse matte with the truth."""
        h, w = self.planes.shape[1:]
        coarse, truth = self.planes[3] > 0.5, cv2.resize(self.alpha, (w, h), interpolation=cv2.INTER_AREA) > 127
        return (coarse & truth).sum() / max(1, (coarse | truth).sum())

    def patch(self, x, y, side):
        full = np.s_[2 * y:2 * (y + side), 2 * x:2 * (x + side)]
        return np.array(self.planes[:, y:y + side, x:x + side]), self.photo[full].transpose(2, 0, 1).copy(), self.alpha[full][None].copy()

    def places(self, rng, count, side):
        """Where to look: around the coarse matte's edge, and wherever alpha is soft."""
        h, w = self.planes.shape[1:]
        outline = self.planes[4]
        soft = cv2.resize(self.alpha, (w, h), interpolation=cv2.INTER_AREA)
        ys, xs = np.nonzero(((outline > 0.02) & (outline < 0.98)) | ((soft > 5) & (soft < 250)))
        for _ in range(count):
            k = rng.integers(len(xs)) if len(xs) else None
            x, y = (xs[k], ys[k]) if len(xs) else (w // 2, h // 2)
            at = lambda v, end: int(np.clip(v - side // 2 + rng.integers(-side // 3, side // 3 + 1), 0, end - side))
            yield at(x, w), at(y, h)


def draw_patches(names, photos, fitted, seed):
    """Planes (float32), photo and alpha (uint8) of every patch, in memory."""
    rng, found = np.random.default_rng(seed), []
    for name in names:
        item = Fitted(photos / f"{name}.jpg", fitted / f"{name}.f32")
        found += [item.patch(x, y, SIDE) for x, y in item.places(rng, PATCHES, SIDE)]
    return [torch.from_numpy(np.stack(a)) for a in zip(*found)]


def batches(patches, seed):
    """Endless; each batch as it is, mirrored, or turned."""
    rng = np.random.default_rng(seed)
    while True:
        k = torch.from_numpy(rng.choice(len(patches[0]), BATCH, replace=False))
        batch, axes = [p[k] for p in patches], [axis for axis in (-1, -2) if rng.random() < 0.5]
        turned = rng.random() < 0.5
        batch = [torch.flip(p, axes) if axes else p for p in batch]
        planes, photo, alpha = (p.transpose(-1, -2).contiguous() if turned else p for p in batch)
        yield planes, photo.float() / 255, alpha.float() / 255


def inputs(planes):
    """What the refiner reads: colour, coarse, outline, and the linear model's alpha."""
    fitted = (planes[:, 5:8] * planes[:, :3]).sum(1, keepdim=True) + planes[:, 8:9]
    return torch.cat([planes[:, :5], fitted.clamp(0, 1)], 1)


def alpha_of(answer, planes, photo, leak=0.0):
    model = coefficients(answer, planes[:, :3], planes[:, 5:9])
    up = F.interpolate(torch.cat([model, planes[:, 4:5]], 1), scale_factor=2.0, mode="bilinear", align_corners=False)
    return settle((up[:, :3] * photo).sum(1, keepdim=True) + up[:, 3:4], up[:, 4:5], leak)


def reachable(planes, truth):
    """1 where the refiner can be asked for the truth: near the coarse matte's edge, or where that matte is right."""
    band = ((planes[:, 4:5] > 0.05) & (planes[:, 4:5] < 0.95)).float()
    near = F.max_pool2d(F.max_pool2d(band, (1, 2 * FAR + 1), 1, (0, FAR)), (2 * FAR + 1, 1), 1, (FAR, 0))
    right = ((F.avg_pool2d(truth, 2) - planes[:, 3:4]).abs() < 0.5).float()
    return F.interpolate(torch.maximum(near, right), scale_factor=2.0)


def loss_of(alpha, truth, weight):
    """Absolute error, three times as much where alpha is soft, and the squared error of the differences to the neighbours at two
    scales: squared as the gradient error is by which mattes are judged, which also forbids edges harder than the photo's."""
    alpha, truth = alpha * weight, truth * weight
    soft = 1 + 2 * ((truth > 0.02) & (truth < 0.98)).float()
    loss = ((alpha - truth).abs() * soft).mean()
    for _ in range(2):
        for axis in (-1, -2):
            loss = loss + STEEPNESS * (alpha.diff(dim=axis) - truth.diff(dim=axis)).square().mean()
        alpha, truth = F.avg_pool2d(alpha, 2), F.avg_pool2d(truth, 2)
    return loss


@torch.inference_mode()
def judge(net, names, photos, fitted):
    """Over the photos held back: SAD as a share of what stretching the coarse matte leaves; the linear model's alone and the refiner's."""
    sums = np.zeros(3)
    for name in names:
        item = Fitted(photos / f"{name}.jpg", fitted / f"{name}.f32")
        h, w = (side // 8 * 8 for side in item.planes.shape[1:])
        planes, photo, truth = (torch.from_numpy(np.array(a))[None] for a in (
            item.planes[:, :h, :w], item.photo[:2 * h, :2 * w].transpose(2, 0, 1).astype(np.float32) / 255, item.alpha[None, :2 * h, :2 * w].astype(np.float32) / 255))
        same = torch.zeros(1, 5, h, w)
        same[:, 0] = 1
        stretched = F.interpolate(planes[:, 3:4], scale_factor=2.0, mode="bilinear", align_corners=False)
        for k, alpha in enumerate((stretched, alpha_of(same, planes, photo), alpha_of(net(inputs(planes)), planes, photo))):
            sums[k] += float((alpha - truth).abs().sum())
    return sums[1:] / sums[0]


def weights_of(path):
    """A refiner's weights, which its ONNX file keeps under their own names."""
    return {w.name: torch.from_numpy(onnx.numpy_helper.to_array(w).copy()) for w in onnx.load(path).graph.initializer if "." in w.name}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("photos", type=Path)
    p.add_argument("fitted", type=Path)
    p.add_argument("--steps", type=int, default=6000)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--init", help="an older refiner's ONNX file, whose weights a new run begins from")
    p.add_argument("--out", type=Path, required=True)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(3)
    names = sorted(f.stem for f in args.fitted.glob("*.f32"))
    names = [n for n in names if Fitted(args.photos / f"{n}.jpg", args.fitted / f"{n}.f32").found() >= FOUND]
    print(f"{len(names)} photos", flush=True)
    train, held_back = names[:-HELD_BACK], names[-HELD_BACK:]
    net, step = Refiner(), 0
    if args.init:
        net.load_state_dict(weights_of(args.init))
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.lr, weight_decay=1e-4)
    if args.out.exists():
        state = torch.load(args.out, weights_only=True)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    net = net.to(memory_format=torch.channels_last)
    started, mean = time.process_time(), 0.0
    for planes, photo, truth in batches(draw_patches(train, args.photos, args.fitted, [5, step]), [6, step]):
        progress = step / args.steps
        for group in optimizer.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 200) * min(1, (1 - progress) / 0.6) + 1e-6
        with torch.autocast("cpu", dtype=torch.bfloat16):
            answer = net(inputs(planes).contiguous(memory_format=torch.channels_last))
        loss = loss_of(alpha_of(answer.float(), planes, photo, leak=0.05), truth, reachable(planes, truth))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        step, mean = step + 1, mean + float(loss.detach())
        if step % 50 == 0:
            spread = [round(float(v), 3) for v in answer.detach().float().std((0, 2, 3))]
            print(f"step {step} loss {mean / 50:.4f} cpu {time.process_time() - started:.0f} s, answers vary by {spread}", flush=True)
            mean = 0.0
        if step % 250 == 0 or step >= args.steps:
            temporary = args.out.with_suffix(".tmp")
            torch.save(dict(net=net.state_dict(), optimizer=optimizer.state_dict(), step=step), temporary)
            os.replace(temporary, args.out)
        if step % 500 == 0 or step >= args.steps:
            print(f"step {step} SAD / bilinear's, held back: {judge(net.eval(), held_back, args.photos, args.fitted)}", flush=True)
            net.train()
        if step >= args.steps:
            return


if __name__ == "__main__":
    main()
