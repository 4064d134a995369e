"""infra/replay-dead-letters against Google's own Pub/Sub emulator, which the Google Cloud CLI carries and which needs Java."""

import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROJECT = "headshot-local"


def emulator_jar() -> pathlib.Path | None:
    roots = [os.environ.get("CLOUDSDK_ROOT"), "/usr/lib/google-cloud-sdk", "/usr/share/google-cloud-sdk", "/opt/google-cloud-sdk"]
    for root in filter(None, roots):
        for jar in pathlib.Path(root).glob("platform/pubsub-emulator/lib/cloud-pubsub-emulator-*.jar"):
            return jar
    return None


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@unittest.skipUnless(emulator_jar() and shutil.which("java"), "SKIPPED: the Pub/Sub emulator or Java is not installed")
class Replay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = f"127.0.0.1:{free_port()}"
        cls.log = tempfile.TemporaryFile()
        port = cls.host.partition(":")[2]
        main = ["-cp", emulator_jar(), "com.google.cloud.pubsub.testing.v1.Main", "--host=127.0.0.1", f"--port={port}"]
        cls.emulator = subprocess.Popen(["java", "-Xmx256m", *main], stdout=cls.log, stderr=cls.log)
        cls.addClassCleanup(cls.log.close)
        cls.addClassCleanup(cls.emulator.wait)
        cls.addClassCleanup(cls.emulator.kill)
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://{cls.host}/", timeout=2)
                break
            except OSError:
                if cls.emulator.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.3)

    def setUp(self):
        # Its own names for each test: nothing of one is left for the next.
        self.prefix = f"t{uuid.uuid4().hex[:8]}"
        for kind in ("tasks", "dead-letters"):
            topic = f"projects/{PROJECT}/topics/{self.prefix}-{kind}"
            self.call("PUT", f"topics/{self.prefix}-{kind}", {})
            self.call("PUT", f"subscriptions/{self.prefix}-{kind}", {"topic": topic, "ackDeadlineSeconds": 60})

    def call(self, method: str, path: str, body: dict) -> dict:
        request = urllib.request.Request(
            f"http://{self.host}/v1/projects/{PROJECT}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def dead_letter(self, job: str, **attributes: str) -> bytes:
        # The odd spaces would not survive being parsed and written again.
        body = f'{{"v": 1,  "job_id":"{job}", "orig_bucket": "b", "orig_key": "{job}/original"}}'.encode()
        self.publish_dead(body, attributes)
        return body

    def publish_dead(self, body: bytes, attributes: dict[str, str]):
        message = {"data": base64.b64encode(body).decode(), "attributes": attributes}
        self.call("POST", f"topics/{self.prefix}-dead-letters:publish", {"messages": [message]})

    def received(self, kind: str) -> list[dict]:
        """What the subscription holds; it is acknowledged."""
        messages = []
        for _ in range(3):
            body = {"maxMessages": 100, "returnImmediately": True}
            answer = self.call("POST", f"subscriptions/{self.prefix}-{kind}:pull", body).get("receivedMessages", [])
            if answer:
                self.call("POST", f"subscriptions/{self.prefix}-{kind}:acknowledge", {"ackIds": [each["ackId"] for each in answer]})
            messages += [each["message"] for each in answer]
        return messages

    def replay(self, *arguments: str, status: int = 0) -> str:
        environment = os.environ | {"PUBSUB_EMULATOR_HOST": self.host, "PROJECT_ID": PROJECT}
        command = [ROOT / "infra/replay-dead-letters", f"--prefix={self.prefix}", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_looking_changes_nothing(self):
        job = str(uuid.uuid4())
        self.dead_letter(job, v="1", reason="out of attempts", delivery_attempt="5")
        for _ in range(2):
            said = self.replay("--job", job)
            self.assertIn(f"* {job}", said)
            self.assertIn("out of attempts", said)
            self.assertIn("nothing was changed", said)
        self.assertEqual(self.received("tasks"), [])
        self.assertEqual(len(self.received("dead-letters")), 1)

    def test_a_chosen_job_goes_back_to_the_queue_as_it_was_and_the_others_stay(self):
        chosen, other = str(uuid.uuid4()), str(uuid.uuid4())
        trace = f"00-{uuid.uuid4().hex}-00f067aa0ba902b7-01"
        body = self.dead_letter(chosen, v="1", traceparent=trace, reason="r", original_message_id="7", delivery_attempt="5",
                                CloudPubSubDeadLetterSourceSubscription="s")  # fmt: skip
        self.dead_letter(other, v="1", reason="r")
        self.assertIn("1 published", self.replay("--job", chosen, "--replay"))
        tasks = self.received("tasks")
        self.assertEqual(len(tasks), 1)
        self.assertEqual(base64.b64decode(tasks[0]["data"]), body)
        self.assertEqual(tasks[0]["attributes"], {"v": "1", "traceparent": trace})
        self.assertEqual([json.loads(base64.b64decode(letter["data"]))["job_id"] for letter in self.received("dead-letters")], [other])

    def test_all_includes_what_cannot_be_read(self):
        self.dead_letter(str(uuid.uuid4()), v="1")
        self.publish_dead(b"\xff not json", {})
        self.assertIn("no job that can be read", self.replay())
        self.replay("--all", "--replay")
        self.assertEqual(len(self.received("tasks")), 2)
        self.assertEqual(self.received("dead-letters"), [])

    def test_a_hundred_and_fifty_go_in_parts(self):
        for _ in range(150):
            self.dead_letter(str(uuid.uuid4()), v="1")
        self.assertIn("150 published", self.replay("--all", "--replay"))
        self.assertIn("0 dead letters", self.replay())

    def test_a_letter_that_is_discarded_is_gone(self):
        job = str(uuid.uuid4())
        self.dead_letter(job, v="1")
        self.assertIn("1 discarded", self.replay("--job", job, "--discard"))
        self.assertEqual(self.received("tasks") + self.received("dead-letters"), [])

    def test_nothing_is_replayed_by_accident(self):
        self.dead_letter(str(uuid.uuid4()), v="1")
        self.assertIn("which letters?", self.replay("--replay", status=1))
        self.assertIn("no letter is about", self.replay("--job", str(uuid.uuid4()), "--replay", status=1))
        self.assertEqual(self.received("tasks"), [])


if __name__ == "__main__":
    unittest.main()
