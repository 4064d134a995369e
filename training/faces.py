"""Where real people show their faces in the training photos, away from the pet.

Many pets are photographed with their people. A classical face detector (Haar cascades, part of OpenCV) finds some of
those people; together with the pet's mask this gives real portraits without a pet. A false find does no harm: what is
cut out is free of pets either way.
"""
from pathlib import Path

import cv2
import numpy as np

from dataset import HALF, SIDE

TYPICAL_ASPECT = 1.33  # most stored photos have lost theirs
_CASCADES = ("haarcascade_frontalface_default.xml", "haarcascade_profileface.xml")


def find_faces(image, mask_half, cascades, aspect):
    """Boxes x0, y0, x1, y1 (0..1 of the photo) of faces of which the pet covers almost nothing."""
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (round(SIDE * 1.5 * aspect), round(SIDE * 1.5)))
    height, width = grey.shape
    boxes = []
    for cascade in cascades:
        for x, y, w, h in cascade.detectMultiScale(grey, 1.12, 6, minSize=(36, 36)):
            box = np.array([x / width, y / height, (x + w) / width, (y + h) / height])
            x0, y0, x1, y1 = (box * HALF).astype(int)
            if (mask_half[y0:y1 + 1, x0:x1 + 1] > 60).mean() < 0.03:
                boxes.append(box)
    return boxes


def build_faces(cache, aspects):
    """Search every cached photo once; WORK/cache/faces.npy then holds rows of photo index and box."""
    path = Path(cache) / "faces.npy"
    if path.exists():
        return
    images, masks = (np.load(Path(cache) / f"{name}.npy", mmap_mode="r") for name in ("image", "mask_half"))
    cascades = [cv2.CascadeClassifier(cv2.data.haarcascades + name) for name in _CASCADES]
    if any(c.empty() for c in cascades):
        raise SystemExit("OpenCV came without its Haar cascades: install opencv-python-headless from its own wheels")
    rows = [[i, *box] for i in range(len(images))
            for box in find_faces(np.asarray(images[i]), masks[i], cascades, aspects[i] or TYPICAL_ASPECT)]
    np.save(path, np.array(rows, np.float32).reshape(-1, 5))
