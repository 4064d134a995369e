"""What schemathesis cannot guess: photos, ids of headshots that are there, and what we promise beyond OpenAPI."""

import json
import os
import pathlib
import struct
import subprocess
import time
import urllib.request
import zlib

import schemathesis
from hypothesis import strategies as st

URL, KEY = os.environ["HEADSHOT_URL"], os.environ["HEADSHOT_KEY"]
PETS = [path.read_bytes() for path in sorted(pathlib.Path(os.environ["HEADSHOT_PETS"]).iterdir())]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def photo(text: bytes = b"") -> bytes:
    """A grey picture of 80 by 100 pixels, whatever it is declared as: the bytes decide. Each text makes another one."""
    header = struct.pack(">IIBBBBB", 80, 100, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * 80) * 100)
    parts = chunk(b"IHDR", header) + chunk(b"tEXt", b"note\0" + text) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def call(method: str, path: str, body: bytes | None = None, media_type: str = "application/json") -> dict:
    headers = {"authorization": f"Bearer {KEY}", "content-type": media_type}
    request = urllib.request.Request(URL + path, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


PHOTOS = st.one_of(st.binary(max_size=8).map(photo), st.binary(max_size=64))
for kind in ("jpeg", "png", "webp", "heic", "heif", "avif"):
    schemathesis.openapi.media_type(f"image/{kind}", PHOTOS)
schemathesis.openapi.media_type("application/octet-stream", PHOTOS)
schemathesis.openapi.format("binary", PHOTOS)


def ended(jobs: list[str]) -> list[str]:
    """Waits for these jobs, with a worker for just as long: nobody sends webhooks to addresses that were made up."""
    with subprocess.Popen(["target/release/headshot-worker"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
        until = time.monotonic() + 120
        waiting = jobs
        while waiting:
            assert time.monotonic() < until and worker.poll() is None, f"{len(waiting)} headshots never ended"
            time.sleep(0.1)
            waiting = [job for job in waiting if call("GET", f"/headshot/{job}")["status"] not in ("done", "failed")]
        worker.terminate()
    return jobs


# Some are done, others have failed: a grey picture shows no pet.
JOBS = ended(
    [call("POST", "/headshot-async", pet, "image/jpeg")["job_id"] for pet in PETS]
    + [call("POST", "/headshot-async", photo(bytes([n])), "image/png")["job_id"] for n in range(20)]
)
ANNOUNCED = json.dumps({"content_type": "image/png", "bytes": len(photo())}).encode()
UPLOADS = [call("POST", "/uploads", ANNOUNCED, "application/json") for _ in range(8)]
for upload in UPLOADS[:4]:
    urllib.request.urlopen(urllib.request.Request(upload["url"], photo(), upload["headers"], method="PUT"), timeout=20).close()
schemathesis.openapi.format("uuid", st.one_of(st.sampled_from(JOBS), st.uuids(version=4).map(str)))


@schemathesis.hook
def map_body(context, body):
    """Every other JSON submission names an upload that is there."""
    if isinstance(body, dict) and isinstance(body.get("upload_id"), str) and len(body["upload_id"]) % 2 == 0:
        return {**body, "upload_id": UPLOADS[sum(map(ord, body["upload_id"])) % len(UPLOADS)]["upload_id"]}
    return body


@schemathesis.check
def documented_code(context, response, case):
    """A problem has one of the codes that its call and status are documented with, and says so in full."""
    if response.status_code < 400 or case.method.upper() == "HEAD":
        return
    problem = response.json()
    assert problem["status"] == response.status_code, problem
    assert response.headers["x-request-id"] == [problem["request_id"]], problem
    documented = case.operation.definition.raw["responses"].get(str(response.status_code))
    if documented is not None and case.method.lower() == case.operation.method.lower():
        assert problem["code"] in documented["x-problem-codes"], f"{problem['code']} is not documented"


@schemathesis.check
def json_is_strict(context, response, case):
    """A JSON body with a field that is not in the document, or of another type, is refused."""
    if not isinstance(case.body, dict) or case.media_type != "application/json" or response.status_code >= 300:
        return
    body = case.operation.definition.raw["requestBody"]["content"]["application/json"]["schema"]
    schema = case.operation.schema.raw_schema["components"]["schemas"][body["$ref"].rsplit("/", 1)[-1]]
    assert set(case.body) <= set(schema["properties"]), "a field that is none of ours was taken"
