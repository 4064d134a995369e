"""Train PetNet. Start from the weights that tflite_weights.py writes, or resume a run exactly:

    python train.py --pets ../shared/pets --work WORK --init WORK/start.pt --steps 9000
    python train.py --pets ../shared/pets --work WORK --steps 9000          # WORK/last.pt exists: resumes

The schedule counts steps, never seconds: the process may be paused (SIGSTOP), starved or killed.
SIGTERM saves after the step under way and ends the run; the same command then goes on where it stopped.
"""
import argparse
import copy
import json
import os
import resource
import signal
import time
from pathlib import Path

import numpy as np
import torch

import checkpoint
import schedule
from cut_outs import CutOuts
from dataset import Pets, build_cache
from losses import losses
from model import PetNet, load_weights
from no_pet_photos import NoPetPhotos
from sampler import Loader
from validation import validate

LOG_EVERY, SAVE_EVERY, VALIDATE_EVERY = 25, 50, 500
LARGEST_CUT_OUT = 640
ENCODER_RATE = 0.1  # its learning rate, as a share of the others'


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pets", required=True, help="folder with labelled/ and pseudo/")
    p.add_argument("--work", required=True, help="cache, checkpoints and log; outside the repository")
    p.add_argument("--init", help="weights to start from when there is no checkpoint to resume")
    p.add_argument("--no-pet", help="folder of JPEGs without an animal, as negatives; see no_pet_photos.py")
    p.add_argument("--cut-outs", help="folder of drawn animals without a place (draw_pets --cut-outs)")
    p.add_argument("--steps", type=int, default=9000)
    p.add_argument("--decay", type=float, default=0.35, help="last part of the run over which the learning rate falls")
    p.add_argument("--lr", type=float, default=1.2e-3)
    p.add_argument("--frozen", type=int, default=3, help="so many of the encoder's first blocks, and its stem, keep their weights; -1: none does")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--compile", action="store_true", help="fuse the network's small operations: half the CPU time a step, "
                   "for half a CPU minute at the first batch of each of nine sizes; needs a C++ compiler")
    p.add_argument("--pid-file", help="write the process id here, for whoever wants to pause the run")
    return p.parse_args()


def make_optimizer(model, lr):
    """AdamW; the encoder learns slowly, and biases and batch-norm scales do not decay."""
    encoder = {id(p) for p in model.encoder.parameters()}

    def group(of_encoder, decays):
        chosen = [p for p in model.parameters() if p.requires_grad and (id(p) in encoder) == of_encoder and (p.ndim > 1) == decays]
        return dict(params=chosen, weight_decay=(0.01 if of_encoder else 0.03) if decays else 0, share=ENCODER_RATE if of_encoder else 1)

    groups = [group(of_encoder, decays) for of_encoder in (False, True) for decays in (True, False)]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=lr, betas=(0.9, 0.99), fused=True)


@torch.no_grad()
def update_average(ema, model, decay):
    torch._foreach_lerp_(list(ema.parameters()), list(model.parameters()), 1 - decay)
    for mean, current in zip(ema.buffers(), model.buffers()):
        if mean.dtype.is_floating_point:
            mean.lerp_(current, 1 - decay)
        else:
            mean.copy_(current)


class Log:
    """One line per event, on stdout and in WORK/train.log."""

    def __init__(self, path):
        self._file = open(path, "a", buffering=1)

    def __call__(self, **fields):
        line = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in fields.items()})
        print(line, flush=True)
        self._file.write(line + "\n")


def main():
    args = arguments()
    work = Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    if args.pid_file:
        Path(args.pid_file).write_text(f"{os.getpid()}\n")
    log = Log(work / "train.log")
    torch.set_num_threads(args.threads)
    build_cache(args.pets, work / "cache")
    train_set, val_pseudo = (Pets(args.pets, work / "cache", s) for s in ("train", "val_pseudo"))

    train_set.without = NoPetPhotos(args.no_pet) if args.no_pet else None
    train_set.cut_outs = CutOuts(args.cut_outs, LARGEST_CUT_OUT) if args.cut_outs else None

    model = PetNet()
    last, step, seen, cpu_before = work / "last.pt", 0, 0, 0.0
    resumed = checkpoint.load(last) if last.exists() else None
    if resumed is None and args.init:
        load_weights(model, checkpoint.load(args.init)["ema"])
    model.encoder.freeze(args.frozen)
    model = model.to(args.device, memory_format=torch.channels_last)
    ema = copy.deepcopy(model).eval()
    optimizer = make_optimizer(model, args.lr)
    if resumed:
        model.load_state_dict(resumed["model"])
        ema.load_state_dict(resumed["ema"])
        optimizer.load_state_dict(resumed["optimizer"])
        step, seen, cpu_before = resumed["step"], resumed["seen"], resumed["cpu_seconds"]
    torch.manual_seed(args.seed + step)
    log(event="start", step=step, steps=args.steps, train=len(train_set), labelled=int(train_set.labelled.sum()),
        heads=int((~np.isnan(train_set.head[:, 0])).sum()), val_pseudo=len(val_pseudo),
        relabelled=train_set.agreement is not None,
        without=len(train_set.without or ()), cut_outs=len(train_set.cut_outs or ()), device=args.device)

    loader = Loader(train_set, seed=args.seed * 1_000_003 + step, mix=schedule.size_mix(step / args.steps))
    sums, since, since_cpu = {}, seen, time.process_time()

    def save(path):
        checkpoint.save_full(path, model, ema, optimizer, step=step, seen=seen, steps=args.steps, lr=args.lr,
                             decay=args.decay, cpu_seconds=cpu_before + time.process_time())

    def judge():
        log(event="validate", step=step, seen=seen, **validate(ema, val_pseudo, device=args.device))

    run = model
    if args.compile:
        torch._dynamo.config.recompile_limit = 32   # one graph a batch size, rather than a slower one for all
        torch._dynamo.config.automatic_dynamic_shapes = False
        run = torch.compile(model, dynamic=False)

    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    model.train()
    if step == 0:
        judge()  # where we start from
    while step < args.steps:
        progress = step / args.steps
        loader.mix, loader.hard = schedule.size_mix(progress), progress < schedule.EASY_FROM
        lr = schedule.learning_rate(step, args.steps, args.lr, decay=args.decay)
        for group in optimizer.param_groups:
            group["lr"] = lr * group["share"]
        batch = loader.next().to(args.device)
        with torch.autocast(args.device, dtype=torch.bfloat16):
            logits = run(batch.image)
        terms = losses(logits, batch)
        optimizer.zero_grad(set_to_none=True)
        sum(terms.values()).backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        step, seen = step + 1, seen + len(batch.image)
        if not torch.isfinite(norm):
            log(event="skipped", step=step, reason="gradient is not finite")
            continue
        optimizer.step()
        update_average(ema, model, schedule.ema_decay(step))
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if step % LOG_EVERY == 0:
            cpu = time.process_time()
            log(event="train", step=step, seen=seen, lr=lr, images_per_cpu_second=(seen - since) / (cpu - since_cpu),
                rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                **{k: v / LOG_EVERY for k, v in sums.items()})
            sums, since, since_cpu = {}, seen, cpu
        if step % SAVE_EVERY == 0:
            save(last)
        # Kept for whoever wants to run longer: the last weights before the learning rate starts to fall.
        if step == int((1 - args.decay) * args.steps):
            save(work / "before_decay.pt")
        if step % VALIDATE_EVERY == 0:
            judge()
            since, since_cpu = seen, time.process_time()
        if stopping:
            save(last)
            log(event="stopped", step=step, seen=seen)
            return
    save(last)
    judge()
    log(event="done", step=step, seen=seen)


if __name__ == "__main__":
    main()
