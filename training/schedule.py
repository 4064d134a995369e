"""Step-based schedules. Nothing here reads a clock: the run may be paused, starved or resumed at will.

Learning rate: warm-up, constant, then decay to zero over the last part of `steps`. Because it is
constant before the decay, a later session can extend a run by raising `steps` and resuming from a
checkpoint taken before the decay began, or cut it short by lowering `steps`.
"""
import math

# From this fraction of the run on: probability of each training size. 320 is the first look's, 224 the mirrored one's.
SIZE_MIX = (
    (0.00, {224: 0.15, 256: 0.35, 320: 0.45, 384: 0.05}),
    (0.70, {224: 0.10, 320: 0.80, 384: 0.10}),
)
BATCH = {224: 32, 256: 24, 320: 16, 384: 11}  # about equal cost a step
EASY_FROM = 0.88                     # the last steps see gentler augmentation, closer to real photos


def learning_rate(step, steps, peak, warmup=100, decay=0.35):
    if step < warmup:
        return peak * (step + 1) / warmup
    start = (1 - decay) * steps
    if step <= start:
        return peak
    return peak * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - start) / (steps - start)))) + peak * 0.002


def size_mix(progress):
    return [mix for start, mix in SIZE_MIX if progress >= start][-1]


def ema_decay(step, longest=0.998):
    return min(longest, (step + 1) / (step + 20))
