"""Checkpoints: full ones to resume exactly, and small fp16 ones (averaged weights only) to keep in git."""
import os

import torch

VERSION = 1


def save_full(path, model, ema, optimizer, **state):
    """Atomic, so that a kill while writing leaves the previous checkpoint whole."""
    temporary = f"{path}.tmp"
    torch.save(dict(version=VERSION, model=model.state_dict(), ema=ema.state_dict(),
                    optimizer=optimizer.state_dict(), **state), temporary)
    os.replace(temporary, path)


def save_small(path, ema_state, **state):
    half = {k: v.half() if v.is_floating_point() else v for k, v in ema_state.items()}
    torch.save(dict(version=VERSION, ema=half, **state), path)


def load(path):
    return torch.load(path, map_location="cpu", weights_only=True)
