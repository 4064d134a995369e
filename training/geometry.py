"""Where a stored photo lands on the training canvas."""
import cv2
import numpy as np

from dataset import HALF, SIDE, UNKNOWN

FILL = (124, 116, 104)  # letterbox colour, the same as in the service


def letterbox(rgb, side, aspect=None):
    """As the service does it: at the top left of the smallest canvas with sides that are multiples of 32.

    `aspect` (width over height) is the photo's own, where it is stored stretched. Returns the canvas and the photo's width and height on it.
    """
    aspect = aspect or rgb.shape[1] / rgb.shape[0]
    width, height = (side, max(1, round(side / aspect))) if aspect >= 1 else (max(1, round(side * aspect)), side)
    canvas = np.full((-(-height // 32) * 32, -(-width // 32) * 32, 3), FILL, np.uint8)
    canvas[:height, :width] = cv2.resize(np.asarray(rgb), (width, height), interpolation=cv2.INTER_AREA)
    return canvas, width, height


def draw_aspect(pets, rng, i):
    """Width over height to restore. Pseudo-labelled photos lost theirs: take one from a labelled photo, or any."""
    aspect = pets.aspect[i]
    if aspect <= 0:
        known = pets.aspect[pets.labelled]
        aspect = rng.choice(known) if rng.random() < 0.7 else np.exp(rng.uniform(-0.4, 0.4))
    return aspect * np.exp(rng.normal(0, 0.06))


def draw_placement(pets, rng, i, width, height, rotate=True):
    """3x3 matrix: unit square of the photo -> canvas pixels. A third are plain letterbox, the rest zoom and shift."""
    aspect, box = draw_aspect(pets, rng, i), pets.box[i]
    h = min(height, width / aspect)
    w = h * aspect
    kind = rng.random()
    if kind < 0.3:
        zoom = rng.uniform(0.92, 1.08)
    elif kind < 0.5:  # the pet fills three quarters of the canvas
        zoom = 0.75 / max(0.25, (box[2] - box[0]) * w / width, (box[3] - box[1]) * h / height) * np.exp(rng.normal(0, 0.15))
    else:
        zoom = np.exp(rng.uniform(np.log(0.65), np.log(1.7)))
    zoom = np.clip(zoom, 0.55, 2.6)
    w, h = w * zoom, h * zoom
    x, y = (width - w) / 2, (height - h) / 2
    if kind >= 0.3:  # somewhere between the centred photo and the roughly centred pet
        mix = rng.uniform()
        x = mix * (width / 2 - (box[0] + box[2]) / 2 * w + rng.normal(0, 0.12) * width) + (1 - mix) * x
        y = mix * (height / 2 - (box[1] + box[3]) / 2 * h + rng.normal(0, 0.12) * height) + (1 - mix) * y
        if w > width and rng.random() < 0.7:
            x = np.clip(x, width - w, 0)
        if h > height and rng.random() < 0.7:
            y = np.clip(y, height - h, 0)
    matrix = np.array([[w, 0, x], [0, h, y], [0, 0, 1.0]])
    if rng.random() < 0.5:
        matrix = np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1.0]]) @ matrix
    if rotate and rng.random() < 0.6:
        angle, shear = np.deg2rad(rng.normal(0, 8)), rng.normal(0, 0.04)
        cos, sin = np.cos(angle), np.sin(angle)
        centre = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1.0]])
        matrix = centre @ np.array([[cos, -sin + shear, 0], [sin, cos, 0], [0, 0, 1.0]]) @ np.linalg.inv(centre) @ matrix
    return matrix


def scale_of(matrix):
    return np.sqrt(abs(np.linalg.det(matrix[:2, :2])))


def warp(array, matrix, width, height, fill=0, nearest=False):
    """Warp a stored square array by a unit-square placement."""
    side = array.shape[0]
    affine = (matrix @ np.diag([1 / side, 1 / side, 1]))[:2]
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return cv2.warpAffine(np.asarray(array), affine, (width, height), flags=flags, borderValue=fill)


def warp_photo(pets, i, matrix, width, height):
    """Photo and mask on the canvas, from the half-size copy when it shrinks a lot."""
    small = scale_of(matrix) < 0.72 * SIDE
    image, mask = (pets.image_half(i), pets.mask_half(i)) if small else (pets.image(i), pets.mask(i))
    return warp(image, matrix, width, height, FILL), warp(mask, matrix, width, height)


def warp_weight(pets, i, matrix, width, height):
    """Per-pixel trust in the label: whole photo, unknown band of a trimap, teachers' disagreement."""
    weight = np.full((height, width), pets.weight[i], np.float32)
    if i in pets.trimap:
        weight[warp(pets.trimap[i], matrix, width, height, nearest=True) == UNKNOWN] = 0.5
    agreement = pets.pixel_weight(i)
    if agreement is not None:
        weight *= warp(agreement, matrix, width, height, fill=255).astype(np.float32) / 255
    return weight


def body_placement(pets, rng, i, width, height):
    """As `draw_placement`, but of a part of the pet without its head: beside, above or below it. None where there is too little."""
    head = pets.head[i]
    if np.isnan(head[0]) or head[2] <= head[0]:
        return None
    # A face's box leaves out the ears, and beside them lies their edge.
    wide, high = 0.25 * (head[2] - head[0]), 0.25 * (head[3] - head[1])
    x0, y0, x1, y1 = np.clip(head[:4] + (-wide, -2 * high, wide, high), 0, 1)
    mask = np.asarray(pets.mask_half(i)) > 127
    best, shown = None, 0.3 * mask.sum()
    for part in ((0, 0, x0, 1), (x1, 0, 1, 1), (0, 0, 1, y0), (0, y1, 1, 1)):
        left, top, right, bottom = (round(v * mask.shape[0]) for v in part)
        if mask[top:bottom, left:right].sum() > shown and min(part[2] - part[0], part[3] - part[1]) > 0.15:
            best, shown = part, mask[top:bottom, left:right].sum()
    if best is None:
        return None
    aspect = draw_aspect(pets, rng, i)
    # The photo is aspect x 1; the part covers the canvas.
    scale = max(width / (aspect * (best[2] - best[0])), height / (best[3] - best[1])) * np.exp(rng.uniform(0, 0.15))
    w, h = aspect * scale, scale
    x = -best[0] * w + (width - (best[2] - best[0]) * w) * rng.uniform()
    y = -best[1] * h + (height - (best[3] - best[1]) * h) * rng.uniform()
    matrix = np.array([[w, 0, x], [0, h, y], [0, 0, 1.0]])
    return np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1.0]]) @ matrix if rng.random() < 0.5 else matrix


def place_head(head, matrix, width, height):
    """Head box on the canvas as x0, y0, x1, y1 in 0..1 and trust; no trust where it is unknown or mostly outside.

    An empty box with trust says that no face is to be seen: it is turned away, or lies wholly outside.
    """
    nothing = np.zeros(5, np.float32)
    if np.isnan(head[0]):
        return nothing
    if head[2] <= head[0]:
        return np.array([0, 0, 0, 0, head[4]], np.float32)
    corners = matrix @ np.array([[head[0], head[2], head[0], head[2]], [head[1], head[1], head[3], head[3]], [1, 1, 1, 1]])
    x0, x1 = corners[0].min() / width, corners[0].max() / width
    y0, y1 = corners[1].min() / height, corners[1].max() / height
    inside = np.clip([x0, y0, x1, y1], 0, 1)
    if inside[2] <= inside[0] or inside[3] <= inside[1]:
        return np.array([0, 0, 0, 0, head[4]], np.float32)
    if (inside[2] - inside[0]) * (inside[3] - inside[1]) <= 0.7 * (x1 - x0) * (y1 - y0):
        return nothing
    return np.array([*inside, head[4]], np.float32)
