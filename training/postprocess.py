"""The clean-up that the service applies to the coarse matte before refinement, so that figures can include it."""
import cv2
import numpy as np

LOW, HIGH = 0.15, 0.85


def smoothstep(alpha, low=LOW, high=HIGH):
    t = np.clip((alpha - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def largest_component(alpha, level=0.5):
    """Zero everything that does not hang together with the largest part above `level`."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > level).astype(np.uint8))
    if count <= 2:
        return alpha
    keep = (labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())).astype(np.uint8)
    reach = max(3, round(0.01 * max(alpha.shape)) * 2 + 1)
    return alpha * cv2.dilate(keep, np.ones((reach, reach), np.uint8))  # the soft rim belongs to the part


def clean(alpha):
    return largest_component(smoothstep(alpha)).astype(np.float32)
