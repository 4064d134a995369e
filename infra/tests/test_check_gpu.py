"""infra/check-gpu over a fake worker, a fake checker and a fake driver: what it asks for, and what it finds wrong."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "check-gpu"
# Looks at the library that is missing or wrong, as ONNX Runtime would.
WORKER = r"""#!/bin/sh
folder=${ORT_DYLIB_PATH%/*}
if [ "$(cat "$folder"/libcudnn.so.9 2>/dev/null)" = cudnn ] || [ "NOTICES" = no ]; then echo "running on cuda"; exit 0; fi
case "$*" in *refuse*) echo "ORT_CUDA=1 asks for CUDA, which cannot be used: no cuDNN"; exit 1 ;; esac
echo "running on cpu"
"""
CHECKER = "#!/bin/sh\necho '| photo | 1 |'\necho 'RATIO 2.5'\nexit CHECKED\n"


class CheckGpu(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "infra").mkdir()
        shutil.copy(SCRIPT, self.folder / "infra/check-gpu")
        self.libraries = self.folder / "libraries"
        self.libraries.mkdir()

    def program(self, path, text):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def prepare(self, notices="yes", checked="0"):
        self.program("target/release/headshot-worker", WORKER.replace("NOTICES", notices))
        self.program("target/release/examples/check_gpu", CHECKER.replace("CHECKED", checked))
        self.program("bin/nvidia-smi", "#!/bin/sh\necho 'NVIDIA L4, 550, 23034 MiB'\n")
        for library, text in {"libonnxruntime.so": "", "libonnxruntime_providers_cuda.so": "", "libcudnn.so.9": "cudnn"}.items():
            (self.libraries / library).write_text(text)

    def run_script(self, *arguments):
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        command = [self.folder / "infra/check-gpu", *map(str, arguments)]
        return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=False)

    def test_a_machine_that_lacks_something_is_told_what(self):
        self.assertIn("usage", self.run_script().stderr)
        ended = self.run_script(self.libraries, "photo.jpg")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("infra/check-gpu --build", ended.stderr)
        self.prepare()
        (self.libraries / "libonnxruntime_providers_cuda.so").unlink()
        ended = self.run_script(self.libraries, "photo.jpg")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("infra/fetch-onnxruntime --cuda", ended.stderr)

    def test_all_is_well(self):
        self.prepare()
        ended = self.run_script(self.libraries, "photo.jpg")
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        for said in ["the worker starts on the GPU", "without libcudnn.so.9, ORT_CUDA_FALLBACK=refuse", "with a wrong libcudnn.so.9",
                     "less than $0.45 together"]:
            self.assertIn(said, ended.stdout)

    def test_a_worker_that_does_not_notice_a_missing_library_is_wrong(self):
        self.prepare(notices="no")
        ended = self.run_script(self.libraries, "photo.jpg")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("should refuse to start", ended.stdout)

    def test_other_pictures_than_the_cpus_are_wrong(self):
        self.prepare(checked="1")
        self.assertEqual(self.run_script(self.libraries, "photo.jpg").returncode, 1)


if __name__ == "__main__":
    unittest.main()
