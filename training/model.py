"""PetNet: a pretrained encoder and a small decoder that predict a matte, a head map and pet presence."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

from encoder import CHANNELS, Encoder

BREEDS = 37  # size of the auxiliary classifier
NORM_MEAN = (0.5, 0.5, 0.5)  # the encoder's first weights were trained on -1..1
NORM_STD = (0.5, 0.5, 0.5)


class ConvBN(nn.Sequential):
    """Convolution, batch norm and (unless `act` is false) ReLU."""

    def __init__(self, c_in, c_out, kernel=3, stride=1, act=True):
        layers = [nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(c_out)]
        if act:
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)


def upsample2(x):
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


@dataclass
class Logits:
    alpha: torch.Tensor     # N x 1 x H x W
    head: torch.Tensor      # N x 1 x H/16 x W/16
    coarse: torch.Tensor    # N x 1 x H/8 x W/8, deep supervision
    breed: torch.Tensor     # N x 37, auxiliary task
    presence: torch.Tensor  # N x 1


class Verdict(nn.Module):
    """Is there a pet? Fitted by presence.py on the finished trunk.

    Reads the deepest features where the matte lies (what is this thing?), their maximum (anything anywhere?) and their
    mean (what kind of scene?), how much the matte covers, and the peak of the head map.
    """

    def __init__(self, channels, hidden=240):
        super().__init__()
        self.a = nn.Linear(3 * channels + 2, hidden)
        self.b = nn.Linear(hidden, 1)

    @staticmethod
    def features(alpha_logits, heat, deepest):
        cover = F.avg_pool2d(torch.sigmoid(alpha_logits), 16)
        inside = (deepest * cover).sum((2, 3)) / (cover.sum((2, 3)) + 1e-3)
        return torch.cat([inside, deepest.amax((2, 3)), deepest.mean((2, 3)), cover.mean((2, 3)), heat.amax((2, 3))], 1)

    def forward(self, features):
        return self.b(F.relu(self.a(features)))


class PetNet(nn.Module):
    def __init__(self, decoder=(96, 56, 32, 16)):
        super().__init__()
        e2, e4, e8, e16, deepest = CHANNELS
        d = decoder
        self.encoder = Encoder()
        # what the whole photo shows, for every pixel to know
        self.gate = nn.Sequential(nn.Linear(deepest, 64), nn.ReLU(), nn.Linear(64, d[0]), nn.Sigmoid())
        # additive decoder: t = from below, l = lateral, c = after the sum
        self.t16, self.l16, self.c16 = ConvBN(deepest, d[0], 1), ConvBN(e16, d[0], 1), ConvBN(d[0], d[0])
        self.t8, self.l8, self.c8 = ConvBN(d[0], d[1], 1), ConvBN(e8, d[1], 1), ConvBN(d[1], d[1])
        self.t4, self.l4, self.c4 = ConvBN(d[1], d[2], 1), ConvBN(e4, d[2], 1), ConvBN(d[2], d[2])
        self.t2, self.l2, self.c2 = ConvBN(d[2], d[3], 1), ConvBN(e2, d[3], 1), ConvBN(d[3], d[3])
        self.o = nn.Conv2d(d[3], 4, 3, padding=1)  # pixel-shuffled to full resolution
        self.hm = nn.Sequential(ConvBN(d[0], 48), nn.Conv2d(48, 1, 1))
        self.verdict = Verdict(deepest)
        self.presence = nn.Linear(2 * deepest, 1)  # training only: makes the trunk tell pets from people
        self.aux = nn.Conv2d(d[1], 1, 1)           # training only
        self.cls = nn.Linear(deepest, BREEDS)      # training only

    def decode_deep(self, e16, deepest):
        """The decoder's features at 1/16, which the head map reads."""
        return self.c16(self.t16(deepest) + self.l16(e16)) * self.gate(deepest.mean((2, 3)))[..., None, None]

    def decode(self, e2, e4, e8, e16, deepest):
        """Alpha logits, and the decoder's own features at 1/16 and 1/8."""
        d16 = self.decode_deep(e16, deepest)
        d8 = self.c8(upsample2(self.t8(d16)) + self.l8(e8))
        d4 = self.c4(upsample2(self.t4(d8)) + self.l4(e4))
        d2 = self.c2(upsample2(self.t2(d4)) + self.l2(e2))
        return F.pixel_shuffle(self.o(d2), 2), d16, d8

    def trunk(self, x):
        """Alpha logits, and the features that the other heads read: decoder 1/16, decoder 1/8, the encoder's deepest."""
        features = self.encoder(x)
        return *self.decode(*features), features[-1]

    def presence_logit(self, deepest):
        return self.presence(torch.cat([deepest.mean((2, 3)), deepest.amax((2, 3))], 1))

    def forward(self, x):
        alpha, d16, d8, deepest = self.trunk(x)
        return Logits(alpha, self.hm(d16), self.aux(d8), self.cls(deepest.mean((2, 3))), self.presence_logit(deepest))


def load_weights(model, state):
    """Load `state`; what an older checkpoint lacks keeps its fresh values. Returns the names it lacked."""
    missing, unexpected = model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()},
                                                strict=False)
    if unexpected:
        raise ValueError(f"checkpoint has parameters that the network lacks: {unexpected}")
    return missing


def moments_box(heat):
    """Heat N x 1 x h x w -> N x 4 (cx, cy, w, h in 0..1): the uniform box with the same moments as heat squared."""
    h, w = heat.shape[2:]
    q = heat * heat
    xs = (torch.arange(w, device=heat.device, dtype=heat.dtype) + 0.5) / w
    ys = (torch.arange(h, device=heat.device, dtype=heat.dtype) + 0.5) / h
    total = q.sum((1, 2, 3)) + 1e-4
    px, py = q.sum((1, 2)), q.sum((1, 3))
    cx, cy = (px * xs).sum(1) / total, (py * ys).sum(1) / total
    vx = (px * (xs - cx[:, None]) ** 2).sum(1) / total
    vy = (py * (ys - cy[:, None]) ** 2).sum(1) / total
    side = 2 * 3 ** 0.5  # a uniform distribution of width s has variance s^2 / 12
    return torch.stack([cx, cy, side * torch.sqrt(vx + 1e-6), side * torch.sqrt(vy + 1e-6)], 1)


def peak_component(heat, levels=(0.2, 0.5), reach=24):
    """Keep what hangs together with the heat map's peak, so that a second answer cannot stretch the box.

    A flood fill as `reach` 3x3 dilations: exportable, deterministic, and cheap at 1/16 resolution. It has no threshold: a place
    counts as much as the weakest place on the best way to it from the peak, so that the box moves little when the heat does.
    It starts at the peak alone: started wherever the map is nearly as hot, it takes the heads of two animals for one.
    """
    share = heat / heat.amax((2, 3), keepdim=True).clamp(min=1e-6)
    passable = ((share - levels[0]) / (levels[1] - levels[0])).clamp(0, 1)
    filled = (share >= 1).to(heat.dtype)
    for _ in range(reach):
        filled = torch.minimum(F.max_pool2d(filled, 3, 1, 1), passable)
    return heat * filled


class Deploy(nn.Module):
    """The shipped graph: RGB 1x3xHxW in 0..1 -> alpha 1x1xHxW, head 1x5 (cx, cy, w, h, score), pet 1x1."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.register_buffer("mean", torch.tensor(NORM_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(NORM_STD).view(1, 3, 1, 1))

    def forward(self, image):
        alpha, d16, _, deepest = self.net.trunk((image - self.mean) / self.std)
        heat = torch.sigmoid(self.net.hm(d16))
        head = torch.cat([moments_box(peak_component(heat)), heat.amax((2, 3))], 1)
        return torch.sigmoid(alpha), head, torch.sigmoid(self.net.verdict(Verdict.features(alpha, heat, deepest)))
