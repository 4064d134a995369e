"""Photos for training the refiner: animals whose alpha is exact to the hair, over places that are not theirs.

    python refiner_photos.py --pets ../../shared/pets --work WORK --cut-outs CUT_OUTS --no-pet FOLDER --count 900 OUT

Two kinds. Drawn animals (`draw_pets --cut-outs`), whose every hair is known; and real ones from the labelled photos, whose outline
is taken as it is labelled, with hairs grown over it in the coat's own colours: real coats and real light, drawn edges. Both
get stray hairs and whiskers, are laid over a photo without a pet, a photo whose pet was painted out, or a drawn place, often in the
coat's own colours and with blades and twigs that belong to nobody, and then suffer what phones do. Writes OUT/NAME.jpg and
OUT/NAME.png, the alpha; long side 1120.
"""
import argparse
from pathlib import Path

import cv2
import numpy as np

import photometric
import scenes
from cut_outs import one_of
from dataset import Pets
from fur import cover_of, outline, quadratic
from no_pet_photos import NoPetPhotos
from sampler import edge_colours, match_hue

LONG = 1120
cv2.setNumThreads(1)


def real(pets, rng, width, height):
    """A labelled pet, premultiplied, with hairs grown over its labelled outline."""
    i = int(rng.choice(np.flatnonzero(pets.labelled)))
    aspect, box = pets.aspect[i], pets.box[i]
    h = max(height / max(0.3, box[3] - box[1]), width / aspect / max(0.3, box[2] - box[0])) * rng.uniform(0.6, 0.95)
    h = np.clip(h, height * 0.8, height * 2.2)
    w = h * aspect
    x = width / 2 - (box[0] + box[2]) / 2 * w + rng.normal(0, 0.05) * width
    y = height / 2 - (box[1] + box[3]) / 2 * h + rng.normal(0, 0.05) * height
    place = lambda a, interpolation: cv2.warpAffine(np.asarray(a), np.array([[w / a.shape[1], 0, x], [0, h / a.shape[0], y]]), (width, height), flags=interpolation)
    image, mask = place(pets.image(i), cv2.INTER_CUBIC), place(pets.mask(i), cv2.INTER_LINEAR)
    mask = cv2.GaussianBlur(mask, (0, 0), 4)
    mask = (np.clip((mask.astype(np.float32) / 255 - 0.5) * rng.uniform(2, 6) + 0.5, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:
        image, mask = image[:, ::-1].copy(), mask[:, ::-1].copy()
    alpha = mask.astype(np.float32) / 255
    colour = edge_colours(image, mask)
    solid = (mask > 229).astype(np.uint8)
    far, share = (cv2.blur(v, (61, 61)).astype(np.float32) for v in (cv2.bitwise_and(image, image, mask=solid), solid * 255))
    spread = np.where(share[..., None] > 2, far / np.maximum(share[..., None] / 255, 1e-2), colour)
    colour = np.where(alpha[..., None] > 0.9, colour, spread)
    return grow(rng, np.clip(colour, 0, 255) * alpha[..., None], alpha, np.clip(spread, 0, 255))


def outline_of(alpha):
    """Points on the outline, and the way out; None where there is none."""
    return outline((alpha > 0.5).astype(np.uint8), smooth=6, margin=4, least=61)


def hairs(rng, root, out, direction, reach, inside, length, bend, opacity, shape, points=7):
    """How much of each pixel hairs cover, one from each root: from how far inside the outline, how long and how bent, all as
    shares of `reach`."""
    root = root - out * reach * rng.uniform(*inside, (len(root), 1))
    tip = root + direction * reach * rng.uniform(*length, (len(root), 1))
    middle = (root + tip) / 2 + rng.normal(0, bend, root.shape) * reach
    cover = cover_of(quadratic(root, middle, tip, points), int(rng.integers(1, 5)), shape[1], shape[0])
    return np.clip(cover * rng.uniform(*opacity), 0, 1)


def lay(colour, alpha, strand_colour, cover):
    cover3 = cover[..., None]
    return colour * (1 - cover3) + strand_colour * cover3, alpha + (1 - alpha) * cover


def grow(rng, colour, alpha, coat):
    """Layers of fur along stretches of the outline: locks that lie one way, from short and dense to long and rare."""
    found = outline_of(alpha)
    if found is None:
        return colour, alpha
    points, out = found
    for _ in range(rng.integers(1, 4)):
        start, length = rng.integers(len(points)), int(len(points) * rng.uniform(0.3, 1.0))
        reach = LONG * np.exp(rng.uniform(np.log(0.006), np.log(0.045)))
        count = int(length * rng.uniform(0.4, 2.5) * min(1, 12 / reach + 0.3))
        at = (start + rng.integers(0, max(1, length), count)) % len(points)
        lie, locks = rng.normal(0, 1, 2), np.sin(at[:, None] * rng.uniform(0.02, 0.15) + rng.uniform(0, 6, 2))
        direction = out[at] + lie / (np.linalg.norm(lie) + 1e-3) * rng.uniform(0, 0.9) + locks * 0.25 + rng.normal(0, 0.15, (count, 2))
        cover = hairs(rng, points[at], out[at], direction, reach, (0.2, 0.9), (0.5, 1.4), 0.12, (0.6, 1.1), alpha.shape)
        tint = np.clip(coat * np.exp(rng.normal(0, 0.18)), 0, 255)
        colour, alpha = lay(colour, alpha, tint, cover)
    return colour, alpha


def stray_hairs(rng, colour, alpha, coat):
    """Single long hairs and whiskers that leave the outline."""
    found = outline_of(alpha)
    if found is None:
        return colour, alpha
    points, out = found
    for _ in range(rng.integers(1, 4)):
        count = int(rng.integers(3, 24))
        start = rng.integers(len(points))
        at = (start + rng.integers(0, max(2, int(len(points) * rng.uniform(0.03, 0.4))), count)) % len(points)
        reach = LONG * np.exp(rng.uniform(np.log(0.04), np.log(0.22)))
        common = rng.normal(0, 0.4, 2)
        direction = out[at] + common + rng.normal(0, 0.2, (count, 2))
        cover = hairs(rng, points[at], out[at], direction, reach, (0, 0.5), (0.5, 1.2), 0.08, (0.5, 1.0), alpha.shape, 14)
        kind = rng.random()
        tint = np.full(3, rng.uniform(180, 255), np.float32) if kind < 0.5 else np.full(3, rng.uniform(0, 70), np.float32) if kind < 0.65 else coat
        colour, alpha = lay(colour, alpha, tint, cover)
    return colour, alpha


def blades(rng, ground):
    """Grass, twigs, threads: strands of the place's own colours, which lead nowhere near the animal in particular."""
    height, width = ground.shape[:2]
    for _ in range(rng.integers(1, 4)):
        count = int(np.exp(rng.uniform(np.log(20), np.log(900))))
        root = rng.uniform(0, 1, (count, 2)) * (width, height)
        angle = rng.uniform(0, 2 * np.pi) + rng.normal(0, rng.uniform(0.1, 0.8), (count, 1))
        reach = LONG * np.exp(rng.uniform(np.log(0.015), np.log(0.2)))
        tip = root + np.concatenate([np.cos(angle), np.sin(angle)], 1) * reach * rng.uniform(0.4, 1.3, (count, 1))
        middle = (root + tip) / 2 + rng.normal(0, 0.1, (count, 2)) * reach
        cover = cover_of(quadratic(root, middle, tip), int(rng.integers(1, 12)), width, height)[..., None] * rng.uniform(0.4, 1)
        y, x = rng.integers(0, height), rng.integers(0, width)
        tint = np.clip(ground[y, x] * np.exp(rng.normal(0, 0.5)), 0, 255)
        ground = ground * (1 - cover) + tint * cover
    return ground


def place(pets, rng, width, height):
    kind = rng.random()
    if kind < 0.55:
        ground = pets.without.place(rng, width, height)
    elif kind < 0.85:
        ground = scenes.background(pets, rng, width // 3, height // 3)
    else:
        ground = scenes.generated(rng, width // 3, height // 3)
    ground = cv2.resize(ground, (width, height), interpolation=cv2.INTER_CUBIC)
    ground = ground.astype(np.float32)
    if rng.random() < 0.4:
        ground = blades(rng, ground)
    if rng.random() < 0.5:
        ground = cv2.GaussianBlur(ground, (0, 0), np.exp(rng.uniform(np.log(0.6), np.log(12))))
    return ground


def coat_of(colour, alpha):
    """The coat's colour around each pixel, spread outwards."""
    solid = (alpha > 0.95).astype(np.float32)
    near = cv2.blur(colour * solid[..., None], (81, 81))
    share = cv2.blur(solid, (81, 81))[..., None]
    everywhere = (colour * solid[..., None]).sum((0, 1)) / max(1.0, solid.sum())
    return np.where(share > 0.01, near / np.maximum(share, 0.01), everywhere)


def photo(pets, rng, cut_outs):
    """A photo (uint8) and its alpha (uint8)."""
    width, height = [(840, 1120), (1120, 840), (1120, 1120)][rng.choice(3, p=(0.6, 0.2, 0.2))]
    colour, alpha = one_of(rng, cut_outs, width, height) if rng.random() < 0.6 else real(pets, rng, width, height)
    coat = coat_of(colour, alpha)
    if rng.random() < 0.5:
        colour, alpha = stray_hairs(rng, colour, alpha, coat)
    if rng.random() < 0.35:  # a soft lens: colour and alpha alike
        sigma = rng.uniform(0.4, 2.0)
        colour, alpha = cv2.GaussianBlur(colour, (0, 0), sigma), cv2.GaussianBlur(alpha, (0, 0), sigma)
    ground = place(pets, rng, width, height)
    if rng.random() < 0.4:
        ground = match_hue(rng, ground, np.clip(colour / np.maximum(alpha, 0.05)[..., None], 0, 255), np.round(alpha * 255))
    image = np.clip(colour + ground * (1 - alpha[..., None]), 0, 255)
    image = photometric.tone(rng, image.astype(np.uint8)) if rng.random() < 0.7 else image.astype(np.uint8)
    if rng.random() < 0.5:
        image = photometric.saturation(rng, image)
    if rng.random() < 0.12:
        image = (image * rng.uniform(0.25, 0.6)).astype(np.uint8) if rng.random() < 0.5 else photometric.haze(rng, image)
    if rng.random() < 0.5:
        grain = rng.standard_normal((height, width, 1 if rng.random() < 0.5 else 3), np.float32) * rng.uniform(1, 6)
        image = np.clip(image + grain, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(image), np.round(alpha * 255).astype(np.uint8)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pets", required=True)
    p.add_argument("--work", required=True)
    p.add_argument("--cut-outs", required=True)
    p.add_argument("--no-pet", required=True)
    p.add_argument("--count", type=int, default=900)
    p.add_argument("--first", type=int, default=0, help="number of the first photo, which is also its seed")
    p.add_argument("out", type=Path)
    args = p.parse_args()
    pets = Pets(args.pets, Path(args.work) / "cache", "train")
    pets.without = NoPetPhotos(args.no_pet)
    cut_outs = sorted(Path(args.cut_outs).glob("*.png"))
    args.out.mkdir(parents=True, exist_ok=True)
    for number in range(args.first, args.first + args.count):
        rng = np.random.default_rng([77, number])
        image, alpha = photo(pets, rng, cut_outs)
        cv2.imwrite(str(args.out / f"{number:05}.jpg"), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(75, 97))])
        cv2.imwrite(str(args.out / f"{number:05}.png"), alpha)


if __name__ == "__main__":
    main()
