"""Quick validation while training: the stored 320 x 320 photos, letterboxed to their true aspect where it is known."""
import cv2
import numpy as np
import torch

from dataset import SIDE, UNKNOWN
from geometry import letterbox
from model import moments_box, peak_component
from sampler import normalise

TYPICAL_ASPECT = 1.33  # most stored photos have lost theirs


def box_iou(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    inter = max(0.0, w) * max(0.0, h)
    return inter / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter)


@torch.inference_mode()
def validate(net, pets, limit=None, side=320, device="cpu"):
    """Mean, median and 10th percentile IoU over known pixels, mean absolute error, head-box IoU, presence."""
    ious, errors, heads, presence = [], [], [], []
    for i in range(min(limit or len(pets), len(pets))):
        canvas, w, h = letterbox(pets.image(i), side, pets.aspect[i] or TYPICAL_ASPECT)
        with torch.autocast(device, dtype=torch.bfloat16):
            logits = net(normalise(canvas[None]).to(device))
        alpha = torch.sigmoid(logits.alpha.float())[0, 0, :h, :w].cpu().numpy()
        alpha = cv2.resize(alpha, (SIDE, SIDE))
        truth = pets.mask(i) > 127
        known = pets.trimap[i] != UNKNOWN if i in pets.trimap else np.ones_like(truth)
        found = alpha > 0.5
        ious.append((found & truth & known).sum() / max(1, ((found | truth) & known).sum()))
        errors.append(np.abs(alpha - pets.mask(i) / 255.0)[known].mean())
        presence.append(float(torch.sigmoid(logits.presence.float())[0, 0]))
        if pets.labelled[i] and not np.isnan(pets.head[i, 0]):
            cx, cy, bw, bh = moments_box(peak_component(torch.sigmoid(logits.head.float())))[0].tolist()
            to_photo = lambda px, py: (px * canvas.shape[1] / w, py * canvas.shape[0] / h)
            heads.append(box_iou((*to_photo(cx - bw / 2, cy - bh / 2), *to_photo(cx + bw / 2, cy + bh / 2)), pets.head[i, :4]))
    return dict(iou=float(np.mean(ious)), median=float(np.median(ious)), p10=float(np.percentile(ious, 10)),
                mae=float(np.mean(errors)), head=float(np.mean(heads)) if heads else float("nan"),
                pet=float((np.array(presence) > 0.5).mean()))
