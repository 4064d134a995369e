"""Fast checks that need neither photos nor a trained network: python -m unittest discover -s training/tests"""
import importlib.util
import itertools
import json
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cut_outs
import dataset
import describe
import export
import encoder
import fur
import geometry
import losses
import occluders
import photometric
import postprocess
import refiner_model
import refiner_photos
import refiner_train
import sampler
import scenes
import schedule
import subjects
import tflite_weights
from model import Deploy, PetNet, Verdict, moments_box, peak_component
from presence import LINE, learnt_in_training

# Beside the repository where the data is.
PUBLISHED = Path(__file__).resolve().parents[3] / "shared/models/deeplab_mnv2_quant_logits.tflite"


def heat_with_boxes(*boxes, side=20):
    """A heat map that is `value` in each (x0, y0, x1, y1, value) cell range."""
    heat = torch.zeros(1, 1, side, side)
    for x0, y0, x1, y1, value in boxes:
        heat[..., y0:y1, x0:x1] = value
    return heat


class DrawnPets:
    """One drawn photo in place of the data set: a disc on a plain ground, with a person's face beside it."""

    people = np.array([[0, 0.7, 0.1, 0.9, 0.3]], np.float32)
    labelled = np.array([True])
    aspect, box = np.array([1.2]), np.array([[0.1, 0.3, 0.6, 0.8]], np.float32)

    def __len__(self): return 1
    def draw(self, rng): return 0
    def image(self, i): return np.full((dataset.SIDE, dataset.SIDE, 3), 90, np.uint8)
    def mask(self, i): return self._disc(dataset.SIDE)
    def image_half(self, i): return self.image(i)[::2, ::2]
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
        heat = heat_with_boxes((2, 2, 6, 6, 1.0), (14, 14, 18, 18, 0.99))
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

    def test_the_end_is_at_the_sizes_that_the_service_asks_at(self):
        self.assertTrue({224, 320} <= set(schedule.size_mix(0.8)))
        self.assertGreaterEqual(schedule.size_mix(0.8)[320], 0.75)

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


class Refined(unittest.TestCase):
    def test_a_fresh_refiner_changes_nothing(self):
        planes = torch.rand(1, 9, 32, 40)
        model = refiner_model.coefficients(refiner_model.Refiner()(refiner_train.inputs(planes)), planes[:, :3], planes[:, 5:9])
        self.assertTrue(torch.allclose(model, planes[:, 5:9], atol=1e-5))

    def test_factors_speak_of_how_a_pixel_differs_from_its_sample(self):
        guide, model = torch.full((1, 3, 8, 8), 0.4), torch.zeros(1, 4, 8, 8)
        answer = torch.tensor([1.0, 0.25, 2, 0, 0]).view(1, 5, 1, 1).expand(1, 5, 8, 8)
        said = refiner_model.coefficients(answer, guide, model)
        alpha = lambda red: float((said[0, 0] * red + said[0, 3])[0, 0])
        self.assertAlmostEqual(alpha(0.4), 0.25, places=5)
        self.assertAlmostEqual(alpha(0.5), 0.45, places=5)

    def test_where_alpha_is_cut_off_only_what_is_wrong_is_pulled_back(self):
        fitted = torch.tensor([[[[1.5, -0.5]]]], requires_grad=True)
        alpha = refiner_train.settle(fitted, torch.zeros(1, 1, 1, 2), leak=0.05)
        self.assertEqual(alpha.flatten().tolist(), [1.0, 0.0])
        alpha.sum().backward()
        self.assertTrue((fitted.grad > 0).all())

    def test_stray_hairs_cover_what_they_paint(self):
        alpha = np.zeros((400, 400), np.float32)
        alpha[120:300, 120:300] = 1
        colour = np.repeat(alpha[..., None], 3, 2) * 200
        painted, matte = refiner_photos.stray_hairs(np.random.default_rng(1), colour, alpha, np.full((400, 400, 3), 200.0))
        self.assertTrue((matte >= alpha - 1e-6).all() and (matte <= 1 + 1e-6).all())
        self.assertGreater((matte > alpha).sum(), 20)
        # Premultiplied: nothing is brighter than its alpha allows.
        self.assertTrue((painted.max(2) <= matte * 255 + 1e-2).all())


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


class Coats(unittest.TestCase):
    def test_a_cut_out_lands_in_the_frame_and_is_premultiplied(self):
        rgba = np.zeros((200, 150, 4), np.uint8)
        rgba[40:160, 30:120] = 200, 120, 60, 255
        for seed in range(8):
            colour, alpha = cut_outs.placed(np.random.default_rng(seed), rgba, 120, 160)
            self.assertEqual((colour.shape, alpha.shape), ((160, 120, 3), (160, 120)))
            self.assertGreater(alpha.mean(), 0.1)
            self.assertTrue((colour <= 255 * alpha[..., None] + 1e-3).all())

    def test_patches_are_of_another_coat_and_follow_the_light(self):
        light = np.linspace(80, 160, 96)[None, :, None].astype(np.float32) * np.ones((64, 1, 3), np.float32)
        changed = [np.abs(cut_outs.patched(np.random.default_rng(seed), light, np.ones((64, 96))) - light).max(2) > 8 for seed in range(12)]
        self.assertTrue(0.2 < np.mean(changed) < 0.8)
        patched = cut_outs.patched(np.random.default_rng(1), light, np.ones((64, 96)))
        self.assertTrue(((0 <= patched) & (patched <= 255)).all())


class Ahead(unittest.TestCase):
    def test_what_is_drawn_ahead_is_the_same_each_time_and_a_failure_reaches_who_waits(self):
        draw = lambda rng: int(rng.integers(1000))
        once, again = (list(itertools.islice(sampler.in_background(draw, [5, 0]), 20)) for _ in range(2))
        self.assertEqual(once, again)
        with self.assertRaises(ZeroDivisionError):
            next(sampler.in_background(lambda rng: 1 // 0, 1))


class Encoding(unittest.TestCase):
    def test_its_own_gradient_is_the_librarys(self):
        torch.manual_seed(0)
        for stride, dilation in ((2, 1), (1, 2)):
            layer, x = encoder.Depthwise(12, stride, dilation), torch.randn(2, 12, 16, 20, requires_grad=True)
            plain = torch.nn.functional.conv2d(x, layer.weight, layer.bias, stride, dilation, dilation, 12)
            inputs, outer = (x, layer.weight, layer.bias), torch.randn_like(plain)
            for got, wanted in zip(torch.autograd.grad(layer(x), inputs, outer), torch.autograd.grad(plain, inputs, outer)):
                self.assertTrue(torch.allclose(got, wanted, atol=1e-4))

    def test_frozen_blocks_get_no_gradient_and_the_rest_does(self):
        net = encoder.Encoder()
        net.freeze(3)
        net(torch.rand(1, 3, 64, 64))[-1].sum().backward()
        learns = [any(p.grad is not None for p in part.parameters()) for part in (net.stem, *net.blocks)]
        self.assertEqual(learns, [False] * 4 + [True] * (len(net.blocks) - 3))

    def test_features_have_the_channels_and_sizes_that_the_decoder_reads(self):
        got = [tuple(f.shape[1:]) for f in encoder.Encoder()(torch.rand(1, 3, 64, 96))]
        self.assertEqual(got, [(16, 32, 48), (24, 16, 24), (32, 8, 12), (96, 4, 6), (320, 4, 6)])

    def test_another_networks_weights_are_refused(self):
        with self.assertRaisesRegex(ValueError, "convolution 1 "):
            first = encoder.Encoder().stem[0]
            tflite_weights.load_into(encoder.Encoder(), [(first.weight.detach().numpy(), first.bias.detach().numpy())] * 2)

    @unittest.skipUnless(PUBLISHED.exists() and importlib.util.find_spec("tflite"), f"SKIPPED: needs {PUBLISHED} and the package tflite")
    def test_the_published_file_fills_the_encoder(self):
        """Its weights are those of one scale a layer: so many values at most, and none of the fresh ones is left."""
        net = encoder.Encoder()
        tflite_weights.load_into(net, tflite_weights.convolutions(PUBLISHED.read_bytes()))
        for layer in net.convolutions():
            self.assertLessEqual(len(layer.weight.unique()), 256)
        features = net(torch.rand(1, 3, 96, 96) * 2 - 1)
        self.assertTrue(all(f.std() > 0.05 for f in features))


class Verdicts(unittest.TestCase):
    def test_the_trunks_own_output_is_the_same_in_the_verdicts_form(self):
        torch.manual_seed(0)
        presence, verdict = torch.nn.Linear(12, 1), Verdict(6)
        alpha, heat, deepest = torch.randn(3, 1, 64, 64), torch.rand(3, 1, 4, 4), torch.randn(3, 6, 4, 4)
        own = presence(torch.cat([deepest.mean((2, 3)), deepest.amax((2, 3))], 1))
        learnt_in_training(verdict, presence)
        says = verdict(Verdict.features(alpha, heat, deepest))
        self.assertTrue(torch.allclose(says - own, torch.full_like(own, np.log((1 - LINE) / LINE)), atol=1e-4))


class Placing(unittest.TestCase):
    def test_a_photo_lies_at_the_top_left_of_the_smallest_canvas(self):
        canvas, width, height = geometry.letterbox(np.full((300, 400, 3), 200, np.uint8), 320)
        self.assertEqual((canvas.shape, width, height), ((256, 320, 3), 320, 240))
        self.assertTrue((canvas[:240] == 200).all() and (canvas[240:] == geometry.FILL).all())

    def test_a_head_outside_means_no_face_and_one_cut_in_half_means_nothing(self):
        head, matrix = np.array([0.1, 0.1, 0.3, 0.3, 0.8]), np.diag([100, 100, 1.0])
        moved = lambda x: np.array([[1, 0, x], [0, 1, 0], [0, 0, 1.0]]) @ matrix
        placed = lambda x: geometry.place_head(head, moved(x), 100, 100).round(4).astype(float).round(4).tolist()
        self.assertEqual(placed(0), [0.1, 0.1, 0.3, 0.3, 0.8])
        self.assertEqual(placed(-20), [0, 0, 0, 0, 0])
        self.assertEqual(placed(-35), [0, 0, 0, 0, 0.8])

    def test_a_body_is_shown_without_its_head(self):
        pets, rng = DrawnPets(), np.random.default_rng(2)
        pets.head = np.array([[0.12, 0.3, 0.3, 0.55, 1.0]])
        for _ in range(20):
            matrix = geometry.body_placement(pets, rng, 0, 96, 64)
            self.assertEqual(geometry.place_head(pets.head[0], matrix, 96, 64).tolist(), [0, 0, 0, 0, 1])
            self.assertGreater((geometry.warp_photo(pets, 0, matrix, 96, 64)[1] > 127).mean(), 0.05)


class Labels(unittest.TestCase):
    def test_two_hundred_photos_stay_out(self):
        kept_out, fresh = dataset.kept_out_stems(), dataset.fresh_stems()
        self.assertEqual((len(set(kept_out)), len(set(fresh)), len(set(kept_out + fresh))), (100, 100, 200))
        rows = [dict(stem=s, split="train") for s in kept_out + fresh + ["other_1"]] + [dict(stem="other_2", split="val_pseudo")]
        split = dataset.split_rows(rows)
        self.assertEqual([r["stem"] for r in split["train"]], ["other_1"])
        self.assertEqual((len(split["kept_out"]), len(split["fresh"])), (100, 100))

    def test_the_label_that_was_judged_the_better_is_read(self):
        judged = {"a": ("other", True), "b": ("voted", False)}
        read = [dataset.mask_path(Path("pseudo"), stem, judged).parent.name for stem in "abc"]
        self.assertEqual(read, ["better", "masks", "masks"])

    def test_photos_without_a_face_are_not_among_those_that_judge(self):
        self.assertFalse(set(dataset.stems_of(dataset.NO_FACE)) & set(dataset.kept_out_stems() + dataset.fresh_stems()))


class Export(unittest.TestCase):
    def test_graph_matches_the_network_and_names_its_outputs(self):
        torch.manual_seed(0)
        net = PetNet().eval()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "net.onnx"
            export.export(net, path, "1", {"training_steps": "0"})
            self.assertLess(max(export.check_parity(net, path).values()), 1e-3)
            self.assertLess(path.stat().st_size, 9_500_000)
            [said] = [json.loads(e.value) for e in onnx.load(path).metadata_props if e.key == describe.KEY]
            self.assertEqual((said["name"], said["version"], said["pet_output"]), ("net", "1", "pet"))
            self.assertTrue(said["licence"])

    def test_alpha_has_the_input_size(self):
        alpha, head, pet = Deploy(PetNet().eval())(torch.rand(1, 3, 64, 96))
        self.assertEqual((tuple(alpha.shape), tuple(head.shape), tuple(pet.shape)), ((1, 1, 64, 96), (1, 5), (1, 1)))


if __name__ == "__main__":
    unittest.main()
