"""The encoder: MobileNetV2 (Sandler 2018) down to 1/16, the last blocks dilated, as in DeepLab v3.

Its first weights are those of a published network (`tflite_weights.py`, NOTICE). They come with batch norms folded into
them, so that there are none here.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

# Output channels, stride, dilation of each inverted residual, and how many times the input's channels it works on.
BLOCKS = (
    (16, 1, 1, 1),
    (24, 2, 1, 6), (24, 1, 1, 6),
    (32, 2, 1, 6), (32, 1, 1, 6), (32, 1, 1, 6),
    (64, 2, 1, 6), (64, 1, 1, 6), (64, 1, 1, 6), (64, 1, 1, 6),
    (96, 1, 1, 6), (96, 1, 1, 6), (96, 1, 1, 6),
    (160, 1, 1, 6), (160, 1, 2, 6), (160, 1, 2, 6),
    (320, 1, 2, 6),
)
TAPS = (0, 2, 5, 12, 16)            # blocks whose outputs the decoder reads: 1/2, 1/4, 1/8, 1/16, 1/16
CHANNELS = tuple(BLOCKS[k][0] for k in TAPS)
STEM = 32


class DepthwiseGradient(torch.autograd.Function):
    """A depthwise convolution whose gradient takes paths that a CPU has fast code for.

    In bfloat16 the library's own gradient is six times slower where the stride or the dilation is not 1.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, stride, dilation):
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.dilation = stride, dilation
        return F.conv2d(x, weight, bias, stride, dilation, dilation, x.shape[1])

    @staticmethod
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        channels, stride, dilation = x.shape[1], ctx.stride, ctx.dilation

        def library(dtype, wanted):
            return torch.ops.aten.convolution_backward(
                gradient.to(dtype), x.to(dtype), weight.to(dtype), None, [stride] * 2, [dilation] * 2, [dilation] * 2, False, [0, 0],
                channels, wanted)

        if dilation > 1:
            to_x = F.conv2d(gradient, weight.flip(2, 3), None, 1, dilation, dilation, channels)
            to_weight = library(torch.float32, [False, True, False])[1]
        else:
            to_x = library(torch.float32, [True, False, False])[0] if ctx.needs_input_grad[0] else None
            to_weight = library(x.dtype, [False, True, False])[1]
        return to_x if to_x is None else to_x.to(x.dtype), to_weight.to(weight.dtype), gradient.sum((0, 2, 3)).to(weight.dtype), None, None


class Depthwise(nn.Conv2d):
    """A 3 x 3 convolution of each channel by itself."""

    def __init__(self, channels, stride, dilation):
        super().__init__(channels, channels, 3, stride, dilation, dilation, groups=channels)

    def forward(self, x):
        if not torch.is_grad_enabled() or x.is_cuda or self.stride == self.dilation:
            return super().forward(x)
        kind = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        return DepthwiseGradient.apply(x.to(kind), self.weight.to(kind), self.bias.to(kind), self.stride[0], self.dilation[0])


def activated(convolution):
    return nn.Sequential(convolution, nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    """Wider, filtered channel by channel, narrower again; added to the input where the shapes agree."""

    def __init__(self, c_in, c_out, stride, dilation, expand):
        super().__init__()
        wide = c_in * expand
        layers = [activated(nn.Conv2d(c_in, wide, 1))] if expand > 1 else []
        self.layers = nn.Sequential(*layers, activated(Depthwise(wide, stride, dilation)), nn.Conv2d(wide, c_out, 1))
        self.skips = stride == 1 and c_in == c_out

    def forward(self, x):
        return x + self.layers(x) if self.skips else self.layers(x)


class Encoder(nn.Module):
    """N x 3 x H x W in -1..1 -> features at 1/2 (16 channels), 1/4 (24), 1/8 (32), 1/16 (96) and 1/16 (320)."""

    def __init__(self):
        super().__init__()
        self.stem = activated(nn.Conv2d(3, STEM, 3, 2, 1))
        channels = [STEM, *(c for c, *_ in BLOCKS)]
        self.blocks = nn.ModuleList(InvertedResidual(c_in, *block) for c_in, block in zip(channels, BLOCKS))

    def forward(self, x):
        x, taps = self.stem(x), []
        for k, block in enumerate(self.blocks):
            x = block(x)
            if k in TAPS:
                taps.append(x)
        return taps

    def convolutions(self):
        """In the order in which they run, which is also that of the published file."""
        return [m for m in self.modules() if isinstance(m, nn.Conv2d)]

    def freeze(self, blocks):
        """The stem and so many blocks (none and no stem below zero) keep their weights: a third of a step's cost, and they hardly change."""
        for part in (self.stem, *self.blocks[:blocks]) if blocks >= 0 else ():
            part.requires_grad_(False)
