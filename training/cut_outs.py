"""Drawn animals without a place (`draw_pets --cut-outs`), laid on a canvas in other coats than they were drawn in."""
from pathlib import Path

import cv2
import numpy as np


class CutOuts:
    """The pictures of a folder in memory, each at most `long_side` pixels long."""

    def __init__(self, folder, long_side):
        self._pictures = [_read(path, long_side) for path in sorted(Path(folder).glob("*.png"))]
        if not self._pictures:
            raise SystemExit(f"{folder} has no cut-outs")

    def __len__(self):
        return len(self._pictures)

    def draw(self, rng, width, height):
        """One of them, premultiplied (H x W x 3, 0..255), and its alpha (H x W, 0..1)."""
        return placed(rng, self._pictures[rng.integers(len(self._pictures))], width, height)


def _read(path, long_side=None):
    rgba = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
    scale = long_side / max(rgba.shape[:2]) if long_side else 1
    return cv2.resize(rgba, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgba


def one_of(rng, paths, width, height):
    """As `CutOuts.draw`, from files in their full size."""
    return placed(rng, _read(paths[rng.integers(len(paths))]), width, height)


def placed(rng, rgba, width, height):
    """At a size from whole to head only; the muzzle lies near the middle of the frame."""
    h, w = rgba.shape[:2]
    scale = max(width / w, height / h) * np.exp(rng.uniform(np.log(0.75), np.log(1.5)))
    x, y = width / 2 - scale * w * rng.uniform(0.42, 0.58), height * rng.uniform(0.3, 0.55) - scale * h * 0.4
    matrix = np.array([[scale, 0, x], [0, scale, y]])
    if rng.random() < 0.5:
        matrix = np.array([[-scale, 0, width - x], [0, scale, y]])
    layer = cv2.warpAffine(rgba, matrix, (width, height), flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR).astype(np.float32)
    colour, alpha = layer[..., :3], layer[..., 3] / 255
    # Another coat: gains of the channels and a curve, on the colour itself.
    own = np.clip(colour / np.maximum(alpha, 0.02)[..., None], 0, 255) / 255
    own = own ** np.exp(rng.normal(0, 0.3)) * np.exp(rng.normal(0, 0.12, 3)) * np.exp(rng.normal(0, 0.15))
    if rng.random() < 0.2:
        own = own[..., rng.permutation(3)]
    return np.clip(own * 255, 0, 255) * alpha[..., None], alpha


def patched(rng, colour, alpha):
    """Patches of black, white or brown over an animal (H x W x 3, 0..255, where alpha is), with what light and fur there is: a
    tuxedo, a bib, a saddle. The coat must not decide what belongs to the animal."""
    height, width = alpha.shape
    cells = rng.integers(2, 6, 2)
    field = cv2.resize(rng.normal(0, 1, cells).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    share = 1 / (1 + np.exp(np.clip(-(field + rng.normal(0, 0.7)) * rng.uniform(5, 60), -50, 50)))
    lightness = colour.mean(2) + 8
    own = alpha > 0.5
    shade = np.clip(lightness / (lightness[own].mean() if own.any() else 1), 0.3, 1.7) ** rng.uniform(0.15, 0.9)
    kind = rng.random()
    tint = rng.uniform(12, 60) if kind < 0.5 else rng.uniform(170, 235) if kind < 0.85 else rng.uniform(60, 170)
    tint = tint * np.exp(np.array([1, 0, -1]) * rng.uniform(-0.03, 0.12 if kind < 0.85 else 0.35))
    share = share[..., None]
    return np.clip(colour * (1 - share) + tint * shade[..., None] * share, 0, 255)
