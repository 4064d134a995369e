"""The description of a network that the service reads: JSON in the metadata of its ONNX file.

    python describe.py NETWORK.onnx VERSION         # puts it in, or puts another in its place; weights and graph stay as they are

`docs/other-models.md` explains the fields. What a network gives besides alpha is taken from its outputs.
"""
import json
import sys
from pathlib import Path

import onnx

from geometry import FILL

KEY = "headshot.model"
LICENCE = "Apache-2.0; trained on photos of the Oxford-IIIT Pet data set (CC BY-SA 4.0)"


def description(name, version, outputs):
    said = {
        "name": name, "version": version, "licence": LICENCE,
        "long_side": 320, "mirrored_side": 320, "multiple": 32, "fill": list(FILL),
        "channels": "rgb", "mean": [0, 0, 0], "std": [1, 1, 1],  # ImageNet's are inside the graph
        "alpha_output": "alpha", "activation": "none",
    }
    said |= {f"{output}_output": output for output in ("head", "pet") if output in outputs}
    return said


def describe(model, name, version):
    """Puts the description into a loaded model, in place of one that is there."""
    said = description(name, version, {output.name for output in model.graph.output})
    entry = next((e for e in model.metadata_props if e.key == KEY), None) or model.metadata_props.add(key=KEY)
    entry.value = json.dumps(said)
    return said


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    path, version = Path(sys.argv[1]), sys.argv[2]
    model = onnx.load(path)
    print(json.dumps(describe(model, path.stem, version), indent=2))
    onnx.save(model, path)


if __name__ == "__main__":
    main()
