"""Export the refiner as the ONNX file that the worker embeds.

    python refiner_export.py WORK/refiner.pt ../crates/pipeline/models/pet-refiner-2.onnx --version 2
"""
import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch

from refiner_model import INPUTS, STRIDE, Refiner

OPSET = 17
LICENCE = "Apache-2.0; trained on photos of the Oxford-IIIT Pet data set (CC BY-SA 4.0)"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("out", type=Path)
    p.add_argument("--version", default="1")
    args = p.parse_args()
    state = torch.load(args.checkpoint, weights_only=True)
    net = Refiner()
    net.load_state_dict(state["net"])
    net.eval()
    axes = {2: "h", 3: "w"}
    torch.onnx.export(net, (torch.rand(1, INPUTS, 64, 64),), str(args.out), opset_version=OPSET, dynamo=False,
                      input_names=["fitted"], output_names=["correction"], dynamic_axes={"fitted": axes, "correction": axes})
    model = onnx.load(args.out)
    said = {"name": args.out.stem, "version": args.version, "licence": LICENCE, "training_steps": state["step"], "multiple": STRIDE,
            "inputs": ["red", "green", "blue", "coarse matte", "outline", "alpha of the linear model"],
            "outputs": ["gain", "offset", "factor of red", "of green", "of blue"]}
    onnx.helper.set_model_props(model, {"headshot.refiner": json.dumps(said)})
    onnx.checker.check_model(model)
    onnx.save(model, args.out)
    session = ort.InferenceSession(str(args.out), providers=["CPUExecutionProvider"])
    for height, width in ((64, 64), (8, 8), (560, 448)):
        x = torch.rand(1, INPUTS, height, width)
        with torch.inference_mode():
            worst = np.abs(session.run(None, {"fitted": x.numpy()})[0] - net(x).numpy()).max()
        assert worst < 1e-3, f"{worst} apart at {height} x {width}"
    print(f"{args.out}: {args.out.stat().st_size} bytes, step {state['step']}")


if __name__ == "__main__":
    main()
