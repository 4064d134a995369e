"""Run a deployed ONNX network on a photo much as the service does: letterboxed, never squashed, and a second time mirrored if asked to."""
import cv2
import numpy as np
import onnxruntime as ort

from geometry import letterbox


class Matter:
    """Calls give alpha at photo size, head box (x0, y0, x1, y1 in photo pixels), head score, pet probability or None."""

    def __init__(self, path, side=320, threads=1, mirrored_side=None):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.outputs = [o.name for o in self.session.get_outputs()]
        self.side, self.mirrored_side = side, mirrored_side

    def run(self, tensor):
        return dict(zip(self.outputs, self.session.run(None, {self.input: tensor})))

    def __call__(self, rgb):
        alpha, out, across, down = self.ask(rgb, self.side)
        head = out["head"][0]
        pet = float(out["pet"][0, 0]) if "pet" in out else None
        if self.mirrored_side:
            # The mean, whole; the service leaves the outline to the larger answer.
            other, second, *_ = self.ask(np.ascontiguousarray(rgb[:, ::-1]), self.mirrored_side)
            alpha = (alpha + other[:, ::-1]) / 2
            pet = None if pet is None else (pet + float(second["pet"][0, 0])) / 2
        cx, cy, bw, bh = head[:4]
        box = [(cx - bw / 2) * across, (cy - bh / 2) * down, (cx + bw / 2) * across, (cy + bh / 2) * down]
        return alpha, box, float(head[4]), pet

    def ask(self, rgb, side):
        """One run: alpha at photo size, all outputs, and how many photo pixels the input is wide and high."""
        canvas, w, h = letterbox(rgb, side)
        height, width = rgb.shape[:2]
        out = self.run(canvas.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        alpha = cv2.resize(out["alpha"][0, 0, :h, :w], (width, height), interpolation=cv2.INTER_LINEAR)
        return alpha, out, canvas.shape[1] * width / w, canvas.shape[0] * height / h
