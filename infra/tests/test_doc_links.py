"""infra/check-doc-links over documents made here."""

import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class DocLinks(unittest.TestCase):
    def check(self, text: str) -> tuple[int, str]:
        # In the repository, because a link out of it is an error.
        with tempfile.TemporaryDirectory(dir=ROOT / "infra/tests") as folder:
            document = pathlib.Path(folder) / "a.md"
            document.write_text(text)
            done = subprocess.run([ROOT / "infra/check-doc-links", document], capture_output=True, text=True)
            return done.returncode, done.stdout

    def test_files_headings_and_repeated_headings_are_found(self):
        text = "# Ein `code` & mehr\n## Twice\n## Twice\n[a](#ein-code--mehr) [b](#twice-1) ![c](../../../README.md) [d](a.md#twice)\n"
        self.assertEqual(self.check(text), (0, "doc-links: 1 documents, no broken links\n"))

    def test_what_leads_nowhere_is_named_with_its_line(self):
        status, said = self.check("ok\n[a](gone.md)\n[b](#nowhere)\n[c]: also-gone.md\n[d](../../../../..)\n")
        self.assertEqual(status, 1)
        for line in (":2: gone.md", ":3: #nowhere", ":4: also-gone.md", ":5: ../../../../.. leads out"):
            self.assertIn(line, said)

    def test_code_and_other_places_are_not_asked(self):
        text = "`[a](gone.md)` [b](https://example.com/#x) [c](mailto:a@b.c)\n\n```sh\n[d](gone.md)\n# no heading\n```\n"
        self.assertEqual(self.check(text)[0], 0)


if __name__ == "__main__":
    unittest.main()
