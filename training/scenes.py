"""Backgrounds without a pet: pieces of real photos, photos with the pet painted out, and drawn scenes."""
import cv2
import numpy as np

from dataset import SIDE
from geometry import draw_placement, warp, warp_photo, FILL

_NOISE = np.random.default_rng(5).normal(0, 1, (512, 512, 3)).astype(np.float32)


def noise(rng, height, width, channels=3):
    y, x = rng.integers(512 - height + 1), rng.integers(512 - width + 1)
    return _NOISE[y:y + height, x:x + width, :channels]


def smooth(rng, width, height):
    """A few random colours, blended: studio paper, sky, out-of-focus rooms."""
    k = rng.integers(1, 6)
    return cv2.resize(rng.integers(0, 256, (k, k + 1, 3)).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


def fractal(rng, width, height):
    """Two colours mixed by 1/f noise: foliage, carpet, stone, clouds."""
    field = np.zeros((height, width), np.float32)
    falloff = rng.uniform(0.4, 0.8)
    for octave in range(1, 7):
        cells = 2 ** octave
        grid = rng.normal(0, 1, (cells + 1, max(2, int(cells * rng.uniform(0.5, 1.5))))).astype(np.float32)
        field += falloff ** octave * cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR)
    mix = 1 / (1 + np.exp(-field * rng.uniform(1, 4) / (field.std() + 1e-3)))
    a, b = rng.integers(0, 256, (2, 3))
    return (a + mix[..., None] * (b - a)).astype(np.uint8)


def shapes(rng, width, height):
    """Furniture-like clutter: boxes, discs and bars over a smooth ground."""
    canvas = np.ascontiguousarray(smooth(rng, width, height))
    for _ in range(rng.integers(2, 12)):
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        p, q = ((int(rng.integers(-20, width + 20)), int(rng.integers(-20, height + 20))) for _ in range(2))
        kind = rng.random()
        if kind < 0.4:
            cv2.rectangle(canvas, p, q, colour, -1, cv2.LINE_AA)
        elif kind < 0.7:
            axes = (int(rng.integers(4, width // 3)), int(rng.integers(4, height // 3)))
            cv2.ellipse(canvas, p, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            cv2.line(canvas, p, q, colour, int(rng.integers(1, 24)), cv2.LINE_AA)
    return canvas


def landscape(rng, width, height):
    """Sky over ground with a ragged horizon."""
    sky, ground = smooth(rng, width, height), fractal(rng, width, height)
    line = rng.uniform(0.25, 0.75) * height + cv2.resize(rng.normal(0, 1, (1, rng.integers(3, 20))).astype(np.float32),
                                                        (width, 1), interpolation=cv2.INTER_CUBIC)[0] * rng.uniform(0, 0.1) * height
    return np.where((np.arange(height)[:, None] < line[None])[..., None], sky, ground)


def generated(rng, width, height):
    maker = (smooth, fractal, shapes, landscape)[rng.integers(4)]
    scene = maker(rng, width, height)
    return np.ascontiguousarray(scene)


def strip(pets, rng, width, height):
    """A stretch of some photo beside, above or below its pet. Drawn instead when the photo has none to spare."""
    for _ in range(6):
        i = rng.integers(len(pets))
        x0, y0, x1, y1 = np.clip(pets.box[i] + np.array([-0.03, -0.03, 0.03, 0.03]), 0, 1)
        sides = [(0, 0, x0, 1), (x1, 0, 1, 1), (0, 0, 1, y0), (0, y1, 1, 1)]
        sides = [s for s in sides if min(s[2] - s[0], s[3] - s[1]) > 0.14]
        if sides:
            a, b, c, d = (int(v * SIDE) for v in sides[rng.integers(len(sides))])
            piece = cv2.resize(pets.image(i)[b:d, a:c], (width, height), interpolation=cv2.INTER_LINEAR)
            return piece[:, ::-1] if rng.random() < 0.5 else piece
    return generated(rng, width, height)


def painted_out(pets, rng, width, height):
    """A whole photo whose pet is replaced by what surrounds it (push-pull fill): real context, no animal."""
    i = rng.integers(len(pets))
    image, mask = warp_photo(pets, i, draw_placement(pets, rng, i, width, height), width, height)
    if (mask > 12).mean() > 0.6:
        return strip(pets, rng, width, height)
    return fill_hole(rng, image, mask)


def fill_hole(rng, image, mask):
    """Replace what lies under `mask` (with a margin) by colours pulled in from around it."""
    hole = cv2.dilate((mask > 12).astype(np.uint8), np.ones((9, 9), np.uint8))
    if not hole.any():
        return image
    known = (1 - hole).astype(np.float32)
    levels = [(image.astype(np.float32) * known[..., None], known)]
    while min(levels[-1][1].shape) > 4:
        size = tuple(max(1, s // 2) for s in levels[-1][1].shape[::-1])
        levels.append(tuple(cv2.resize(z, size, interpolation=cv2.INTER_AREA) for z in levels[-1]))
    colour, weight = levels[-1]
    filled = colour / np.maximum(weight, 1e-3)[..., None]
    for colour, weight in levels[-2::-1]:
        below = cv2.resize(filled, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        filled = colour + (1 - weight)[..., None] * below
    # The fill is smoother than the photo around it; give it back some grain.
    grain = noise(rng, *hole.shape) * rng.uniform(0, 10) * hole[..., None]
    return np.clip(filled + grain, 0, 255).astype(np.uint8)


def background(pets, rng, width, height):
    kind = rng.random()
    if kind < 0.45:
        return strip(pets, rng, width, height)
    if kind < 0.75:
        return painted_out(pets, rng, width, height)
    return generated(rng, width, height)
