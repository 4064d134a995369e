"""People's parts and pets' gear drawn over a photo: arms, hands, sleeves, leashes.

`paste_arm` takes alpha away where it covers the pet (a hand is not the pet). `paste_leash` leaves the
label alone: on the body the leash belongs to the print, off the body it is background.
"""
import cv2
import numpy as np

from scenes import fractal, noise, strip

_SHIFT = 4  # cv2 draws with 1/16 pixel positions


def _line(mask, p, q, thickness):
    point = lambda v: tuple(int(round(c * 2 ** _SHIFT)) for c in v)
    cv2.line(mask, point(p), point(q), 255, max(1, int(round(thickness))), cv2.LINE_AA, _SHIFT)


def _edge_point(rng, width, height):
    t, side = rng.random(), rng.choice(4, p=(0.3, 0.3, 0.1, 0.3))
    return np.array([(-8, t * height), (width + 8, t * height), (t * width, -8), (t * width, height + 8)][side])


def skin(rng):
    hsv = np.uint8([[[rng.integers(4, 16), rng.integers(50, 170), rng.integers(50, 245)]]])
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32)


def _shade(mask, rng):
    """Rounded limbs are darker towards their rims."""
    depth = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
    return (1 - rng.uniform(0.1, 0.5)) + rng.uniform(0.1, 0.5) * np.minimum(1, depth / (depth.max() + 1e-3))


def fabric(pets, rng, width, height):
    kind = rng.random()
    if kind < 0.4:
        return strip(pets, rng, width, height).astype(np.float32)
    if kind < 0.7:
        return fractal(rng, width, height).astype(np.float32)
    plain = np.empty((height, width, 3), np.float32)
    plain[:] = rng.integers(0, 256, 3)
    if rng.random() < 0.5:  # stripes
        period, angle = rng.uniform(4, 30), rng.uniform(0, np.pi)
        ramp = np.arange(width)[None] * np.cos(angle) + np.arange(height)[:, None] * np.sin(angle)
        plain[np.sin(ramp * 2 * np.pi / period) > rng.uniform(-0.5, 0.5)] = rng.integers(0, 256, 3)
    return plain


def paste_arm(pets, rng, image, alpha):
    """An arm from the border to the pet's outline, sleeve and fingers included. Returns image and alpha (uint8)."""
    height, width = alpha.shape
    size = max(width, height)
    ys, xs = np.where(alpha > 127)
    start = _edge_point(rng, width, height)
    if len(xs):
        k = rng.integers(len(xs))
        inside = np.array([xs[k], ys[k]], float)
        end = start + (inside - start) * rng.uniform(0.6, 1.05)
    else:
        end = np.array([rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height])
    thick = rng.uniform(0.05, 0.13) * size
    along = (end - start) / (np.linalg.norm(end - start) + 1e-3)
    across = np.array([-along[1], along[0]])
    elbow = (start + end) / 2 + across * rng.normal(0, 0.08) * size
    limb, sleeve = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    _line(limb, start, elbow, thick)
    _line(limb, elbow, end, thick * 0.85)
    for finger in np.linspace(-0.4, 0.4, 4):
        root = end + across * finger * thick
        tip = root + (along + across * (finger * 0.6 + rng.normal(0, 0.15))) * thick * rng.uniform(0.5, 1.1)
        _line(limb, root, tip, thick * 0.22)
    if rng.random() < 0.7:
        _line(sleeve, start, elbow, thick * rng.uniform(1.05, 1.6))
        if rng.random() < 0.5:
            _line(sleeve, elbow, elbow + (end - elbow) * rng.uniform(0.2, 0.9), thick * rng.uniform(1.0, 1.4))
    out, left = image.astype(np.float32), alpha.astype(np.float32)
    soft = rng.uniform(0.4, 1.0)
    for mask, colour in ((limb, skin(rng)[None, None]), (sleeve, fabric(pets, rng, width, height))):
        if not mask.any():
            continue
        cover = cv2.GaussianBlur(mask, (0, 0), soft).astype(np.float32)[..., None] / 255
        painted = colour * _shade(mask, rng)[..., None] + noise(rng, height, width, 1) * rng.uniform(1, 6)
        out = out * (1 - cover) + painted * cover
        left = left * (1 - cover[..., 0])
    if (left > 127).sum() < 0.6 * (alpha > 127).sum():
        return image, alpha  # it hid too much of the pet
    return np.clip(out, 0, 255).astype(np.uint8), np.clip(left + 0.5, 0, 255).astype(np.uint8)


def paste_leash(rng, image, alpha):
    """A slack leash from the pet's upper half to the border."""
    ys, xs = np.where(alpha > 200)
    if len(xs) < 50:
        return image
    height, width = alpha.shape
    upper = ys < np.quantile(ys, 0.5)
    k = rng.choice(np.flatnonzero(upper)) if upper.any() else 0
    start, end = np.array([xs[k], ys[k]], float), _edge_point(rng, width, height)
    bend = (start + end) / 2 + np.array([rng.normal(0, 0.1) * width, rng.uniform(-0.05, 0.25) * height])
    t = np.linspace(0, 1, 16)[:, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t ** 2 * end
    mask = np.zeros((height, width), np.uint8)
    points = np.round(curve * 2 ** _SHIFT).astype(np.int32)[:, None]
    cv2.polylines(mask, [points], False, 255, int(rng.integers(1, max(2, width // 60) + 1)), cv2.LINE_AA, _SHIFT)
    cover = cv2.GaussianBlur(mask, (0, 0), 0.5).astype(np.float32)[..., None] / 255
    return (image * (1 - cover) + rng.integers(0, 256, 3).astype(np.float32) * cover).astype(np.uint8)
