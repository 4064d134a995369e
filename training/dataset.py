"""The labelled and pseudo-labelled photos as memory-mapped arrays.

The photos are decoded once into uint8 arrays under the work folder; training maps them, so several
runs share the pages and a restart costs a second. Photos are 320 x 320 with the aspect stretched away.
"""
import csv
from pathlib import Path

import cv2
import numpy as np

SIDE = 320          # stored photos
HALF = SIDE // 2    # and a half-size copy, so that strong reductions do not alias
BY_EYE = 0.7        # trust in a head that was boxed from a small picture
NO_HEAD = (0, 0, 0, 0, 1)  # an empty box, trusted: there is no face
UNKNOWN = 3         # trimap value: 1 pet, 2 background, 3 unknown
KEPT_OUT = Path(__file__).with_name("kept_out.txt")   # labelled photos that are never trained on
FRESH = Path(__file__).with_name("fresh.txt")         # nor are these, and nothing is chosen by them
NO_FACE = Path(__file__).with_name("no_face.txt")     # photos in which the pet's face is turned away
HEADS = Path(__file__).with_name("heads.txt")         # heads found by eye
PEOPLE = Path(__file__).with_name("people.txt")


def stems_of(path):
    return [s for s in path.read_text().split("\n") if s and not s.startswith("#")]


def boxes_of(path):
    """Photo and box (x0, y0, x1, y1 in 0..1 of the photo) of each line."""
    return [(stem, tuple(map(float, box))) for stem, *box in (line.split() for line in stems_of(path))]


def kept_out_stems():
    return stems_of(KEPT_OUT)


def fresh_stems():
    return stems_of(FRESH)


def read_manifest(pets):
    with open(Path(pets) / "pseudo" / "manifest.csv", newline="") as f:
        return list(csv.DictReader(f))


def read_judged(pets):
    """Labels that were judged by eye: stem -> (the best one: `voted`, `other` or `none`; whether it is flawed all the same)."""
    with open(Path(pets) / "pseudo" / "judged.csv", newline="") as f:
        return {r["stem"]: (r["best"], r["flawed"] == "1") for r in csv.DictReader(f)}


def mask_path(source, stem, judged):
    """The better one of two labels, where the voted one was judged the worse."""
    return source / ("better" if judged.get(stem, ("voted",))[0] == "other" else "masks") / f"{stem}.webp"


def split_rows(rows):
    """`train`, `kept_out` and `fresh` (100 labelled photos each) and `val_pseudo` (other breeds, teachers' labels)."""
    out, fresh = set(kept_out_stems()), set(fresh_stems())
    return {
        "train": [r for r in rows if r["stem"] not in out | fresh and r["split"] != "val_pseudo"],
        "kept_out": [r for r in rows if r["stem"] in out],
        "fresh": [r for r in rows if r["stem"] in fresh],
        "val_pseudo": [r for r in rows if r["split"] == "val_pseudo"],
    }


def build_cache(pets, cache):
    """Decode every photo and mask of the manifest into `cache`; does nothing when it is already there."""
    cache, source = Path(cache), Path(pets) / "pseudo"
    rows, judged = read_manifest(pets), read_judged(pets)
    done = cache / "done"
    if done.exists() and done.read_text() == str(len(rows)):
        return
    cache.mkdir(parents=True, exist_ok=True)
    n = len(rows)
    open_array = lambda name, *shape: np.lib.format.open_memmap(cache / f"{name}.npy", "w+", np.uint8, (n, *shape))
    image, mask = open_array("image", SIDE, SIDE, 3), open_array("mask", SIDE, SIDE)
    image_half, mask_half = open_array("image_half", HALF, HALF, 3), open_array("mask_half", HALF, HALF)
    for i, row in enumerate(rows):
        bgr = cv2.imread(str(source / "images" / f"{row['stem']}.webp"), cv2.IMREAD_COLOR)
        grey = cv2.imread(str(mask_path(source, row["stem"], judged)), cv2.IMREAD_GRAYSCALE)
        image[i], mask[i] = bgr[..., ::-1], grey
        image_half[i] = cv2.resize(image[i], (HALF, HALF), interpolation=cv2.INTER_AREA)
        mask_half[i] = cv2.resize(mask[i], (HALF, HALF), interpolation=cv2.INTER_AREA)
    for array in (image, mask, image_half, mask_half):
        array.flush()
    done.write_text(str(n))


class Pets:
    """One split: photos, masks, label weights, head boxes and pet boxes, by index."""

    def __init__(self, pets, cache, split):
        rows, judged = read_manifest(pets), read_judged(pets)
        position = {r["stem"]: i for i, r in enumerate(rows)}
        breeds = sorted({r["breed"] for r in rows})
        self.rows = [r for r in split_rows(rows)[split] if judged.get(r["stem"], ("voted",))[0] != "none"]
        self.index = np.array([position[r["stem"]] for r in self.rows])
        maps = {k: np.load(Path(cache) / f"{k}.npy", mmap_mode="r") for k in ("image", "mask", "image_half", "mask_half")}
        self._image, self._mask = maps["image"], maps["mask"]
        self._image_half, self._mask_half = maps["image_half"], maps["mask_half"]
        self.breed = np.array([breeds.index(r["breed"]) for r in self.rows])
        self.labelled = np.array([r["source"] == "gt" for r in self.rows])
        self.aspect = np.array([float(r["aspect"] or 0) for r in self.rows])
        self.weight = np.array([self._label_weight(r, judged.get(r["stem"])) for r in self.rows], np.float32)
        by_eye = {stem: NO_HEAD for stem in stems_of(NO_FACE)} | {stem: (*box, BY_EYE) for stem, box in boxes_of(HEADS)}
        self.head = np.array([by_eye.get(r["stem"]) or self._head(r) for r in self.rows], np.float32)
        self.trimap = {i: cv2.imread(str(Path(pets) / "pseudo" / "trimaps" / f"{r['stem']}.png"), cv2.IMREAD_GRAYSCALE)
                       for i, r in enumerate(self.rows) if r["source"] == "gt"}
        self.box = np.array([self._pet_box(self.mask_half(i)) for i in range(len(self))], np.float32)
        self.with_head = np.flatnonzero(self.head[:, 2] > self.head[:, 0])
        # True labels are few and good: draw them six times as often. Head boxes are fewer still.
        odds = np.where(self.labelled, 6.0, 1.0) * np.where(~np.isnan(self.head[:, 0]) & ~self.labelled, 1.3, 1.0)
        self.cumulative = np.cumsum(odds / odds.sum())
        self.agreement = self._load_agreement(cache)
        self.people = self._load_people()
        self.without = None   # NoPetPhotos, when there are any
        self.cut_outs = None  # CutOuts, likewise

    def __len__(self):
        return len(self.rows)

    def image(self, i): return self._image[self.index[i]]
    def mask(self, i): return self._mask[self.index[i]]
    def image_half(self, i): return self._image_half[self.index[i]]
    def mask_half(self, i): return self._mask_half[self.index[i]]

    def draw(self, rng):
        return min(int(np.searchsorted(self.cumulative, rng.random())), len(self) - 1)

    def pixel_weight(self, i):
        """Weight map at HALF resolution where relabel.py found disagreement, else None."""
        return None if self.agreement is None or self.labelled[i] else self.agreement[self.index[i]]

    @staticmethod
    def _load_agreement(cache):
        path = Path(cache) / "agreement.npy"
        return np.load(path, mmap_mode="r") if path.exists() else None

    def _load_people(self):
        """People in the photos of this split: row i, then the head's box."""
        here = {r["stem"]: i for i, r in enumerate(self.rows)}
        return np.array([[here[stem], *box] for stem, box in boxes_of(PEOPLE) if stem in here], np.float32).reshape(-1, 5)

    @staticmethod
    def _label_weight(row, judged):
        if row["source"] == "gt":
            return 1.5
        if judged:  # by eye
            return 0.4 if judged[1] else 1.0
        return float(np.clip(float(row["conf"]) * 1.5 - 0.4, 0.3, 1.0))

    @staticmethod
    def _head(row):
        """x0, y0, x1, y1 in 0..1 and the weight of the label (a detector's box counts less than a drawn one)."""
        if not row["hx0"]:
            return [np.nan] * 5
        return [float(row[k]) for k in ("hx0", "hy0", "hx1", "hy1")] + [1.0 if row["head_src"] == "gt" else 0.4]

    @staticmethod
    def _pet_box(mask):
        ys, xs = np.where(mask > 60)
        if not len(xs):
            return 0, 0, 1, 1
        return xs.min() / HALF, ys.min() / HALF, (xs.max() + 1) / HALF, (ys.max() + 1) / HALF
