"""Draws one training sample, a batch, and keeps a queue of batches filled from a background thread."""
import queue
import threading
from dataclasses import dataclass

import cv2
import numpy as np
import torch

import scenes
from cut_outs import patched
from fur import draw_whiskers, grow_fur
from geometry import body_placement, draw_placement, place_head, scale_of, warp_photo, warp_weight
from model import NORM_MEAN, NORM_STD
from occluders import paste_arm, paste_leash
from photometric import degrade
from schedule import BATCH
from subjects import crowd_of, paste_subject

cv2.setNumThreads(1)

NEGATIVES = 0.16  # share of samples without a pet
DRAWN = 0.08      # of the others: a drawn animal, where there are any
BODIES = 0.04     # of the rest: a body whose head is outside, so that the head map learns to stay dark
PATCHED = 0.05    # and as many of them get patches of another coat


@dataclass
class Sample:
    image: np.ndarray     # H x W x 3 uint8
    alpha: np.ndarray     # H x W uint8
    weight: np.ndarray    # H x W float32
    breed: int            # -1: do not judge
    head: np.ndarray      # x0, y0, x1, y1, trust
    presence: float       # 1, 0, or -1: do not judge
    pseudo: bool          # the label is a teacher's


def edge_colours(image, alpha):
    """Foreground colours: beyond the solid part, the mean of the solid colours nearby."""
    solid = (alpha > 229).astype(np.uint8)
    near = cv2.blur(cv2.bitwise_and(image, image, mask=solid), (9, 9)).astype(np.float32)
    share = cv2.blur(solid * 255, (9, 9)).astype(np.float32)[..., None] / 255
    spread = np.minimum(near / np.maximum(share, 1 / 255), 255)
    return np.where(solid[..., None] > 0, image, np.where(share > 0, spread, image)).astype(np.float32)


def match_hue(rng, ground, colours, alpha):
    """Move the background's colours towards the pet's: a white cat on snow, a brown dog on a sofa."""
    solid = alpha > 229
    if solid.sum() < 50:
        return ground
    pet = colours[solid]
    mean, std = ground.mean((0, 1)), ground.std((0, 1)) + 4
    wanted = (ground - mean) / std * (pet.std(0) * rng.uniform(0.3, 1.2) + 2) + pet.mean(0)
    mix = rng.uniform(0.5, 1)
    return np.clip(ground * (1 - mix) + wanted * mix, 0, 255)


def own_blanket(rng, colours, alpha, width, height):
    """Cloth of the pet's own colours: its coat, blurred, folded and spread over the whole background."""
    ys, xs = np.where(alpha > 229)
    if len(xs) < 400:
        return scenes.fractal(rng, width, height).astype(np.float32)
    k = rng.integers(len(xs))
    side = int(rng.integers(12, 48))
    y, x = np.clip((ys[k] - side // 2, xs[k] - side // 2), 0, (height - side, width - side))
    patch = cv2.GaussianBlur(colours[y:y + side, x:x + side], (0, 0), rng.uniform(1, 4))
    patch = np.concatenate([patch, patch[:, ::-1]], 1)
    patch = np.concatenate([patch, patch[::-1]], 0)
    tiled = np.tile(patch, (height // (2 * side) + 1, width // (2 * side) + 1, 1))[:height, :width]
    folds = scenes.fractal(rng, width, height).mean(2, keepdims=True).astype(np.float32)
    folds = cv2.GaussianBlur(folds, (0, 0), rng.uniform(1, 6))[..., None]
    return np.clip(tiled * (1 + (folds - folds.mean()) / 255 * rng.uniform(0.2, 1.2)), 0, 255)


def composite(pets, rng, sample, i, hard):
    """Put the pet on another background, or in front of another photo whose own pet then counts too."""
    height, width = sample.alpha.shape
    colours, alpha = edge_colours(sample.image, sample.alpha), sample.alpha.astype(np.float32) / 255
    other = None
    if rng.random() < 0.35:
        j = pets.draw(rng)
        matrix = draw_placement(pets, rng, j, width, height, hard)
        ground, other = warp_photo(pets, j, matrix, width, height)
        sample.weight = np.where(sample.alpha > 127, sample.weight, warp_weight(pets, j, matrix, width, height))
        sample.breed, sample.head = -1, np.zeros(5, np.float32)
        sample.pseudo = sample.pseudo or not pets.labelled[j]
    elif pets.without is not None and rng.random() < 0.3:
        ground = pets.without.place(rng, width, height)
    else:
        ground = scenes.background(pets, rng, width, height)
    ground = ground.astype(np.float32)
    if other is None:
        kind = rng.random()
        if kind < 0.45:
            ground = match_hue(rng, ground, colours, sample.alpha)
        elif kind < 0.57:
            ground = own_blanket(rng, colours, sample.alpha, width, height)
        if rng.random() < 0.2:  # somebody, or something, behind the pet
            ground = paste_subject(pets, rng, ground, np.zeros((height, width), np.uint8))[0].astype(np.float32)
    if rng.random() < 0.35:
        ground = cv2.GaussianBlur(ground, (0, 0), rng.uniform(0.5, 4))
    sample.image = np.clip(colours * alpha[..., None] + ground * (1 - alpha[..., None]), 0, 255).astype(np.uint8)
    if other is not None:
        both = alpha + other.astype(np.float32) / 255 * (1 - alpha)
        sample.alpha = np.clip(both * 255 + 0.5, 0, 255).astype(np.uint8)


def negative(pets, rng, width, height):
    """No pet anywhere: an empty place, sometimes with a person's arm, or somebody or something else in its middle."""
    empty = np.zeros((height, width), np.uint8)
    kind = rng.random()
    if pets.without is not None and kind < 0.6:
        image = pets.without.place(rng, width, height)
    elif kind < 0.85:
        image = crowd_of(pets, rng, width, height)
    else:
        image = scenes.background(pets, rng, width, height)
        if rng.random() < 0.25:
            image, _ = paste_arm(pets, rng, image, empty)
    head = np.array([0, 0, 0, 0, 0.5], np.float32)
    return Sample(np.ascontiguousarray(image), empty, np.ones((height, width), np.float32), -1, head, 0.0, False)


def drawn(pets, rng, width, height, hard):
    """A drawn animal over a place that is not its own: coats tell what belongs to an animal too well on photos."""
    colour, alpha = pets.cut_outs.draw(rng, width, height)
    own = colour / np.maximum(alpha, 0.02)[..., None]
    for _ in range(rng.integers(0, 3)):
        own = patched(rng, own, alpha)
    kind = rng.random()
    ground = pets.without.place(rng, width, height) if pets.without is not None and kind < 0.35 else \
        scenes.background(pets, rng, width, height) if kind < 0.75 else scenes.generated(rng, width, height)
    ground = ground.astype(np.float32)
    matte = np.round(alpha * 255).astype(np.uint8)
    if rng.random() < 0.35:
        ground = match_hue(rng, ground, np.clip(own, 0, 255), matte)
    if rng.random() < 0.6:
        ground = cv2.GaussianBlur(ground, (0, 0), np.exp(rng.uniform(np.log(0.6), np.log(9))))
    image = np.clip(own * alpha[..., None] + ground * (1 - alpha[..., None]), 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        image, matte = grow_fur(rng, image, matte)
    image = degrade(rng, np.ascontiguousarray(image), hard)
    return Sample(image, matte, np.ones((height, width), np.float32), -1, np.zeros(5, np.float32), 1.0, False)


def draw_sample(pets, rng, width, height, hard=True, negatives=NEGATIVES, bodies=BODIES):
    if rng.random() < negatives:
        sample = negative(pets, rng, width, height)
        sample.image = degrade(rng, sample.image, hard)
        return sample
    if pets.cut_outs is not None and rng.random() < DRAWN:
        return drawn(pets, rng, width, height, hard)
    body = rng.random() < bodies
    i = int(rng.choice(pets.with_head)) if body else pets.draw(rng)
    area = (pets.mask_half(i) > 127).mean()
    for _ in range(4):  # a placement that shows a good part of the pet
        matrix = body_placement(pets, rng, i, width, height) if body else None
        if matrix is None:
            matrix = draw_placement(pets, rng, i, width, height, hard)
        image, alpha = warp_photo(pets, i, matrix, width, height)
        shown = (alpha > 127).sum()
        if shown > 0.35 * area * scale_of(matrix) ** 2 or shown > 0.3 * alpha.size:
            break
    sample = Sample(image, alpha, warp_weight(pets, i, matrix, width, height), int(pets.breed[i]),
                    place_head(pets.head[i], matrix, width, height), 1.0, not pets.labelled[i])
    if rng.random() < (0.32 if hard else 0.15):
        composite(pets, rng, sample, i, hard)
    if rng.random() < PATCHED:
        cover = sample.alpha.astype(np.float32)[..., None] / 255
        coat = patched(rng, sample.image.astype(np.float32), cover[..., 0])
        sample.image = (sample.image * (1 - cover) + coat * cover).astype(np.uint8)
    if rng.random() < 0.10:
        sample.image, sample.alpha = grow_fur(rng, sample.image, sample.alpha)
    if sample.head[2] > sample.head[0] and rng.random() < 0.3:
        sample.image, sample.alpha = draw_whiskers(rng, sample.image, sample.alpha, sample.head)
    if hard and rng.random() < 0.05:
        sample.image, sample.alpha = paste_subject(pets, rng, sample.image, sample.alpha)
    if hard and rng.random() < 0.12:
        sample.image, sample.alpha = paste_arm(pets, rng, sample.image, sample.alpha)
    if hard and rng.random() < 0.05:
        sample.image = paste_leash(rng, sample.image, sample.alpha)
    if (sample.alpha > 127).mean() < 0.01:
        sample.presence = -1.0
    sample.image = degrade(rng, np.ascontiguousarray(sample.image), hard)
    return sample


def normalise(images):
    """N x H x W x 3 uint8 -> normalised N x 3 x H x W float, channels last."""
    x = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255
    x = (x - torch.tensor(NORM_MEAN).view(1, 3, 1, 1)) / torch.tensor(NORM_STD).view(1, 3, 1, 1)
    return x.contiguous(memory_format=torch.channels_last)


@dataclass
class Batch:
    image: torch.Tensor
    alpha: torch.Tensor
    weight: torch.Tensor
    breed: torch.Tensor
    head: torch.Tensor
    presence: torch.Tensor
    pseudo: torch.Tensor

    def to(self, device):
        return Batch(**{k: v.to(device) for k, v in vars(self).items()})


def draw_batch(pets, rng, side, hard=True):
    """Half square, half 3:4 either way: the service letterboxes to squares, but nothing else should break."""
    short = round(side * 0.75 / 32) * 32
    width, height = [(side, side), (side, side), (side, short), (short, side)][rng.integers(4)]
    samples = [draw_sample(pets, rng, width, height, hard) for _ in range(BATCH[side])]
    stack = lambda name: torch.from_numpy(np.stack([getattr(s, name) for s in samples]))
    return Batch(
        image=normalise(np.stack([s.image for s in samples])),
        alpha=stack("alpha")[:, None].float() / 255,
        weight=stack("weight")[:, None],
        breed=torch.tensor([s.breed for s in samples]),
        head=stack("head"),
        presence=torch.tensor([s.presence for s in samples]),
        pseudo=torch.tensor([s.pseudo for s in samples]),
    )


def in_background(draw, seed, depth=4):
    """What `draw(rng)` gives, again and again, drawn ahead by a thread of its own."""
    waiting = queue.Queue(depth)

    def fill():
        rng = np.random.default_rng(seed)
        while True:
            try:
                waiting.put(draw(rng))
            except Exception as error:  # hand it to the training loop, which would else wait for ever
                waiting.put(error)
                return

    threading.Thread(target=fill, daemon=True).start()
    while True:
        drawn = waiting.get()
        if isinstance(drawn, Exception):
            raise drawn
        yield drawn


class Loader:
    """Batches drawn in the background. `mix` (size -> probability) and `hard` may be changed at any time."""

    def __init__(self, pets, seed, mix, hard=True):
        self.pets, self.mix, self.hard = pets, mix, hard
        self._batches = in_background(self._draw, [seed, 0])

    def _draw(self, rng):
        side = int(rng.choice(list(self.mix), p=list(self.mix.values())))
        return draw_batch(self.pets, rng, side, self.hard)

    def next(self):
        return next(self._batches)
