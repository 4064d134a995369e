"""Average the weights of two checkpoints of one lineage (the second one's share is given).

    python average.py ../../shared/models/pet-matte-0.pt WORK/last.pt 0.5 WORK/average.pt

A network and its fine-tuned descendant lie in one valley of the loss; a point between them often generalises better than
either. Parameters that only the second has (the presence output) are taken from it. Batch-norm statistics are
averaged too; recomputing them on training photos has not been tried.
"""
import argparse

import torch

import checkpoint


def average(first, second, share):
    out = {}
    for name, value in second.items():
        if name in first and value.is_floating_point():
            out[name] = torch.lerp(first[name].float(), value.float(), share)
        else:
            out[name] = value
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("first")
    p.add_argument("second")
    p.add_argument("share", type=float)
    p.add_argument("out")
    args = p.parse_args()
    first, second = checkpoint.load(args.first), checkpoint.load(args.second)
    extra = {k: second[k] for k in ("step", "seen", "steps", "lr", "decay", "cpu_seconds") if k in second}
    torch.save(dict(version=checkpoint.VERSION, ema=average(first["ema"], second["ema"], args.share), **extra), args.out)


if __name__ == "__main__":
    main()
