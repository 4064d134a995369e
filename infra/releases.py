"""What infra/deploy and infra/rollback share: the settings of terraform/, the registry, and how both commands are run.

A release is a pair of images that went live together and passed the smoke test. Both of them then get the same tag,
live-TIME, so that the registry itself knows what can be gone back to, from whichever machine.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIVE = re.compile(r"live-\d{8}t\d{6}z")
NO_IMAGE = f"none/none@sha256:{'0' * 64}"
DIGEST = re.compile(r"[a-z0-9.-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}")


def stop(text: str) -> None:
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {text}")


def say(text: str) -> None:
    print(f"== {text}", flush=True)


@dataclass(frozen=True)
class Images:
    """What runs, or shall run: two images by digest."""

    api: str
    worker: str


class Commands:
    """Runs gcloud, terraform and what else is asked for. In a dry run, only what changes nothing."""

    def __init__(self, dry: bool):
        self.dry = dry

    def read(self, *words: object, stdin: str | None = None, quiet: bool = False) -> str | None:
        """The output of a command that changes nothing; None if it fails, which it says itself unless it shall be quiet."""
        errors = subprocess.DEVNULL if quiet else None
        done = subprocess.run([str(word) for word in words], input=stdin, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT)
        return done.stdout.strip() if done.returncode == 0 else None

    def change(self, *words: object, environment: dict[str, str] | None = None) -> bool:
        """Runs a command that changes something, in the open; whether it succeeded."""
        words = [str(word) for word in words]
        if self.dry:
            print(f"would run: {shlex.join(words)}", flush=True)
            return True
        print(f"$ {shlex.join(words)}", flush=True)
        return subprocess.run(words, cwd=ROOT, env=os.environ | (environment or {})).returncode == 0


class Installation:
    """One installation: what terraform/ is set to, and what it says is running."""

    def __init__(self, commands: Commands, terraform: pathlib.Path, yes: bool):
        for program in ("gcloud", "terraform", "git"):
            if not shutil.which(program):
                stop(f"{program} is not on the PATH")
        self.commands, self.yes = commands, yes
        self.chdir = f"-chdir={terraform}"
        # Asked of Terraform, which alone knows what its files, variables and defaults come to.
        names = {"project": "project_id", "region": "region", "name": "name", "gpu": "worker_gpu", "public": "api_public",
                 "writers": "image_writers"}  # fmt: skip
        wanted = ", ".join(f"{ours} = var.{theirs}" for ours, theirs in names.items())
        # The images may not be set anywhere: this script is what sets them.
        none = [f"-var={variable}={NO_IMAGE}" for variable in ("api_image", "worker_image")]
        answer = commands.read("terraform", self.chdir, "console", *none, stdin=f"jsonencode({{{wanted}}})\n")
        if not answer:
            stop(f"terraform does not know its variables. Is there a {terraform}/terraform.tfvars, and was `terraform init` run?")
        # A string that holds JSON, printed as a string.
        self.settings = json.loads(json.loads(answer))
        self.project, self.region = self.settings["project"], self.settings["region"]
        self.repository = f"{self.region}-docker.pkg.dev/{self.project}/{self.settings['name']}"
        # docs/deploy.md makes it: it is there before the first apply.
        self.builder = f"{self.settings['name']}-build@{self.project}.iam.gserviceaccount.com"
        # Built differently, so called differently: a rollback must not put the one where the other belongs.
        self.worker = "headshot-worker-cuda" if self.settings["gpu"] else "headshot-worker"

    def output(self, name: str):
        """One of Terraform's outputs; None before there is any."""
        answer = self.commands.read("terraform", self.chdir, "output", "-json")
        return (json.loads(answer or "{}").get(name) or {}).get("value")

    def running(self) -> Images | None:
        images = self.output("images")
        # Zeros are what the registry alone is applied with: no such images run.
        if not images or images["api"].endswith("0" * 64):
            return None
        return Images(images["api"], images["worker"])

    def apply(self, images: Images | None, *more: str) -> None:
        """`terraform apply`, which shows its plan and asks, unless --yes."""
        chosen = [f"-var=api_image={images.api}", f"-var=worker_image={images.worker}"] if images else []
        approve = ["-auto-approve"] if self.yes else []
        if not self.commands.change("terraform", self.chdir, "apply", *approve, *chosen, *more):
            stop("terraform did not apply all of it. What runs is what Cloud Run found ready; `terraform plan` says what is missing.\n"
                 "If an alert does not find its metric yet, wait ten minutes, then: infra/deploy PHOTO --same-images")  # fmt: skip

    def make_registry(self) -> None:
        """The one thing that must be there before the first image."""
        self.apply(Images(NO_IMAGE, NO_IMAGE), "-target=google_artifact_registry_repository.images",
                   "-target=google_artifact_registry_repository_iam_member.writers")  # fmt: skip

    def digest(self, package: str, release: str) -> str:
        """An image of the registry by digest."""
        name = f"{self.repository}/{package}"
        if self.commands.dry:
            return f"{name}@sha256:{'0' * 64}"
        describe = ["gcloud", "artifacts", "docker", "images", "describe", f"{name}:{release}", f"--project={self.project}"]
        digest = self.commands.read(*describe, "--format=value(image_summary.digest)") or ""
        if not DIGEST.fullmatch(f"{name}@{digest}"):
            stop(f"the registry does not know {name}:{release}")
        return f"{name}@{digest}"

    def mark_live(self, images: Images) -> None:
        """Remembers, in the registry, that these two went live together and work."""
        tag = time.strftime("live-%Y%m%dt%H%M%Sz", time.gmtime())
        for image in (images.api, images.worker):
            name = image.partition("@")[0]
            if not self.commands.change("gcloud", "artifacts", "docker", "tags", "add", image, f"{name}:{tag}", f"--project={self.project}"):
                print(f"{name} could not be tagged {tag}: a later rollback has to be told its digest", flush=True)

    def live_releases(self) -> list[tuple[str, Images]]:
        """What has been live, the latest first, with the tags that say so."""
        tagged = [self.live_tags(package) for package in ("headshot-api", self.worker)]
        both = sorted(tagged[0].keys() & tagged[1].keys(), reverse=True)
        return [(tag, Images(tagged[0][tag], tagged[1][tag])) for tag in both]

    def live_tags(self, package: str) -> dict[str, str]:
        name = f"{self.repository}/{package}"
        listed = self.commands.read("gcloud", "artifacts", "docker", "images", "list", name, "--include-tags",
                                    f"--project={self.project}", "--format=json")  # fmt: skip
        if listed is None:
            stop(f"the images of {name} cannot be listed")
        found = {}
        for image in json.loads(listed or "[]"):
            # A list in newer versions of gcloud, a sentence in older ones.
            for tag in LIVE.findall(" ".join(image["tags"]) if isinstance(image.get("tags"), list) else image.get("tags") or ""):
                found[tag] = f"{name}@{image['version']}"
        return found

    def smoke(self, photo: pathlib.Path | None) -> bool:
        """Sends a photo through what is live now; whether all is well."""
        if photo is None:
            print("No photo was given, so nothing was sent through it: infra/smoke URL PHOTO", flush=True)
            return True
        url = self.output("api_url") or "URL"
        closed = not self.settings["public"] and not self.commands.dry
        environment = {"HEADSHOT_TOKEN": self.identity_token(url)} if closed else {}
        return self.commands.change(ROOT / "infra/smoke", url, photo, environment=environment)

    def identity_token(self, url: str) -> str:
        """Says to Cloud Run who is calling: the caller's own token, or one of gcloud's."""
        gcloud = ("gcloud", "auth", "print-identity-token")
        # A service account's token has to name the API, and a person's cannot: gcloud refuses that.
        token = os.environ.get("HEADSHOT_TOKEN") or self.commands.read(*gcloud, f"--audiences={url}", quiet=True) or self.commands.read(*gcloud)
        if not token:
            stop(f"{url} is not public, and gcloud gives no identity token to call it with: it runs, and nothing was sent through it.\n"
                 "Log in as somebody of api_invokers or put a token into HEADSHOT_TOKEN, then: infra/deploy PHOTO --same-images")  # fmt: skip
        return token
