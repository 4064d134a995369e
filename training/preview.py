"""Draw a sheet of training samples, image above matte, to see what the network is shown.

    python preview.py --pets ../shared/pets --work WORK --out sheet.png
"""
import argparse
from pathlib import Path

import cv2
import numpy as np

from dataset import Pets, build_cache
from sampler import draw_sample


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pets", required=True)
    p.add_argument("--work", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--side", type=int, default=256)
    p.add_argument("--columns", type=int, default=8)
    p.add_argument("--rows", type=int, default=4)
    args = p.parse_args()
    build_cache(args.pets, Path(args.work) / "cache")
    pets, rng = Pets(args.pets, Path(args.work) / "cache", "train"), np.random.default_rng(args.seed)
    rows = []
    for _ in range(args.rows):
        cells = []
        for _ in range(args.columns):
            sample = draw_sample(pets, rng, args.side, args.side)
            picture = np.ascontiguousarray(sample.image[..., ::-1])
            x0, y0, x1, y1 = (int(v * args.side) for v in sample.head[:4])
            if x1 > x0:
                cv2.rectangle(picture, (x0, y0), (x1, y1), (0, 255, 255), 1)
            cells.append(np.vstack([picture, cv2.cvtColor(sample.alpha, cv2.COLOR_GRAY2BGR)]))
        rows.append(np.hstack(cells))
    cv2.imwrite(args.out, np.vstack(rows))


if __name__ == "__main__":
    main()
