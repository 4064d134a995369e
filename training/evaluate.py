"""Compare deployed networks on the labelled photos that were kept out of training, and on pictures without a pet.

    python evaluate.py --pets ../shared/pets pet-matte-3.onnx pet-matte-4.onnx

Prints a Markdown table. IoU (alpha > 0.5) and absolute error are taken over known pixels (trimap 1 or 2).
"raw" is the network's alpha; "clean" adds the smoothstep and the largest component that follow it in the service.
"""
import argparse
import time
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np

import photometric
import scenes
from dataset import SIDE, UNKNOWN, fresh_stems, kept_out_stems, mask_path, read_judged, read_manifest, split_rows
from inference import Matter
from postprocess import clean
from validation import TYPICAL_ASPECT, box_iou

FACE_LINES = (0.1, 0.2, 0.35, 0.5)  # the service trusts a head from 0.35
NO_PET = Path(__file__).with_name("no_pet.txt")


def load(pets, stem):
    labelled = Path(pets) / "labelled"
    rgb = cv2.imread(str(labelled / "images" / f"{stem}.jpg"), cv2.IMREAD_COLOR)[..., ::-1]
    trimap = cv2.imread(str(labelled / "trimaps" / f"{stem}.png"), cv2.IMREAD_GRAYSCALE)
    xml, head = labelled / "heads" / f"{stem}.xml", None
    if xml.exists():
        box = ElementTree.parse(xml).find(".//bndbox")
        head = [int(box.find(k).text) for k in ("xmin", "ymin", "xmax", "ymax")]
    return np.ascontiguousarray(rgb), trimap, head


def background_crops(pets, stems):
    """Pictures without a pet: the largest stretch of each photo that the trimap calls background all through."""
    for stem in stems:
        rgb, trimap, _ = load(pets, stem)
        ys, xs = np.where(trimap != 2)
        height, width = trimap.shape
        sides = [(0, 0, xs.min(), height), (xs.max() + 1, 0, width, height), (0, 0, width, ys.min()), (0, ys.max() + 1, width, height)]
        x0, y0, x1, y1 = max(sides, key=lambda s: (s[2] - s[0]) * (s[3] - s[1]))
        if min(x1 - x0, y1 - y0) >= 48:
            yield np.ascontiguousarray(rgb[y0:y1, x0:x1])


def bodies(pets, stems):
    """Animals without a face: the part of each photo with a head box, beside, above or below it, that shows most of the animal."""
    for stem in stems:
        rgb, trimap, head = load(pets, stem)
        if head is None:
            continue
        height, width = trimap.shape
        x0, y0, x1, y1 = head
        mx, my = round(0.15 * (x1 - x0)), round(0.15 * (y1 - y0))
        sides = [(0, 0, x0 - mx, height), (x1 + mx, 0, width, height), (0, 0, width, y0 - my), (0, y1 + my, width, height)]
        shown = lambda s: (trimap[max(0, s[1]):max(0, s[3]), max(0, s[0]):max(0, s[2])] == 1).sum()
        best = max(sides, key=shown)
        if min(best[2] - best[0], best[3] - best[1]) >= 80 and shown(best) > 0.4 * (trimap == 1).sum():
            yield np.ascontiguousarray(rgb[best[1]:best[3], best[0]:best[2]])


def generated_scenes(count, seed=77):
    rng = np.random.default_rng(seed)
    return [scenes.generated(rng, 400, 320) for _ in range(count)]


def corpus_pictures(folder):
    """The pictures of no_pet.txt: people, places, things, drawings, text, broken files."""
    for name in (line for line in NO_PET.read_text().split("\n") if line and not line.startswith("#")):
        bgr = cv2.imread(str(Path(folder) / name), cv2.IMREAD_COLOR)
        if bgr is None:
            raise SystemExit(f"{name} of no_pet.txt cannot be read in {folder}: is this the corpus, and can this OpenCV read its format?")
        yield np.ascontiguousarray(bgr[..., ::-1])


def shrink(rgb, side=480):
    """Degradations are tuned for small pictures."""
    scale = side / max(rgb.shape[:2])
    return rgb if scale >= 1 else cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def matte_figures(alpha, trimap):
    known, truth, found = trimap != UNKNOWN, trimap == 1, alpha > 0.5
    iou = (found & truth & known).sum() / max(1, ((found | truth) & known).sum())
    return iou, np.abs(alpha - truth)[known].mean()


def photo_rows(matter, pets, stems, degradation=None):
    """Figures per photo; `degradation` names a function of photometric.py, applied with a seed per photo."""
    rows = []
    for seed, stem in enumerate(stems):
        rgb, trimap, head = load(pets, stem)
        if degradation:
            rgb = np.ascontiguousarray(getattr(photometric, degradation)(np.random.default_rng(seed), shrink(rgb)))
            rgb = cv2.resize(rgb, trimap.shape[::-1], interpolation=cv2.INTER_LINEAR)
        alpha, box, score, pet = matter(rgb)
        rows.append(dict(raw=matte_figures(alpha, trimap), clean=matte_figures(clean(alpha), trimap),
                         head=box_iou(box, head) if head else None, score=score, pet=pet))
    return rows


def other_breeds(matter, pets):
    """Figures on the photos of other breeds, against the labels that teachers voted and people judged. Trained on by nobody."""
    judged, source, rows = read_judged(pets), Path(pets) / "pseudo", []
    for stem in (row["stem"] for row in split_rows(read_manifest(pets))["val_pseudo"]):
        if judged.get(stem, ("voted",))[0] == "none":
            continue
        square = cv2.imread(str(source / "images" / f"{stem}.webp"), cv2.IMREAD_COLOR)[..., ::-1]
        label = cv2.imread(str(mask_path(source, stem, judged)), cv2.IMREAD_GRAYSCALE)
        photo = cv2.resize(square, (SIDE, round(SIDE / TYPICAL_ASPECT)), interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(matter(photo)[0], (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        trimap = np.where(label > 127, 1, 2)
        rows.append(dict(raw=matte_figures(alpha, trimap), clean=matte_figures(clean(alpha), trimap), head=None))
    return rows


def table_row(name, subset, stage, rows):
    iou, mae = np.array([r[stage] for r in rows]).T
    heads = np.array([r["head"] for r in rows if r["head"] is not None])
    head = f"{heads.mean():.3f} ({(heads > 0.5).mean():.0%} > 0.5, n={len(heads)})" if len(heads) else ""
    return (f"| {name} | {subset} | {stage} | {iou.mean():.3f} | {np.median(iou):.3f} | {np.percentile(iou, 10):.3f} | {mae.mean():.4f} | {head} |")


def seconds_per_run(matters, runs=25):
    """Median seconds of one thread on one square, for each network; taken in turns, so that what else runs slows all alike."""
    x, times = np.random.default_rng(0).random((1, 3, 320, 320), dtype=np.float32), [[] for _ in matters]
    for _ in range(runs):
        for matter, own in zip(matters, times):
            start = time.thread_time()
            matter.run(x)
            own.append(time.thread_time() - start)
    return [float(np.median(own)) for own in times]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pets", required=True)
    p.add_argument("--side", type=int, default=320)
    p.add_argument("--mirrored-side", type=int, help="average with the mirrored photo at this size, as the service does at 224")
    p.add_argument("--fresh", action="store_true", help="look at the photos of fresh.txt too: once per release, when everything is chosen")
    p.add_argument("--pet-threshold", type=float, default=0.5)
    p.add_argument("--degrade", choices=("darken", "haze", "overexpose", "side_light", "motion_blur"), help="spoil the photos first")
    p.add_argument("--corpus", help="folder with the pictures that no_pet.txt names, to be judged too")
    p.add_argument("models", nargs="+")
    args = p.parse_args()
    groups = {"kept out": kept_out_stems()} | ({"fresh": fresh_stems()} if args.fresh else {})
    kept_out, lines, rates, faces = groups["kept out"], [], [], []
    without = [("background crops", list(background_crops(args.pets, kept_out))), ("generated scenes", generated_scenes(100))]
    if args.corpus:
        without.append(("corpus pictures", list(corpus_pictures(args.corpus))))
    for path in args.models:
        matter, name = Matter(path, args.side, mirrored_side=args.mirrored_side), Path(path).stem
        found = {group: photo_rows(matter, args.pets, stems, args.degrade) for group, stems in groups.items()}
        if not args.degrade:
            found["other breeds"] = other_breeds(matter, args.pets)
        lines += [table_row(name, f"{group}, {len(rows)}", stage, rows) for group, rows in found.items() for stage in ("raw", "clean")]
        with_face = np.array([r["score"] for r in found["kept out"]])
        without_face = np.array([matter(picture)[2] for picture in bodies(args.pets, kept_out)])
        faces.append(f"| {name} | " + " | ".join(f"{(with_face < line).mean():.0%} / {(without_face < line).mean():.0%}" for line in FACE_LINES) + " |")
        # Without a `pet` output the head score is the only hint that there is an animal.
        verdict = lambda score, pet: score if pet is None else pet
        positives = np.array([verdict(r["score"], r["pet"]) for r in found["kept out"]])
        for label, pictures in without:
            answers = [matter(picture) for picture in pictures]
            passed = np.array([verdict(a[2], a[3]) for a in answers]) > args.pet_threshold
            area = np.mean([(a[0] > 0.5).mean() for a in answers])
            rates.append(f"| {name} | {'pet' if 'pet' in matter.outputs else 'head score'} | {(positives > args.pet_threshold).mean():.1%} "
                         f"| {label}, {len(pictures)} | {passed.mean():.1%} | {area:.1%} |")
    print(f"Input {args.side}{f', and mirrored at {args.mirrored_side}' if args.mirrored_side else ''}{f', photos spoilt by {args.degrade}' if args.degrade else ''}\n")
    print("| network | photos | stage | IoU mean | median | p10 | MAE | head box IoU |\n|---|---|---|---|---|---|---|---|")
    print("\n".join(lines))
    print("\n| network | verdict by | photos with a pet pass | pictures without | pass | area called pet |\n|---|---|---|---|---|---|")
    print("\n".join(rates))
    print(f"\nHead score below a line: {len(kept_out)} kept-out photos / {len(without_face)} bodies cut from them without their heads\n")
    print("| network | " + " | ".join(map(str, FACE_LINES)) + " |\n|---|" + "---|" * len(FACE_LINES))
    print("\n".join(faces))
    seconds = seconds_per_run([Matter(path) for path in args.models])
    print("\nCPU time of one run at 320 x 320, one thread, in turns:",
          ", ".join(f"{Path(path).stem} {1e3 * s:.1f} ms ({s / seconds[0]:.2f} of the first)" for path, s in zip(args.models, seconds)))


if __name__ == "__main__":
    main()
