"""Drawn fur and whiskers whose alpha is known exactly, painted over a photo along the outline of its pet.

A strand is drawn three times as large as the photo and averaged down, so that its alpha is the share of each pixel that
it covers. It is painted over whatever is there, pet and background alike: no background need be known.
"""
import cv2
import numpy as np

_FINE = 3    # strands are drawn at this multiple of the photo's size
_SHIFT = 4   # and with 1/16 of those pixels


def cover_of(curves, thickness, width, height):
    """Share of each pixel that the curves (n x points x 2, photo pixels) cover."""
    fine = np.zeros((height * _FINE, width * _FINE), np.uint8)
    points = np.round(curves * _FINE * 2 ** _SHIFT).astype(np.int32)
    cv2.polylines(fine, list(points), False, 255, thickness, cv2.LINE_AA, _SHIFT)
    return cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _paint(image, alpha, colour, cover):
    """Strands over the photo: `over` for the picture and for the matte."""
    cover = cover[..., None]
    image = image * (1 - cover) + colour * cover
    left = alpha.astype(np.float32) / 255
    alpha = (left + (1 - left) * cover[..., 0]) * 255
    return np.clip(image + 0.5, 0, 255).astype(np.uint8), np.clip(alpha + 0.5, 0, 255).astype(np.uint8)


def quadratic(root, middle, tip, points=7):
    """n curves from n roots over n control points to n tips."""
    t = np.linspace(0, 1, points)[None, :, None]
    return (1 - t) ** 2 * root[:, None] + 2 * t * (1 - t) * middle[:, None] + t ** 2 * tip[:, None]


def outline(solid, smooth=3, margin=3, least=40):
    """Points on the outline of the largest part of a mask of 0 and 1, and the direction that leads out of it; None when there is no
    room. Where the photo cuts the pet no fur grows."""
    found, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not found:
        return None
    points = max(found, key=len)[:, 0].astype(np.float32)
    height, width = solid.shape
    inside = ((points >= margin) & (points < (width - margin, height - margin))).all(1)
    blurred = cv2.GaussianBlur(solid * 255, (0, 0), smooth).astype(np.float32)
    x, y = points[:, 0].astype(int), points[:, 1].astype(int)
    out = -np.stack([cv2.Sobel(blurred, cv2.CV_32F, 1, 0)[y, x], cv2.Sobel(blurred, cv2.CV_32F, 0, 1)[y, x]], 1)
    size = np.linalg.norm(out, axis=1)
    good = inside & (size > 1)
    return (points[good], out[good] / size[good, None]) if good.sum() >= least else None


def grow_fur(rng, image, alpha):
    """A fringe of strands along a stretch of the outline, in the colours of the pet beside it."""
    solid = (alpha > 127).astype(np.uint8)
    found = outline(solid)
    if found is None:
        return image, alpha
    points, out = found
    height, width = alpha.shape
    start, length = rng.integers(len(points)), int(len(points) * rng.uniform(0.2, 1.0))
    count = int(length * rng.uniform(0.3, 1.6))
    at = (start + rng.integers(0, max(1, length), count)) % len(points)
    size = max(width, height)
    reach = size * np.exp(rng.uniform(np.log(0.008), np.log(0.04))) * rng.uniform(0.4, 1.2, (count, 1))
    lie = rng.normal(0, 1, 2)  # fur lies one way
    direction = out[at] + lie / (np.linalg.norm(lie) + 1e-3) * rng.uniform(0, 0.9) + rng.normal(0, 0.25, (count, 2))
    root = points[at] - out[at] * size * 0.01
    tip = root + direction * reach + rng.normal(0, 0.15, (count, 2)) * reach
    middle = (root + tip) / 2 + rng.normal(0, 0.15, (count, 2)) * reach
    cover = cover_of(quadratic(root, middle, tip), 1 if rng.random() < 0.7 else 2, width, height)
    # Colour: the solid pet nearby, spread outwards, a little lighter or darker as rim light would have it.
    core = cv2.erode(solid, np.ones((5, 5), np.uint8))
    near = cv2.blur(cv2.bitwise_and(image, image, mask=core), (21, 21)).astype(np.float32)
    share = cv2.blur(core * 255, (21, 21)).astype(np.float32)[..., None] / 255
    colour = np.where(share > 0.02, near / np.maximum(share, 0.02), image) * np.exp(rng.normal(0, 0.12))
    return _paint(image.astype(np.float32), alpha, np.clip(colour, 0, 255), cover)


def draw_whiskers(rng, image, alpha, head):
    """Two fans of long thin hairs from the lower middle of the head box (x0, y0, x1, y1 in 0..1)."""
    height, width = alpha.shape
    x0, y0, x1, y1 = head[:4] * np.array([width, height, width, height], np.float32)
    size = x1 - x0
    if size < 24:
        return image, alpha
    centre = np.array([(x0 + x1) / 2 + rng.normal(0, 0.08) * size, y0 + (y1 - y0) * rng.uniform(0.6, 0.8)])
    curves = []
    for side in (-1, 1):
        count, tilt = int(rng.integers(3, 9)), rng.normal(0, 0.2)
        for spread in rng.uniform(-0.5, 0.5, count):
            root = centre + np.array([side * rng.uniform(0.06, 0.18), spread * 0.16]) * size
            angle = spread * 0.9 + tilt
            tip = root + np.array([side * np.cos(angle), np.sin(angle)]) * size * rng.uniform(0.35, 0.85)
            middle = (root + tip) / 2 + np.array([0, rng.normal(-0.03, 0.05)]) * size
            curves.append(quadratic(root[None], middle[None], tip[None], 12)[0])
    cover = cover_of(np.array(curves), 1, width, height) * rng.uniform(0.5, 1.0)
    bright = rng.uniform(190, 255) if rng.random() < 0.8 else rng.uniform(0, 60)
    return _paint(image.astype(np.float32), alpha, np.full(3, bright, np.float32), cover)
