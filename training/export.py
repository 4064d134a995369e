"""Export the averaged weights of a checkpoint as the ONNX file that the service embeds.

    python export.py WORK/last.pt pet-matte-1.onnx --small checkpoints/pet-matte-1.pt
"""
import argparse
import copy
import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch.nn.utils.fusion import fuse_conv_bn_eval

import checkpoint
from describe import describe
from model import ConvBN, Deploy, PetNet, load_weights

OPSET = 17


def fold_batch_norm(module):
    """Fold every batch norm into its convolution, in place."""
    for child in module.children():
        if isinstance(child, ConvBN):
            child[0], child[1] = fuse_conv_bn_eval(child[0], child[1]), torch.nn.Identity()
        else:
            fold_batch_norm(child)


def deployable(net):
    net = copy.deepcopy(net).eval()
    fold_batch_norm(net)
    net.aux = net.cls = net.presence = None  # training only
    return Deploy(net).eval()


def provenance(state):
    return {"training_steps": str(state.get("step", "")), "training_images": str(state.get("seen", ""))}


def export(net, path, version, properties):
    graph = deployable(net)
    torch.onnx.export(graph, (torch.rand(1, 3, 320, 320),), str(path), opset_version=OPSET, dynamo=False,
                      input_names=["image"], output_names=["alpha", "head", "pet"],
                      dynamic_axes={"image": {2: "h", 3: "w"}, "alpha": {2: "h", 3: "w"}})
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, properties)
    describe(model, Path(path).stem, version)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return graph


def check_parity(net, path):
    """Largest difference to the unfolded PyTorch network at several sizes."""
    reference, session = Deploy(net).eval(), ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = {}
    for height, width in ((320, 320), (256, 320), (384, 384), (512, 320), (32, 64)):
        x = torch.rand(1, 3, height, width)
        with torch.inference_mode():
            wanted = reference(x)
        for name, a, b in zip(("alpha", "head", "pet"), wanted, session.run(None, {"image": x.numpy()})):
            if a.shape != b.shape:
                raise SystemExit(f"{name} is {b.shape}, expected {tuple(a.shape)}")
            worst[name] = max(worst.get(name, 0.0), float(np.abs(a.numpy() - b).max()))
    return worst


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("onnx")
    p.add_argument("--small", help="also write the fp16 checkpoint to keep in git here")
    p.add_argument("--version", default="1")
    args = p.parse_args()
    state = checkpoint.load(args.checkpoint)
    net = PetNet()
    load_weights(net, state["ema"])
    net.eval()
    torch.manual_seed(0)
    export(net, args.onnx, args.version, provenance(state))
    data = Path(args.onnx).read_bytes()
    print(f"{args.onnx}: {len(data) / 1e6:.2f} MB, sha256 {hashlib.sha256(data).hexdigest()}")
    print("largest difference to PyTorch:", {k: f"{v:.1e}" for k, v in check_parity(net, args.onnx).items()})
    if args.small:
        Path(args.small).parent.mkdir(parents=True, exist_ok=True)
        keep = {k: state[k] for k in ("step", "seen", "steps", "lr", "decay", "cpu_seconds") if k in state}
        checkpoint.save_small(args.small, state["ema"], **keep)
        print(f"{args.small}: {Path(args.small).stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
