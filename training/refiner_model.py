"""The refiner: a small U-Net over what refinement has fitted, at the resolution of the fit.

It reads six planes: red, green, blue, coarse matte, outline, and alpha as the guided filter's linear model has it. It says five per
sample: a gain s and an offset t for that alpha, and a factor per channel for how a pixel's colour differs from its sample's.
So alpha = s·(a·I + b) + t + c·(I − I_fit), which is again linear in the pixel's colour I: its coefficients are applied at full
resolution as the filter's own would be ("deep guided filter", Wu et al., CVPR 2018). A fresh network changes nothing.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

INPUTS, OUTPUTS = 6, 5
STRIDE = 8
LEAK = 0.1   # plain ReLUs died: most patches ask for no change at all
REACH = 3.0  # a factor c is at most this: beyond, noise becomes hair


def conv(c_in, c_out, stride=1):
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride, 1), nn.LeakyReLU(LEAK, inplace=True))


class Refiner(nn.Module):
    """Sides must be multiples of 8. Works at half, a quarter and an eighth of its input."""

    def __init__(self, widths=(20, 32, 48)):
        super().__init__()
        a, b, c = widths
        self.e2 = nn.Sequential(conv(INPUTS * 4, a), conv(a, a))
        self.e4 = nn.Sequential(conv(a, b, 2), conv(b, b), conv(b, b))
        self.e8 = nn.Sequential(conv(b, c, 2), conv(c, c), conv(c, c))
        self.t4, self.c4 = nn.Conv2d(c, b, 1), conv(b, b)
        self.t2, self.c2 = nn.Conv2d(b, a, 1), conv(a, a)
        self.out = nn.Conv2d(a, OUTPUTS * 4, 3, padding=1)
        self.bend = nn.LeakyReLU(LEAK)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, LEAK)
                nn.init.zeros_(module.bias)
        nn.init.zeros_(self.out.weight)

    def forward(self, x):
        up = lambda z: F.interpolate(z, scale_factor=2.0, mode="bilinear", align_corners=False)
        e2 = self.e2(F.pixel_unshuffle(x - 0.5, 2))
        e4 = self.e4(e2)
        d4 = self.c4(self.bend(e4 + up(self.t4(self.e8(e4)))))
        d2 = self.c2(self.bend(e2 + up(self.t2(d4))))
        y = F.pixel_shuffle(self.out(d2), 2)
        gain, offset, factors = y[:, :1], y[:, 1:2], y[:, 2:]
        return torch.cat([1 + gain, offset, REACH * torch.tanh(factors)], 1)


def coefficients(answer, guide, model):
    """The linear model with the refiner's answer in it: N x 4 x h x w (factors for red, green, blue; offset)."""
    gain, offset, factors = answer[:, :1], answer[:, 1:2], answer[:, 2:]
    return torch.cat([gain * model[:, :3] + factors, gain * model[:, 3:] + offset - (factors * guide).sum(1, keepdim=True)], 1)
