"""Real photos without a pet: people, rooms, streets, things, pages. They teach the network to say no.

Any folder of JPEGs will do. No animal, and no likeness of one, may be in it: look at `sheet.py`'s picture of it first.
"""
from pathlib import Path

import cv2
import numpy as np

from geometry import FILL

LONG_SIDE = 448   # in memory; more than the largest training size shows
HELD_BACK = 6     # every sixth is only judged


class NoPetPhotos:
    """The photos of a folder, in memory. `held_back` gives those that are never trained on, by name."""

    def __init__(self, folder, held_back=False):
        files = sorted(Path(folder).glob("*.jpg"))
        self.names = [f.stem for k, f in enumerate(files) if (k % HELD_BACK == 0) == held_back]
        self._photos = [_read(Path(folder) / f"{name}.jpg") for name in self.names]

    def __len__(self):
        return len(self._photos)

    def __iter__(self):
        return iter(self._photos)

    def place(self, rng, width, height):
        """One of them on a canvas: a third whole, with a border as the service has it; the rest filling it."""
        photo = self._photos[rng.integers(len(self._photos))]
        h, w = photo.shape[:2]
        whole = rng.random() < 0.33
        fit = min(width / w, height / h) if whole else max(width / w, height / h) * np.exp(rng.uniform(0, 0.6))
        aspect = np.exp(rng.normal(0, 0.06))
        sx, sy = fit * aspect, fit / aspect
        room = width - w * sx, height - h * sy
        x, y = (r * (0 if whole and rng.random() < 0.5 else rng.uniform()) for r in room)
        matrix = np.array([[sx, 0, x], [0, sy, y]])
        if rng.random() < 0.5:
            matrix[0] = [-sx, 0, width - x]
        return cv2.warpAffine(photo, matrix, (width, height), flags=cv2.INTER_AREA if fit < 0.5 else cv2.INTER_LINEAR,
                              borderValue=FILL)


def _read(path):
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise SystemExit(f"{path} is not a picture")
    scale = LONG_SIDE / max(bgr.shape[:2])
    if scale < 1:
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(bgr[..., ::-1])
