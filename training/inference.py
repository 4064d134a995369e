"""Run a deployed ONNX network on a photo the way the service does: letterboxed, never squashed."""
import cv2
import numpy as np
import onnxruntime as ort

from geometry import FILL


class Matter:
    """Calls give alpha at photo size, head box (x0, y0, x1, y1 in photo pixels), head score, pet probability or None."""

    def __init__(self, path, side=320, threads=1, flip=False):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.outputs = [o.name for o in self.session.get_outputs()]
        self.side, self.flip = side, flip

    def run(self, tensor):
        return dict(zip(self.outputs, self.session.run(None, {self.input: tensor})))

    def __call__(self, rgb):
        height, width = rgb.shape[:2]
        scale = self.side / max(height, width)
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        x, y = (self.side - w) // 2, (self.side - h) // 2
        canvas = np.empty((self.side, self.side, 3), np.uint8)
        canvas[:] = FILL
        canvas[y:y + h, x:x + w] = cv2.resize(rgb, (w, h), interpolation=cv2.INTER_AREA)
        tensor = canvas.transpose(2, 0, 1)[None].astype(np.float32) / 255
        out = self.run(tensor)
        alpha, head = out["alpha"][0, 0], out["head"][0]
        pet = float(out["pet"][0, 0]) if "pet" in out else None
        if self.flip:
            alpha = (alpha + self.run(np.ascontiguousarray(tensor[..., ::-1]))["alpha"][0, 0, :, ::-1]) / 2
        alpha = cv2.resize(alpha[y:y + h, x:x + w], (width, height), interpolation=cv2.INTER_LINEAR)
        cx, cy, bw, bh = (float(v) * self.side for v in head[:4])
        box = [(cx - bw / 2 - x) / scale, (cy - bh / 2 - y) / scale, (cx + bw / 2 - x) / scale, (cy + bh / 2 - y) / scale]
        return alpha, box, float(head[4]), pet
