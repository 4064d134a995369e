"""Step-based schedules. Nothing here reads a clock: the run may be paused, starved or resumed at will.

Learning rate: warm-up, constant, then decay to zero over the last part of `steps`. Because it is
constant before the decay, a later session can extend a run by raising `steps` and resuming from a
checkpoint taken before the decay began, or cut it short by lowering `steps`.
"""
import math

# From this fraction of the run on: probability of each training size. The last quarter is at shipping sizes.
SIZE_MIX = (
    (0.00, {256: 0.50, 320: 0.40, 384: 0.10}),
    (0.75, {320: 0.80, 384: 0.20}),
)
BATCH = {256: 28, 320: 20, 384: 14}  # about equal cost a step
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
