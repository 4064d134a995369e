"""The encoder's first weights, from a quantised DeepLab v3 with MobileNetV2 as a TensorFlow Lite file (Apache-2.0, see NOTICE).

    python tflite_weights.py ../../shared/models/deeplab_mnv2_quant_logits.tflite WORK/start.pt

Writes a checkpoint for `train.py --init`: the encoder from the file, everything else fresh. The file's batch norms are folded
into its convolutions, which run in the order of `Encoder.convolutions`; what follows the encoder in the file is not used.
"""
import argparse
from pathlib import Path

import numpy as np
import torch

import checkpoint
from encoder import Encoder
from model import PetNet

KINDS = {2: np.int32, 3: np.uint8, 9: np.int8}  # TensorType of the file format


def dequantised(model, graph, index):
    """A tensor that holds weights, as float32: scale * (stored - zero point), one scale for the whole tensor."""
    tensor = graph.Tensors(index)
    quantised = tensor.Quantization()
    scale, zero = quantised.ScaleAsNumpy(), quantised.ZeroPointAsNumpy() if quantised.ZeroPointLength() else np.zeros(1)
    if tensor.Type() not in KINDS or np.size(scale) != 1:
        raise ValueError(f"tensor {index} is not quantised by one scale")
    stored = np.frombuffer(model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes(), KINDS[tensor.Type()])
    return (stored.reshape(tensor.ShapeAsNumpy()).astype(np.float32) - float(zero[0])) * float(scale[0])


def convolutions(data):
    """Weight (as PyTorch lays it out) and bias of each convolution of the file, in the order in which they run."""
    import tflite  # needed for this one file only

    operator = tflite.BuiltinOperator
    model = tflite.Model.GetRootAsModel(data, 0)
    graph = model.Subgraphs(0)
    for k in range(graph.OperatorsLength()):
        op = graph.Operators(k)
        code = model.OperatorCodes(op.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if kind not in (operator.CONV_2D, operator.DEPTHWISE_CONV_2D):
            continue
        weight, bias = (dequantised(model, graph, op.Inputs(place)) for place in (1, 2))
        # Stored as out x h x w x in; depthwise ones as 1 x h x w x out.
        yield (weight.transpose(0, 3, 1, 2) if kind == operator.CONV_2D else weight[0].transpose(2, 0, 1)[:, None]), bias


@torch.no_grad()
def load_into(encoder, layers):
    """Raises ValueError where a layer has not the shape that the encoder expects."""
    layers = iter(layers)
    for k, target in enumerate(encoder.convolutions()):
        weight, bias = next(layers, (np.zeros(0), np.zeros(0)))
        if weight.shape != tuple(target.weight.shape):
            raise ValueError(f"convolution {k} has weights of shape {weight.shape}, not {tuple(target.weight.shape)}: another network?")
        target.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        target.bias.copy_(torch.from_numpy(bias))


def from_sketch(state):
    """The weights of the first trial (`pretrained-1.pt`), whose encoder numbered its convolutions by their place in the file."""
    order = sorted(int(name.split(".")[-1]) for name in state if name.startswith("enc.w."))
    places = [name for name, m in Encoder().named_modules() if isinstance(m, torch.nn.Conv2d)]
    renamed = {name: value for name, value in state.items() if not name.startswith("enc.")}
    for place, number in zip(places, order, strict=True):
        renamed[f"encoder.{place}.weight"], renamed[f"encoder.{place}.bias"] = state[f"enc.w.{number}"], state[f"enc.b.{number}"]
    return renamed


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("source", help="the TensorFlow Lite file, or the first trial's checkpoint (.pt)")
    p.add_argument("out")
    args = p.parse_args()
    net = PetNet()
    if args.source.endswith(".pt"):
        checkpoint.save_small(args.out, from_sketch(checkpoint.load(args.source)["ema"]))
    else:
        load_into(net.encoder, convolutions(Path(args.source).read_bytes()))
        checkpoint.save_small(args.out, net.state_dict())


if __name__ == "__main__":
    main()
