"""Training losses. Every term is a mean over the batch; `total` sums them with their weights."""
import torch
import torch.nn.functional as F

from model import moments_box

OVERRULE = 2.3  # cross-entropy beyond which a pseudo-label pixel is suspected of being wrong (p of the label < 0.1)


def coverage(low, high, cells):
    """How much of each of `cells` equal cells the interval low..high (0..1) covers."""
    edge = torch.arange(cells, device=low.device)[None].float()
    return (torch.minimum(high[:, None] * cells, edge + 1) - torch.maximum(low[:, None] * cells, edge)).clamp(0, 1)


def forgiving_bce(logit, target, pseudo):
    """Cross-entropy whose slope is cut to a third where a confident network contradicts a teacher's label.

    Teachers are wrong in about 6 % of the area; learning those pixels by heart shows as grey haze.
    True labels keep the full slope.
    """
    bce = F.binary_cross_entropy_with_logits(logit, target, reduction="none")
    softened = bce.clamp(max=OVERRULE) + 0.33 * (bce - OVERRULE).clamp(min=0)
    return torch.where(pseudo[:, None, None, None], softened, bce)


def matte_losses(logits, target, weight, pseudo):
    """Cross-entropy, absolute error (firmer in the core, against haze), gradient and soft IoU."""
    alpha = torch.sigmoid(logits)
    weight_n = weight / weight.mean().clamp_min(0.1)
    bce = (forgiving_bce(logits, target, pseudo) * weight_n).mean()
    core = (target > 0.97).float()
    l1 = ((alpha - target).abs() * weight_n * (1 + core)).mean()
    dx = lambda z: z[..., :, 1:] - z[..., :, :-1]
    dy = lambda z: z[..., 1:, :] - z[..., :-1, :]
    grad = ((dx(alpha) - dx(target)).abs() * weight_n[..., 1:]).mean() \
        + ((dy(alpha) - dy(target)).abs() * weight_n[..., 1:, :]).mean()
    inter = (alpha * target).sum((1, 2, 3))
    union = (alpha + target - alpha * target).sum((1, 2, 3))
    has_pet = (target.sum((1, 2, 3)) > 50).float()
    iou = ((1 - (inter + 1) / (union + 1)) * weight.mean((1, 2, 3)) * has_pet).mean()
    return bce, l1, grad, iou, weight_n


def head_losses(heat_logit, head):
    """Heat map = how much of each cell the head box covers; and the box that the map's moments give.

    A photo without a pet has an empty box: its map must stay dark, and it has no moments to compare.
    """
    known = head[:, 4] > 0
    if not known.any():
        return heat_logit.new_zeros(()), heat_logit.new_zeros(())
    box, trust, heat_logit = head[known, :4], head[known, 4], heat_logit[known]
    target = coverage(box[:, 1], box[:, 3], heat_logit.shape[2])[:, None, :, None] \
        * coverage(box[:, 0], box[:, 2], heat_logit.shape[3])[:, None, None, :]
    heat = (F.binary_cross_entropy_with_logits(heat_logit, target, reduction="none") * trust[:, None, None, None]).mean()
    trust = trust * (box[:, 2] > box[:, 0])
    width, height = (box[:, 2] - box[:, 0]).clamp_min(0.04), (box[:, 3] - box[:, 1]).clamp_min(0.04)
    wanted = torch.stack([(box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2, width, height], 1)
    scale = torch.stack([width, height, width, height], 1)
    error = ((moments_box(torch.sigmoid(heat_logit)) - wanted).abs() / scale).clamp(max=2).mean(1)
    return heat, (error * trust).sum() / len(head) * 4


def losses(logits, batch):
    """All terms, weighted. `logits` is a model.Logits, `batch` a sampler.Batch of tensors."""
    target, weight = batch.alpha, batch.weight
    bce, l1, grad, iou, weight_n = matte_losses(logits.alpha.float(), target, weight, batch.pseudo)
    coarse = (F.binary_cross_entropy_with_logits(logits.coarse.float(), F.avg_pool2d(target, 8), reduction="none")
              * F.avg_pool2d(weight_n, 8)).mean()
    breed = F.cross_entropy(logits.breed.float(), batch.breed, ignore_index=-1, label_smoothing=0.1) \
        if (batch.breed >= 0).any() else bce.new_zeros(())
    heat, box = head_losses(logits.head.float(), batch.head)
    sure = batch.presence >= 0
    presence = F.binary_cross_entropy_with_logits(logits.presence.float()[sure, 0], batch.presence[sure]) \
        if sure.any() else bce.new_zeros(())
    return dict(bce=bce, l1=0.7 * l1, grad=2 * grad, iou=0.5 * iou, coarse=0.3 * coarse, breed=0.05 * breed,
                heat=0.6 * heat, box=0.15 * box, presence=0.2 * presence)
