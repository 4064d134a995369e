"""What stands in a photo as a pet would and is none: people, things, screens and pages of text.

Each maker returns a picture (float, H x W x 3) and its cover (float, H x W, 0..1). `paste_subject` puts one over a
photo and takes it out of the matte; `portrait` cuts a real person out of the training photos.
"""
import cv2
import numpy as np

from geometry import FILL, warp
from occluders import fabric, skin
from scenes import fill_hole, fractal, noise, smooth, strip

TYPICAL_ASPECT = 1.33  # most stored photos have lost theirs


def _shaded(rng, mask, colour, grain=6):
    """Light from one side and darker rims; `colour` is one colour or a picture."""
    height, width = mask.shape
    depth = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    rim = np.minimum(1, depth / (0.35 * depth.max() + 1e-3))
    angle, (ys, xs) = rng.uniform(0, 2 * np.pi), np.mgrid[0:height, 0:width].astype(np.float32)
    side = (xs / width - 0.5) * np.cos(angle) + (ys / height - 0.5) * np.sin(angle)
    light = (1 - rng.uniform(0, 0.4)) + rng.uniform(0, 0.4) * rim + rng.uniform(-0.5, 0.5) * side
    return colour * light[..., None] + noise(rng, height, width, 1) * rng.uniform(0, grain)


def _ellipse(height, width, centre, axes, angle=0.0, start=0, end=360):
    mask = np.zeros((height, width), np.uint8)
    box = tuple(int(round(c * 16)) for c in centre), tuple(max(1, int(round(a * 16))) for a in axes)
    cv2.ellipse(mask, *box, angle, start, end, 255, -1, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _over(picture, cover, layer, mask):
    mask3 = mask[..., None]
    return picture * (1 - mask3) + layer * mask3, np.maximum(cover, mask)


def person(pets, rng, width, height):
    """Head and shoulders: hair, face, eyes, mouth, neck, clothes. Crude, but with a person's layout."""
    size = rng.uniform(0.16, 0.38) * max(width, height)     # half the height of the face
    cx, cy = rng.uniform(0.25, 0.75) * width, rng.uniform(0.2, 0.55) * height
    broad, tone = size * rng.uniform(0.65, 0.85), skin(rng)
    hair = tone * 0 + np.array(rng.choice([(30, 25, 22), (70, 45, 28), (150, 110, 60), (180, 175, 170), (110, 50, 30)]), np.float32)
    picture, cover = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    tilt = rng.normal(0, 8)
    oval = lambda x, y, a, b, angle=tilt: _ellipse(height, width, (cx + x * broad, cy + y * size), (a * broad, b * size), angle)
    long_hair = rng.random() < 0.45
    if long_hair:
        mask = oval(0, 0.35, 1.35, rng.uniform(1.3, 1.9))
        picture, cover = _over(picture, cover, _shaded(rng, mask, hair + noise(rng, height, width, 1) * 12), mask)
    neck = _ellipse(height, width, (cx, cy + size), (0.5 * broad, 0.7 * size))
    picture, cover = _over(picture, cover, _shaded(rng, neck, tone * 0.85), neck)
    torso = np.maximum(_ellipse(height, width, (cx, cy + 2.9 * size), (rng.uniform(1.8, 2.6) * broad, 1.55 * size)),
                       _ellipse(height, width, (cx, cy + 4.5 * size), (rng.uniform(1.6, 2.4) * broad, 3 * size)))
    picture, cover = _over(picture, cover, _shaded(rng, torso, fabric(pets, rng, width, height)), torso)
    if rng.random() < 0.9:
        crown = oval(0, -0.15, 1.1, 1.05)
        picture, cover = _over(picture, cover, _shaded(rng, crown, hair + noise(rng, height, width, 1) * 10), crown)
    face = oval(0, 0.1, 0.92, rng.uniform(0.85, 1.0))
    picture, cover = _over(picture, cover, _shaded(rng, face, tone), face)
    for side in (-1, 1):
        white, iris = oval(side * 0.38, -0.02, 0.17, 0.07), oval(side * 0.38 + rng.normal(0, 0.02), -0.02, 0.075, 0.07)
        brow = oval(side * 0.4, -0.22, 0.25, 0.035)
        for mask, colour in ((white, np.float32([225, 220, 215]) * min(1.0, tone.mean() / 120)), (iris, np.float32([40, 32, 28])), (brow, hair * 0.8)):
            picture, cover = _over(picture, cover, colour, mask * 0.9)
    nose, mouth = oval(0.05, 0.25, 0.12, 0.2), oval(0, 0.58, rng.uniform(0.25, 0.42), rng.uniform(0.04, 0.12))
    picture, cover = _over(picture, cover, tone * rng.uniform(0.8, 1.1), nose * 0.5)
    picture, cover = _over(picture, cover, tone * np.float32([0.85, 0.5, 0.5]), mouth)
    soft = rng.uniform(0.4, 1.6)
    return cv2.GaussianBlur(picture, (0, 0), soft), cv2.GaussianBlur(cover, (0, 0), soft * 0.5)


def silhouette(pets, rng, width, height):
    """The outline of some pet, but cloth, wood, leaves or paint inside: the outline alone makes no pet."""
    mask = cv2.resize(pets.mask_half(pets.draw(rng)), (width, height), interpolation=cv2.INTER_LINEAR)
    scale, angle = rng.uniform(0.5, 1.0), rng.choice([rng.normal(0, 10), rng.uniform(90, 270)])  # often upside down
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    mask = cv2.warpAffine(mask, turn, (width, height)).astype(np.float32) / 255
    mask = np.clip((cv2.GaussianBlur(mask, (0, 0), rng.uniform(2, 9)) - 0.5) * 6 + 0.5, 0, 1)  # smooth, no ears or legs
    return _shaded(rng, mask, fabric(pets, rng, width, height)), mask


def thing(pets, rng, width, height):
    """One to four rounded solids in plain or patterned colours: cups, bottles, balls, fruit, boxes, vehicles."""
    picture, cover = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    size, (cx, cy) = rng.uniform(0.12, 0.42) * max(width, height), rng.uniform(0.3, 0.7, 2) * (width, height)
    for _ in range(rng.integers(1, 5)):
        x, y = cx + rng.normal(0, 0.5) * size, cy + rng.normal(0, 0.5) * size
        a, b, angle = size * rng.uniform(0.2, 1.1), size * rng.uniform(0.2, 1.1), rng.choice([0, 90, rng.uniform(0, 180)])
        if rng.random() < 0.5:
            mask = _ellipse(height, width, (x, y), (a, b), angle)
        else:
            corners = cv2.boxPoints(((float(x), float(y)), (2 * float(a), 2 * float(b)), float(angle)))
            mask = np.zeros((height, width), np.uint8)
            cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
            mask = mask.astype(np.float32) / 255
            if rng.random() < 0.5:
                mask = np.clip((cv2.GaussianBlur(mask, (0, 0), 0.08 * size + 1) - 0.5) * 5 + 0.5, 0, 1)
        colour = rng.integers(0, 256, 3).astype(np.float32) if rng.random() < 0.6 else fabric(pets, rng, width, height)
        picture, cover = _over(picture, cover, _shaded(rng, mask, colour, 3), mask)
        if rng.random() < 0.4:  # a highlight
            glint = cv2.GaussianBlur(_ellipse(height, width, (x - a * 0.3, y - b * 0.4), (a * 0.15 + 1, b * 0.2 + 1), angle), (0, 0), 2)
            picture = picture * (1 - 0.8 * glint[..., None]) + 204 * glint[..., None]
    return picture, cover


def page(pets, rng, width, height):
    """Text, rules and blocks of colour: screenshots, documents, charts, test cards."""
    ground = smooth(rng, width, height) if rng.random() < 0.3 else np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    picture = np.ascontiguousarray(ground)
    colour = lambda: tuple(int(c) for c in rng.integers(0, 256, 3))
    for _ in range(rng.integers(0, 5)):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        cv2.rectangle(picture, (x, y), (x + int(rng.integers(8, width)), y + int(rng.integers(4, height // 2))), colour(), int(rng.choice([-1, 1, 2])))
    ink, font, scale = colour(), int(rng.choice([0, 1, 2, 3, 4, 5, 6, 7])), float(np.exp(rng.uniform(np.log(0.25), np.log(2.5))))
    y = rng.uniform(0, 0.3) * height
    while y < height and rng.random() < 0.97:
        letters = "".join(chr(c) for c in rng.integers(33, 123, rng.integers(3, 40)))
        cv2.putText(picture, letters, (int(rng.normal(0.05, 0.05) * width), int(y)), font, scale, ink, int(1 + scale * rng.integers(1, 3)), cv2.LINE_AA)
        y += scale * rng.uniform(26, 40)
    return picture.astype(np.float32), np.ones((height, width), np.float32)


def paste_subject(pets, rng, image, alpha):
    """A person or a thing over the photo; the matte loses what it hides. Left alone when too much of the pet would go."""
    height, width = alpha.shape
    picture, cover = (person, thing, silhouette)[rng.choice(3, p=(0.4, 0.35, 0.25))](pets, rng, width, height)
    left = alpha.astype(np.float32) * (1 - cover)
    if (left > 127).sum() < 0.6 * (alpha > 127).sum():
        return image, alpha
    cover = cover[..., None]
    out = image.astype(np.float32) * (1 - cover) + picture * cover
    return np.clip(out, 0, 255).astype(np.uint8), np.clip(left + 0.5, 0, 255).astype(np.uint8)


def portrait(pets, rng, width, height):
    """One of the few real people of the training photos, head or head and shoulders, the pet painted out."""
    i, x0, y0, x1, y1 = pets.people[rng.integers(len(pets.people))]
    i, aspect = int(i), (pets.aspect[int(i)] or TYPICAL_ASPECT) * np.exp(rng.normal(0, 0.08))
    h = height * np.exp(rng.uniform(np.log(0.12), np.log(0.6))) / (y1 - y0)  # of the whole photo on the canvas
    w = h * aspect
    x = rng.uniform(0.3, 0.7) * width - (x0 + x1) / 2 * w
    y = rng.uniform(0.25, 0.6) * height - (y0 + y1) / 2 * h
    # No more letterbox than a photo would have: move it back over the canvas where it is large enough.
    x = np.clip(x, width - w, 0) if w > width else (width - w) / 2
    y = np.clip(y, height - h, 0) if h > height else (height - h) / 2
    matrix = np.array([[w, 0, x], [0, h, y], [0, 0, 1.0]])
    if rng.random() < 0.5:
        matrix = np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1.0]]) @ matrix
    mask = warp(pets.mask(i), matrix, width, height)
    return fill_hole(rng, warp(pets.image(i), matrix, width, height, FILL), mask)


def crowd_of(pets, rng, width, height):
    """A picture without a pet that has a subject of its own, uint8."""
    kind = rng.random()
    if kind < 0.18:
        return portrait(pets, rng, width, height)
    if kind < 0.26:
        return np.clip(page(pets, rng, width, height)[0], 0, 255).astype(np.uint8)
    ground = _studio(pets, rng, width, height)
    maker = person if kind < 0.60 else thing if kind < 0.84 else silhouette
    picture, cover = maker(pets, rng, width, height)
    cover = cover[..., None]
    return np.clip(ground * (1 - cover) + picture * cover, 0, 255).astype(np.uint8)


def _studio(pets, rng, width, height):
    kind = rng.random()
    if kind < 0.4:
        return strip(pets, rng, width, height).astype(np.float32)
    if kind < 0.7:
        return smooth(rng, width, height).astype(np.float32)
    if kind < 0.85:
        return np.full((height, width, 3), rng.integers(0, 256, 3), np.float32)
    return fractal(rng, width, height).astype(np.float32)
