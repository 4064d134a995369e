"""A contact sheet of mattes for the eye: photo, then alpha and the cut-out on magenta for every network.

    python sheet.py --out sheet.jpg --models a.onnx b.onnx -- photo.jpg ...
    python sheet.py --out worst.jpg --models a.onnx --worst 12 --pets ../shared/pets
"""
import argparse
from pathlib import Path

import cv2
import numpy as np

from dataset import kept_out_stems
from evaluate import load, matte_figures
from inference import Matter
from postprocess import clean

MAGENTA = np.array([255, 0, 255], np.float32)


def fit(picture, side):
    scale = side / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.full((side, side, 3), 40, np.uint8)
    canvas[:small.shape[0], :small.shape[1]] = small
    return canvas


def strip_of(rgb, matters, side, cleaned, caption=""):
    cells = []
    for matter in matters:
        alpha, box, score, pet = matter(rgb)
        shown = rgb.copy()
        x0, y0, x1, y1 = (int(v) for v in box)
        cv2.rectangle(shown, (x0, y0), (x1, y1), (255, 255, 0), max(1, max(rgb.shape) // 200))
        if not cells:
            cells.append(fit(shown, side))
            cv2.putText(cells[0], caption, (2, side - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 0), 1)
        if cleaned:
            alpha = clean(alpha)
        grey = np.repeat((alpha * 255).astype(np.uint8)[..., None], 3, 2)
        cut = (rgb * alpha[..., None] + MAGENTA * (1 - alpha[..., None])).astype(np.uint8)
        cv2.rectangle(cut, (x0, y0), (x1, y1), (255, 255, 0), max(1, max(rgb.shape) // 200))
        cells += [fit(grey, side), fit(cut, side)]
        label = f"head {score:.2f}" + ("" if pet is None else f" pet {pet:.2f}")
        cv2.putText(cells[-2], label, (2, side - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 0), 1)
    return np.hstack(cells)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--models", nargs="+", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--side", type=int, default=200)
    p.add_argument("--input", type=int, default=320)
    p.add_argument("--columns", type=int, default=1)
    p.add_argument("--clean", action="store_true")
    p.add_argument("--worst", type=int, help="the kept-out photos where the last network does worst")
    p.add_argument("--pets")
    p.add_argument("photos", nargs="*")
    args = p.parse_args()
    matters = [Matter(m, args.input) for m in args.models]
    if args.worst:
        found = []
        for stem in kept_out_stems():
            rgb, trimap, _ = load(args.pets, stem)
            found.append((matte_figures(matters[-1](rgb)[0], trimap)[0], stem, rgb))
        items = [(f"{stem} {iou:.2f}", rgb) for iou, stem, rgb in sorted(found, key=lambda f: f[0])[:args.worst]]
    else:
        items = [(Path(f).stem, np.ascontiguousarray(cv2.imread(f, cv2.IMREAD_COLOR)[..., ::-1])) for f in args.photos]
    strips = [strip_of(rgb, matters, args.side, args.clean, caption) for caption, rgb in items]
    while len(strips) % args.columns:
        strips.append(np.zeros_like(strips[0]))
    rows = [np.hstack(strips[i:i + args.columns]) for i in range(0, len(strips), args.columns)]
    cv2.imwrite(args.out, np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    main()
