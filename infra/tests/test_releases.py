"""infra/deploy and infra/rollback over fakes of gcloud and Terraform, and a small web server in place of the service."""

import hashlib
import http.server
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import threading
import unittest
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REPOSITORY = "europe-west1-docker.pkg.dev/perkie-test/headshot"


def png(width: int, height: int) -> bytes:
    """Its upper half visible, 300 dpi: what infra/smoke wants of an artefact."""
    rows = b"".join(b"\0" + (b"\x40\xff" if y < height // 2 else b"\0\0") * width for y in range(height))
    chunks = {b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 4, 0, 0, 0), b"pHYs": struct.pack(">IIB", 11811, 11811, 1),
              b"IDAT": zlib.compress(rows, 1), b"IEND": b""}  # fmt: skip
    framed = (struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


PICTURES = {"preview": png(1280, 1600), "print": png(2400, 3000)}


class Service(http.server.BaseHTTPRequestHandler):
    """Takes any photo and has its headshot ready at once. As on Cloud Run, addresses that end in z are not its own."""

    broken = False
    tokens: list[str | None] = []

    def do_GET(self):
        name = self.path.rpartition("/")[2].removesuffix(".png")
        if self.path.endswith("z"):
            self.answer(404, b"<html>not found</html>", "text/html")
        elif name in PICTURES:
            self.answer(200, PICTURES[name], "image/png")
        elif self.path.startswith("/headshot/"):
            outputs = [{"rendition": name, "sha256": hashlib.sha256(picture).hexdigest()} for name, picture in PICTURES.items()]
            links = {f"{name}_url": f"/files/{name}.png" for name in PICTURES}
            self.answer(200, json.dumps({"status": "done", "attempt": 1, "outputs": outputs, **links}).encode())
        else:
            self.answer(200, b'{"service": "headshot-api"}')

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.tokens.append(self.headers.get("authorization"))
        if self.broken:
            self.answer(503, b'{"code": "records_unavailable", "detail": "away"}')
        else:
            self.answer(202, b'{"job_id": "a-job"}')

    def answer(self, status: int, body: bytes, kind: str = "application/json"):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Releases(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.photo = self.folder / "photo.jpg"
        self.photo.write_bytes(b"a photo")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        Service.broken, Service.tokens = False, []
        self.file = self.folder / "cloud.json"
        settings = {"project": "perkie-test", "region": "europe-west1", "name": "headshot", "gpu": False, "public": True,
                    "writers": ["serviceAccount:headshot-build@perkie-test.iam.gserviceaccount.com"]}  # fmt: skip
        self.write({"settings": settings, "outputs": {}, "images": [], "calls": [], "url": f"http://127.0.0.1:{server.server_port}"})

    def write(self, cloud: dict):
        self.file.write_text(json.dumps(cloud))

    def cloud(self) -> dict:
        return json.loads(self.file.read_text())

    def change(self, **values):
        self.write(self.cloud() | values)

    def run_script(self, name: str, *arguments: object, root: pathlib.Path = ROOT) -> subprocess.CompletedProcess:
        fakes = ROOT / "infra/tests/fakes"
        # A hook of git's runs tests with its own repository in the environment, which is not always the one that is meant here.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") and key != "HEADSHOT_TOKEN"}
        environment |= {"PATH": f"{fakes}:{os.environ['PATH']}", "FAKE_CLOUD": str(self.file), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [root / "infra" / name, *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def deploy(self, *arguments: object, status: int = 0) -> str:
        done = self.run_script("deploy", self.photo, "--yes", "--allow-dirty", *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def checkout(self) -> pathlib.Path:
        """A repository of its own, with everything committed that infra/deploy runs."""
        root = self.folder / "checkout"
        (root / "infra").mkdir(parents=True)
        (root / "terraform").mkdir()
        (root / "crates").mkdir()
        for name in ("deploy", "releases.py", "smoke", "headshot_client.py"):
            shutil.copy(ROOT / "infra" / name, root / "infra" / name)
        (root / "crates/lib.rs").write_text("")
        nobody = ["-c", "user.name=nobody", "-c", "user.email=nobody@perkie.example", "-c", "commit.gpgsign=false"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        for words in (["init", "-q"], ["add", "-A"], [*nobody, "commit", "-q", "-m", "all of it"]):
            subprocess.run(["git", "-c", "core.hooksPath=none", *words], cwd=root, check=True, env=environment)
        return root

    def live_tags(self) -> list[str]:
        return [tag for image in self.cloud()["images"] for tag in image["tags"] if tag.startswith("live-")]

    def rollback(self, *arguments: object, status: int = 0) -> str:
        done = self.run_script("rollback", "--yes", *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def running(self) -> dict:
        return self.cloud()["outputs"]["images"]

    def release(self, tag: str) -> dict:
        """A release that was live at the time of the tag, made by hand because real ones need a second each."""
        cloud = self.cloud()
        images = {}
        for program in ("api", "worker"):
            digest = "sha256:" + hashlib.sha256(f"{program} {tag}".encode()).hexdigest()
            name = f"{REPOSITORY}/headshot-{program}"
            cloud["images"].append({"package": name, "version": digest, "tags": [f"r{tag}", tag]})
            images[program] = f"{name}@{digest}"
        self.write(cloud | {"outputs": {"images": images, "api_url": cloud["url"]}})
        return images

    def test_the_first_deployment_makes_the_registry_builds_applies_digests_and_sends_a_photo(self):
        said = self.deploy()
        calls = self.cloud()["calls"]
        applies = [call for call in calls if call[:2] == ["terraform", "apply"]]
        self.assertIn("-target=google_artifact_registry_repository.images", applies[0])
        self.assertFalse(any("-target" in word for word in applies[1]))
        for image in self.running().values():
            self.assertRegex(image, rf"^{REPOSITORY}/headshot-(api|worker)@sha256:[0-9a-f]{{64}}$")
        submit = next(call for call in calls if call[1:3] == ["builds", "submit"])
        self.assertIn("_ACCELERATOR=cpu", submit[-1])
        account = "headshot-build@perkie-test.iam.gserviceaccount.com"
        self.assertIn(f"--service-account=projects/perkie-test/serviceAccounts/{account}", submit)
        self.assertIn("--gcs-source-staging-dir=gs://perkie-test-headshot-build/source", submit)
        self.assertIn("the service works", said)
        live = [image for image in self.cloud()["images"] if any(tag.startswith("live-") for tag in image["tags"])]
        self.assertEqual(len(live), 2)

    def test_a_later_deployment_leaves_the_registry_alone_and_says_how_to_go_back(self):
        before = self.release("live-20260101t000000z")
        said = self.deploy()
        self.assertFalse(any("-target" in word for call in self.cloud()["calls"] for word in call))
        self.assertIn(f"infra/rollback --api-image={before['api']} --worker-image={before['worker']}", said)

    def test_what_stays_out_of_the_images_is_no_reason_to_stop(self):
        root = self.checkout()
        (root / "terraform/.terraform.lock.hcl").write_text("# as terraform init leaves it\n")
        (root / "your-dog.jpg").write_bytes(b"a photo")
        done = self.run_script("deploy", root / "your-dog.jpg", "--yes", root=root)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        submit = next(call for call in self.cloud()["calls"] if call[1:3] == ["builds", "submit"])
        self.assertNotIn("-dirty", " ".join(submit))

    def test_what_no_commit_has_does_not_go_into_the_images(self):
        root = self.checkout()
        for change in ("crates/lib.rs", "crates/new.rs", "infra/smoke"):
            before = (root / change).read_text() if (root / change).exists() else None
            (root / change).write_text("# changed\n" if before is None else before + "\n")
            done = self.run_script("deploy", self.photo, "--yes", root=root)
            self.assertEqual(done.returncode, 1, change)
            self.assertIn(change, done.stderr)
            if before is None:
                (root / change).unlink()
            else:
                (root / change).write_text(before)
        self.assertFalse(any(call[1:3] == ["builds", "submit"] for call in self.cloud()["calls"]))

    def test_a_first_apply_that_an_alert_cut_short_is_ended_with_the_same_images_and_is_live_then(self):
        self.change(alerts_fail=True)
        self.assertIn("--same-images", self.deploy(status=1))
        self.assertEqual(self.live_tags(), [])
        self.change(alerts_fail=False)
        self.deploy("--same-images")
        self.assertEqual(len(self.live_tags()), 2)
        # Once is enough.
        self.deploy("--same-images")
        self.assertEqual(len(self.live_tags()), 2)
        self.assertEqual(sum(call[1:3] == ["builds", "submit"] for call in self.cloud()["calls"]), 1)

    def test_who_builds_must_be_allowed_to_push(self):
        self.change(settings=self.cloud()["settings"] | {"writers": []})
        self.assertIn("image_writers", self.deploy(status=1))
        self.assertFalse(any(call[1:3] == ["builds", "submit"] or call[1] == "apply" for call in self.cloud()["calls"]))

    def test_a_failed_build_changes_nothing(self):
        before = self.release("live-20260101t000000z")
        self.change(build_fails=True)
        self.assertIn("nothing has changed", self.deploy(status=1))
        self.assertEqual(self.running(), before)

    def test_a_service_that_does_not_work_is_said_and_not_marked_live(self):
        self.release("live-20260101t000000z")
        Service.broken = True
        said = self.deploy(status=1)
        self.assertIn("does not work", said)
        self.assertIn("infra/rollback --api-image=", said)
        self.assertFalse(any("tags" in call and "add" in call for call in self.cloud()["calls"]))

    def test_a_dry_run_changes_nothing(self):
        before = self.release("live-20260101t000000z")
        said = self.deploy("--dry-run")
        self.assertIn("would run: gcloud builds submit", said)
        self.assertIn("would run: terraform", said)
        self.assertEqual(self.running(), before)
        self.assertFalse(any(call[:2] == ["terraform", "apply"] or call[1:3] == ["builds", "submit"] for call in self.cloud()["calls"]))

    def test_the_same_images_are_applied_again_without_a_build(self):
        before = self.release("live-20260101t000000z")
        self.deploy("--same-images")
        self.assertEqual(self.running(), before)
        self.assertFalse(any(call[1:3] == ["builds", "submit"] for call in self.cloud()["calls"]))

    def test_a_gpu_has_images_of_its_own(self):
        self.change(settings=self.cloud()["settings"] | {"gpu": True})
        self.deploy()
        self.assertIn(f"{REPOSITORY}/headshot-worker-cuda@", self.running()["worker"])
        submit = next(call for call in self.cloud()["calls"] if call[1:3] == ["builds", "submit"])
        self.assertIn("_ACCELERATOR=cuda", submit[-1])

    def test_an_api_that_is_not_public_gets_a_token_which_is_not_printed(self):
        for login in ("person", "service account"):
            Service.tokens.clear()
            self.change(settings=self.cloud()["settings"] | {"public": False}, login=login)
            said = self.deploy(*(["--same-images"] if self.cloud()["images"] else []))
            self.assertEqual(Service.tokens, ["Bearer a-token"])
            self.assertNotIn("a-token", said)
            self.assertNotIn("Invalid account type", said)

    def test_without_a_token_an_api_that_is_not_public_is_not_called_broken(self):
        self.release("live-20260101t000000z")
        self.change(settings=self.cloud()["settings"] | {"public": False}, login="nobody")
        said = self.deploy(status=1)
        self.assertIn("no identity token", said)
        self.assertNotIn("does not work", said)
        self.assertIn("infra/rollback --api-image=", said)
        self.assertEqual((Service.tokens, len(self.live_tags())), ([], 2))

    def test_a_rollback_goes_to_the_release_before_and_again_to_the_one_before_that(self):
        first, second, third = (self.release(f"live-2026010{day}t000000z") for day in (1, 2, 3))
        self.assertEqual(self.running(), third)
        self.rollback()
        self.assertEqual(self.running(), second)
        self.rollback("--photo", self.photo)
        self.assertEqual(self.running(), first)
        self.assertIn("no earlier release", self.rollback(status=1))

    def test_a_release_that_never_worked_goes_back_to_the_last_that_did(self):
        good = self.release("live-20260101t000000z")
        Service.broken = True
        self.deploy(status=1)
        self.assertNotEqual(self.running(), good)
        self.rollback()
        self.assertEqual(self.running(), good)

    def test_a_rollback_takes_digests_and_nothing_else(self):
        first, second = (self.release(f"live-2026010{day}t000000z") for day in (1, 2))
        self.rollback(f"--worker-image={first['worker']}")
        self.assertEqual(self.running(), {"api": second["api"], "worker": first["worker"]})
        self.assertIn("by digest", self.rollback(f"--api-image={REPOSITORY}/headshot-api:latest", status=1))

    def test_a_dry_rollback_and_the_list_change_nothing(self):
        _, second = (self.release(f"live-2026010{day}t000000z") for day in (1, 2))
        self.assertIn("would run: terraform", self.rollback("--dry-run"))
        self.assertIn("live-20260102t000000z  (running)", self.rollback("--list"))
        self.assertEqual(self.running(), second)

    @unittest.skipUnless(shutil.which("terraform"), "Terraform is not installed")
    def test_terraform_itself_answers_what_its_variables_come_to(self):
        module = self.folder / "module"
        module.mkdir()
        names = ("project_id", "region", "name", "worker_gpu", "api_public", "image_writers", "api_image", "worker_image")
        (module / "variables.tf").write_text("".join(f'variable "{name}" {{}}\n' for name in names))
        (module / "terraform.tfvars").write_text('project_id = "p"\nregion = "r"\nname = "n"\nworker_gpu = true\napi_public = false\n'
                                                   'image_writers = ["serviceAccount:b@p"]\n')  # fmt: skip
        commands = [f"sys.path.insert(0, {str(ROOT / 'infra')!r})", "from releases import *",
                    f"print(Installation(Commands(True), pathlib.Path({str(module)!r}), True).settings)"]  # fmt: skip
        path = f"{self.folder}/only-gcloud:{os.environ['PATH']}"
        (self.folder / "only-gcloud").mkdir()
        (self.folder / "only-gcloud/gcloud").symlink_to(ROOT / "infra/tests/fakes/gcloud")
        done = subprocess.run(["python3", "-c", "import sys, pathlib; " + "; ".join(commands)], env=os.environ | {"PATH": path},
                              capture_output=True, text=True)  # fmt: skip
        self.assertEqual(done.stdout.strip(), str({"gpu": True, "name": "n", "project": "p", "public": False, "region": "r", "writers": ["serviceAccount:b@p"]}),
                         done.stderr)  # fmt: skip


if __name__ == "__main__":
    unittest.main()
