"""Talks to a running API, for infra/smoke and infra/load-test. Python's standard library alone."""

import http.client
import json
import os
import ssl
import time
import urllib.parse


class Refused(Exception):
    """An answer that was not the one hoped for: its status and what the API says about it."""


class Client:
    """One customer: a connection that is kept open. Not to be shared between threads."""

    def __init__(self, url: str, timeout: float = 60):
        parts = urllib.parse.urlsplit(url.rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SystemExit(f"{url} is not the address of an API, such as https://headshot-api-….run.app")
        self.url, self.host, self.prefix, self.timeout = url.rstrip("/"), parts.netloc, parts.path, timeout
        self.secure = parts.scheme == "https"
        # An identity token, for an API that Cloud Run guards, and a key, for one that asks for keys. Cloud Run takes its token from
        # the second header where the first holds something else. From the environment, because arguments are seen by everybody.
        token, key = os.environ.get("HEADSHOT_TOKEN"), os.environ.get("HEADSHOT_KEY")
        self.headers = {"Authorization": f"Bearer {key or token}"} if key or token else {}
        if key and token:
            self.headers["X-Serverless-Authorization"] = f"Bearer {token}"
        self.connection = None

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, dict]:
        """Status and JSON of one request. A kept connection that the server has meanwhile closed is opened anew for GET."""
        for last in (False, True):
            kept = self.connection is not None
            if not kept:
                self.connection = connect(self.host, self.secure, self.timeout)
            try:
                self.connection.request(method, self.prefix + path, body, self.headers)
                answer = self.connection.getresponse()
                text = answer.read()
                break
            except (OSError, http.client.HTTPException):
                self.close()
                if last or not kept or method != "GET":
                    raise
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, {"detail": text[:200].decode(errors="replace")}

    def submit(self, photo: bytes) -> str:
        """Sends a photo; the id of its job."""
        status, answer = self.call("POST", "/headshot-async", photo)
        if status != 202:
            raise Refused(f"the photo was not accepted: {status} {answer.get('code', '')} {answer.get('detail', '')}".strip())
        return answer["job_id"]

    def wait(self, job: str, patience: float, pause: float) -> dict:
        """The job's document once it is done."""
        deadline = time.monotonic() + patience
        while True:
            status, document = self.call("GET", f"/headshot/{job}")
            if status == 200 and document["status"] == "done":
                return document
            if status == 200 and document["status"] == "failed":
                error = document.get("error") or {}
                raise Refused(f"job {job} failed: {error.get('code')}: {error.get('message')}")
            if status not in (200, 429, 503):
                raise Refused(f"asked for job {job}: {status} {document.get('code', '')} {document.get('detail', '')}".strip())
            if time.monotonic() > deadline:
                raise Refused(f"job {job} is not done after {patience:.0f} s; its status is {document.get('status')}")
            time.sleep(pause)

    def download(self, link: str) -> tuple[str, bytes]:
        """Content type and bytes behind a link of a document. The token stays here: a signed link needs none."""
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(self.url + "/", link))
        connection = connect(parts.netloc, parts.scheme == "https", self.timeout)
        try:
            connection.request("GET", urllib.parse.urlunsplit(("", "", parts.path, parts.query, "")))
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                # The link itself is a secret for as long as it lasts, so it is not printed.
                raise Refused(f"a link of the document answers {answer.status} on {parts.hostname}")
            return answer.headers.get_content_type(), body
        finally:
            connection.close()

    def close(self) -> None:
        if self.connection:
            self.connection.close()
            self.connection = None


def connect(host: str, secure: bool, timeout: float) -> http.client.HTTPConnection:
    if secure:
        return http.client.HTTPSConnection(host, timeout=timeout, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, timeout=timeout)
