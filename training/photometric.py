"""What phones and rooms do to a photo: exposure, colour, darkness, haze, blur, noise, compression."""
import cv2
import numpy as np

from scenes import noise

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def tone(rng, image):
    """Gamma, exposure, white balance and contrast as one table per channel."""
    v = (np.arange(256, dtype=np.float32)[:, None] / 255) ** np.exp(rng.normal(0, 0.22))
    v = v * 255 * np.exp(rng.normal(0, 0.16)) * np.exp(rng.normal(0, 0.07, 3))
    middle = image.mean()
    v = (v - middle) * np.exp(rng.normal(0, 0.16)) + middle
    return cv2.LUT(image, np.clip(v, 0, 255).astype(np.uint8)[None])


def saturation(rng, image):
    keep = 0.0 if rng.random() < 0.07 else np.exp(rng.normal(0, 0.3))
    return cv2.transform(image, (np.eye(3) * keep + (1 - keep) * np.tile(_LUMA, (3, 1))).astype(np.float32))


def darken(rng, image):
    """A dim room: less light, a warm or cold cast, noise that grows as light fails."""
    light = rng.uniform(0.12, 0.55)
    cast = np.exp(rng.normal(0, 0.12, 3))
    height, width = image.shape[:2]
    grain = noise(rng, height, width) * rng.uniform(1, 7)
    return np.clip(image.astype(np.float32) * (light * cast) + grain, 0, 255).astype(np.uint8)


def haze(rng, image):
    """Flare or a smeared lens: contrast sinks towards one tone."""
    keep = rng.uniform(0.35, 0.8)
    v = np.arange(256, dtype=np.float32)[:, None] * keep + (1 - keep) * rng.uniform(60, 255) * np.exp(rng.normal(0, 0.05, 3))
    return cv2.LUT(image, np.clip(v, 0, 255).astype(np.uint8)[None])


def overexpose(rng, image):
    v = np.arange(256, dtype=np.float32)[:, None] * rng.uniform(1.3, 2.2) + np.zeros(3, np.float32)
    return cv2.LUT(image, np.clip(v, 0, 255).astype(np.uint8)[None])


def side_light(rng, image):
    """One side of the photo in shadow."""
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.linspace(-1, 1, width)[None] * np.cos(angle) + np.linspace(-1, 1, height)[:, None] * np.sin(angle)
    gain = 1 - rng.uniform(0.3, 0.8) / (1 + np.exp(-ramp * rng.uniform(2, 8)))
    return (image * gain[..., None].astype(np.float32)).astype(np.uint8)


def motion_blur(rng, image):
    n = int(rng.integers(3, 10))
    kernel = np.zeros((n, n), np.float32)
    angle = rng.uniform(0, np.pi)
    c, d = (n - 1) / 2, np.array([np.cos(angle), np.sin(angle)]) * (n - 1) / 2
    cv2.line(kernel, tuple(int(round(v)) for v in c - d), tuple(int(round(v)) for v in c + d), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def compress(rng, image, low=25):
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(low, 85))])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def degrade(rng, image, hard=True):
    """The whole chain, in the order in which light meets lens, sensor and file."""
    if rng.random() < 0.8:
        image = tone(rng, image)
    if hard and rng.random() < 0.22:
        image = (darken, darken, haze, overexpose, side_light)[rng.integers(5)](rng, image)
    if rng.random() < 0.6:
        image = saturation(rng, image)
    if hard and rng.random() < 0.05:
        image = np.ascontiguousarray(image[..., rng.permutation(3)])
    if hard and rng.random() < 0.22:
        image = motion_blur(rng, image) if rng.random() < 0.35 else cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.2))
    if rng.random() < 0.15:
        height, width = image.shape[:2]
        grain = noise(rng, height, width, 1 if rng.random() < 0.5 else 3) * rng.uniform(1, 9)
        image = np.clip(image + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        image = compress(rng, image)
    return image
