"""An object store of the tests' own: SeaweedFS as a real process, once a session, which speaks S3 on the loopback address.

Hides its parts, ports and keys. Promises a bucket's prefix of its own to whoever asks, and that nothing is left behind.
"""

import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.running import free_port

KEY, SECRET = "tryg-tests", "for-the-tests-of-this-machine-alone"
PATIENCE_S = 60.0
WEED = Path(sys.executable).with_name("weed")
PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port.grpc",
)
RIGHTS = {
    "identities": [{"name": "tryg", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}]
}


class Store:
    """A running store; `endpoint` is its address."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def settings(self, prefix: str = "", endpoint: str = "") -> dict[str, Any]:
        """Settings for photos in a place that nobody else has."""
        return {
            "photos_url": f"s3://photos/{prefix or uuid.uuid4().hex}", "photos_endpoint": endpoint or self.endpoint,
            "photos_key": KEY, "photos_secret": SECRET,
        }  # fmt: skip


def as_variables(settings: dict[str, Any]) -> dict[str, str]:
    return {f"TRYG_{name.upper()}": str(value) for name, value in settings.items()}


class Weed(Store):
    """SeaweedFS with its files in `folder`. `kill()` pulls its plug, `start()` plugs it in again at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder, port = folder, free_port()
        super().__init__(f"http://127.0.0.1:{port}")
        (folder / "rights.json").write_text(json.dumps(RIGHTS))
        options = {"dir": folder, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "s3.port": port, "s3.config": folder / "rights.json",
                   "s3.port.iceberg": 0, "s3.port.lance": 0, "master.volumeSizeLimitMB": 64, "volume.max": 16,
                   "master.telemetry": "false"}  # fmt: skip
        options |= {part: free_port() for part in PORTS}
        given = [f"-{name}={value}" for name, value in options.items()]
        self._command = [str(WEED), "-alsologtostderr=false", f"-logdir={folder}", "server", "-filer", "-s3", *given]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once something can be put."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        _wait_for(self, self._process, self._folder / "log")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


@contextmanager
def object_store() -> Iterator[Weed]:
    """Starts one, and stops and deletes it when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="tryg-s3-"))
    store = Weed(folder)
    try:
        store.start()
        yield store
    finally:
        store.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(store: Store, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until something can be put: it answers before it can."""
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    bucket = S3Store("photos", endpoint=store.endpoint, access_key_id=KEY, secret_access_key=SECRET, region="us-east-1",
                     client_options={"allow_http": True}, retry_config={"max_retries": 0})  # fmt: skip
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, f"the object store ended at once:\n{log.read_text(errors='replace')[-2000:]}"
        with suppress(OSError, http.client.HTTPException, BaseError):
            obstore.put(bucket, "ready", b"ready", use_multipart=False)
            return
        assert time.monotonic() < deadline, f"the object store is not ready:\n{log.read_text(errors='replace')[-2000:]}"
        time.sleep(0.1)
