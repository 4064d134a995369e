"""Fast checks that need neither photos nor a trained network: python -m unittest discover -s training/tests"""
import json
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import dataset
import describe
import export
import fur
import losses
import occluders
import photometric
import postprocess
import scenes
import schedule
import subjects
from model import Deploy, PetNet, moments_box, peak_component


def heat_with_boxes(*boxes, side=20):
    """A heat map that is `value` in each (x0, y0, x1, y1, value) cell range."""
    heat = torch.zeros(1, 1, side, side)
    for x0, y0, x1, y1, value in boxes:
        heat[..., y0:y1, x0:x1] = value
    return heat


class DrawnPets:
    """One drawn photo in place of the data set: a disc on a plain ground, with a person's face beside it."""

    people = np.array([[0, 0.7, 0.1, 0.9, 0.3]], np.float32)
    aspect, box = np.array([1.2]), np.array([[0.1, 0.3, 0.6, 0.8]], np.float32)

    def __len__(self): return 1
    def draw(self, rng): return 0
    def image(self, i): return np.full((dataset.SIDE, dataset.SIDE, 3), 90, np.uint8)
    def mask(self, i): return self._disc(dataset.SIDE)
    def mask_half(self, i): return self._disc(dataset.HALF)

    @staticmethod
    def _disc(side):
        y, x = np.mgrid[0:side, 0:side] / side
        return (((x - 0.35) ** 2 + (y - 0.55) ** 2 < 0.06) * 255).astype(np.uint8)


class HeadBox(unittest.TestCase):
    def test_moments_recover_a_uniform_box(self):
        cx, cy, w, h = moments_box(heat_with_boxes((4, 6, 10, 14, 1.0)))[0].tolist()
        for got, wanted in zip((cx, cy, w, h), (0.35, 0.5, 0.3, 0.4)):
            self.assertAlmostEqual(got, wanted, delta=0.01)

    def test_a_second_answer_does_not_stretch_the_box(self):
        heat = heat_with_boxes((2, 2, 6, 6, 1.0), (14, 14, 18, 18, 0.9))
        cx, _, w, _ = moments_box(peak_component(heat))[0].tolist()
        self.assertAlmostEqual(cx, 0.2, delta=0.01)
        self.assertLess(w, 0.25)

    def test_a_dark_map_gives_finite_numbers(self):
        self.assertTrue(torch.isfinite(moments_box(peak_component(torch.zeros(1, 1, 8, 8)))).all())


class Schedule(unittest.TestCase):
    def test_learning_rate_warms_up_holds_and_falls(self):
        rate = lambda step: schedule.learning_rate(step, 1000, 1.0, warmup=100, decay=0.4)
        self.assertLess(rate(0), 0.02)
        self.assertEqual(rate(100), 1.0)
        self.assertEqual(rate(600), 1.0)
        self.assertLess(rate(999), 0.01)

    def test_last_quarter_is_at_shipping_sizes(self):
        self.assertGreaterEqual(min(schedule.size_mix(0.8)), 320)

    def test_sizes_have_batches_and_fit_the_stride(self):
        for progress in (0.0, 0.9):
            mix = schedule.size_mix(progress)
            self.assertAlmostEqual(sum(mix.values()), 1)
            for side in mix:
                self.assertIn(side, schedule.BATCH)
                self.assertEqual(side % 32, 0)


class Losses(unittest.TestCase):
    def test_coverage_of_half_a_cell(self):
        got = losses.coverage(torch.tensor([0.25]), torch.tensor([0.75]), 2)
        self.assertTrue(torch.allclose(got, torch.tensor([[0.5, 0.5]])))

    def test_only_teachers_labels_are_overruled(self):
        logit, target = torch.full((2, 1, 1, 1), -8.0), torch.ones(2, 1, 1, 1)
        teacher, truth = losses.forgiving_bce(logit, target, torch.tensor([True, False])).flatten().tolist()
        self.assertLess(teacher, truth)

    def test_no_pet_asks_for_a_dark_head_map_and_no_box(self):
        heat, box = losses.head_losses(torch.full((1, 1, 4, 4), -9.0), torch.tensor([[0, 0, 0, 0, 0.5]]))
        self.assertLess(float(heat), 1e-3)
        self.assertEqual(float(box), 0.0)


class Pictures(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(0)

    def test_generated_scenes_have_the_asked_size(self):
        for _ in range(20):
            scene = scenes.generated(self.rng, 96, 64)
            self.assertEqual((scene.shape, scene.dtype), ((64, 96, 3), np.uint8))

    def test_degraded_photos_keep_shape_and_type(self):
        picture = self.rng.integers(0, 256, (64, 96, 3)).astype(np.uint8)
        for _ in range(100):
            out = photometric.degrade(self.rng, picture)
            self.assertEqual((out.shape, out.dtype), (picture.shape, np.uint8))

    def test_a_leash_is_drawn_outside_and_on_the_pet(self):
        alpha = np.zeros((96, 96), np.uint8)
        alpha[30:80, 30:70] = 255
        out = occluders.paste_leash(self.rng, np.zeros((96, 96, 3), np.uint8), alpha)
        self.assertTrue(out[alpha == 0].any())

    def test_strands_add_to_the_matte_what_they_cover_and_no_more(self):
        """White strands on black over an empty matte: what the photo shows is the alpha."""
        alpha = np.zeros((96, 96), np.uint8)
        alpha[30:80, 30:70] = 255
        image = np.repeat(alpha[..., None], 3, 2)
        for _ in range(10):
            out, matte = fur.grow_fur(self.rng, image, alpha)
            self.assertTrue((matte >= alpha).all())
            self.assertGreater((matte > alpha).sum(), 0)
            # The strands are a little darker or lighter than the pet, never more than it was tinted.
            self.assertTrue((out[alpha == 0].max(1) <= matte[alpha == 0].astype(int) + 1).all())

    def test_whiskers_show_as_far_as_they_count(self):
        alpha, image = np.zeros((128, 128), np.uint8), np.zeros((128, 128, 3), np.uint8)
        out, matte = fur.draw_whiskers(self.rng, image, alpha, np.array([0.2, 0.2, 0.8, 0.8, 1.0]))
        self.assertGreater((matte > 0).sum(), 50)
        self.assertTrue((out[matte == 0] == 0).all())

    def test_a_subject_takes_the_pet_it_hides_out_of_the_matte(self):
        alpha = np.zeros((96, 96), np.uint8)
        alpha[60:90, 5:90] = 255
        changed = 0
        for _ in range(30):
            image, left = subjects.paste_subject(DrawnPets(), self.rng, np.zeros((96, 96, 3), np.uint8), alpha)
            self.assertTrue((left <= alpha).all())
            self.assertGreaterEqual((left > 127).sum(), 0.6 * (alpha > 127).sum())
            changed += bool(image.any())
        self.assertGreater(changed, 5)

    def test_pictures_with_a_subject_have_the_asked_size(self):
        for _ in range(30):
            picture = subjects.crowd_of(DrawnPets(), self.rng, 96, 64)
            self.assertEqual((picture.shape, picture.dtype), ((64, 96, 3), np.uint8))

    def test_clean_keeps_the_largest_part_only(self):
        alpha = np.zeros((100, 100), np.float32)
        alpha[10:60, 10:60], alpha[80:90, 80:90] = 1, 1
        out = postprocess.clean(alpha)
        self.assertEqual(out[30, 30], 1)
        self.assertEqual(out[85, 85], 0)


class KeptOut(unittest.TestCase):
    def test_a_hundred_photos_stay_out(self):
        stems = dataset.kept_out_stems()
        self.assertEqual(len(set(stems)), 100)
        rows = [dict(stem=s, split="train") for s in stems + ["other_1"]] + [dict(stem="other_2", split="val_pseudo")]
        split = dataset.split_rows(rows)
        self.assertEqual([r["stem"] for r in split["train"]], ["other_1"])
        self.assertEqual(len(split["kept_out"]), 100)


class Export(unittest.TestCase):
    def test_graph_matches_the_network_and_names_its_outputs(self):
        torch.manual_seed(0)
        net = PetNet().eval()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "net.onnx"
            export.export(net, path, "1", {"training_steps": "0"})
            self.assertLess(max(export.check_parity(net, path).values()), 1e-3)
            self.assertLess(path.stat().st_size, 9_000_000)
            [said] = [json.loads(e.value) for e in onnx.load(path).metadata_props if e.key == describe.KEY]
            self.assertEqual((said["name"], said["version"], said["pet_output"]), ("net", "1", "pet"))
            self.assertTrue(said["licence"])

    def test_alpha_has_the_input_size(self):
        alpha, head, pet = Deploy(PetNet().eval())(torch.rand(1, 3, 64, 96))
        self.assertEqual((tuple(alpha.shape), tuple(head.shape), tuple(pet.shape)), ((1, 1, 64, 96), (1, 5), (1, 1)))


if __name__ == "__main__":
    unittest.main()
