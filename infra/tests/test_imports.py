"""infra/check-imports over small crates made here."""

import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Imports(unittest.TestCase):
    def check(self, files: dict[str, str], layers: str = "", *options: str) -> tuple[int, str]:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "Cargo.toml").write_text('[package]\nname = "made-up"\n')
            (folder / "layers.toml").write_text(layers)
            for path, text in files.items():
                file = folder / "src" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            command = [ROOT / "infra/check-imports", *options, "--layers", folder / "layers.toml", folder]
            done = subprocess.run(command, capture_output=True, text=True)
            return done.returncode, done.stdout + done.stderr

    def arrows(self, files: dict[str, str]) -> set[str]:
        """Each arrow as `a.rs -> b.rs`."""
        lines = self.check(files, "", "--graph")[1].splitlines()
        found = (line.removeprefix("made-up: ").split() for line in lines if " -> " in line)
        return {f"{start.partition(':')[0]} -> {end}" for start, _, end, _ in found}

    def test_a_crate_without_circles_passes(self):
        files = {
            "lib.rs": "mod a; mod b; pub use a::A;",
            "a.rs": "use crate::b::B; pub struct A(B);",
            "b.rs": "pub struct B;",
        }
        self.assertEqual(self.check(files), (0, "imports: 1 crates, 3 files, 1 arrows, no circles\n"))

    def test_a_circle_is_named_with_each_of_its_arrows(self):
        files = {
            "lib.rs": "mod a; mod b; mod c; mod d;",
            "a.rs": "\nuse crate::b::B;\npub struct A;",
            "b.rs": "pub struct B;\npub fn c() { crate::c::c() }",
            "c.rs": "use super::{d, a::{self, A}};\npub fn c() -> (A, d::D) { a::x() }",
            "d.rs": "pub struct D;",
        }
        status, said = self.check(files)
        self.assertEqual(status, 1)
        self.assertIn("3 files import each other in a circle: a.rs, b.rs, c.rs\n", said)
        self.assertIn("a.rs:2: imports crate::b::B of b.rs\n", said)
        self.assertIn("b.rs:2: imports crate::c::c of c.rs\n", said)
        self.assertIn("c.rs:1: imports super::a::A of a.rs\n", said)
        self.assertTrue(said.endswith("1 circle\n"), said)

    def test_an_arrow_against_the_layers_is_found_and_one_with_a_reason_passes(self):
        files = {
            "lib.rs": "mod base; mod stage;",
            "base.rs": "pub mod plane;",
            "base/plane.rs": "use crate::stage::Stage; pub struct Plane(Stage);",
            "stage.rs": "pub struct Stage;",
        }
        for layers in ('[never.made-up]\nbase = ["*"]\n', '[never.made-up]\n"base/plane" = ["stage"]\n'):
            status, said = self.check(files, layers)
            self.assertEqual(status, 1)
            self.assertIn("base/plane.rs:1: imports crate::stage::Stage of stage.rs, but base", said)
            exception = '[[exception]]\ncrate = "made-up"\nfrom = "base/plane.rs"\nto = "stage.rs"\n'
            self.assertEqual(self.check(files, f'{layers}{exception}reason = "because"\n')[0], 0)
            self.assertIn("needs crate, from, to and reason", self.check(files, f'{layers}{exception}reason = ""\n')[1])
        self.assertEqual(self.check(files, '[never.made-up]\nstage = ["base"]\n')[0], 0)

    def test_what_the_table_no_longer_needs_is_an_error(self):
        files = {"lib.rs": "mod a; mod b;", "a.rs": "pub use crate::b::B;", "b.rs": "pub struct B;"}
        status, said = self.check(files, '[never.made-up]\na = ["gone"]\n')
        self.assertEqual((status, said.splitlines()[0]), (1, "layers.toml: made-up has no gone"))
        for start, end in (("a.rs", "b.rs"), ("b.rs", "a.rs")):
            exception = f'[[exception]]\ncrate = "made-up"\nfrom = "{start}"\nto = "{end}"\nreason = "because"\n'
            status, said = self.check(files, exception)
            self.assertEqual(status, 1)
            self.assertIn(f"the exception for made-up, {start} to {end}, is not needed", said)

    def test_an_exception_opens_a_circle(self):
        files = {"lib.rs": "mod a; mod b;", "a.rs": "use crate::b::B; pub struct A;", "b.rs": "use crate::a::A; pub struct B;"}
        exception = '[[exception]]\ncrate = "made-up"\nfrom = "b.rs"\nto = "a.rs"\nreason = "because"\n'
        self.assertEqual(self.check(files)[0], 1)
        self.assertEqual(self.check(files, exception)[0], 0)

    def test_re_exports_lead_to_the_definition(self):
        files = {
            "lib.rs": "mod jobs; mod user; pub use jobs::Claim;",
            "jobs.rs": "mod claim; mod renew; pub use claim::{Claim as Claim, Held as Kept}; pub use renew::*;",
            # A sibling through the parent, which only hands it on.
            "jobs/claim.rs": "use super::Renewal; pub struct Claim; pub enum Held { A, B }",
            "jobs/renew.rs": "pub struct Renewal; pub fn renew() {}",
            "user.rs": "use crate::jobs::{Kept::*, renew}; use crate::Claim;",
        }
        self.assertEqual(
            self.arrows(files),
            {"jobs/claim.rs -> jobs/renew.rs", "user.rs -> jobs/claim.rs", "user.rs -> jobs/renew.rs"},
        )

    def test_a_parent_depends_on_what_it_uses_itself(self):
        files = {
            "lib.rs": "mod a;",
            "a.rs": "mod b; pub use b::B; pub struct A(B);",
            "a/b.rs": "use super::A; pub struct B;",
        }
        self.assertEqual(self.arrows(files), {"a.rs -> a/b.rs", "a/b.rs -> a.rs"})

    def test_a_module_and_a_function_of_the_same_name(self):
        files = {
            "lib.rs": "mod cli; mod user; mod other;",
            "cli.rs": "pub mod doctor; pub use doctor::doctor; pub mod plain;",
            "cli/doctor.rs": "pub fn doctor() {}",
            "cli/plain.rs": "pub fn f() {}",
            "user.rs": "use crate::cli::doctor; fn f() { doctor() }",
            "other.rs": "use crate::cli; use crate::cli::plain; fn f() { cli::doctor::doctor(); plain::f(); }",
        }
        self.assertEqual(
            self.arrows(files),
            {"user.rs -> cli/doctor.rs", "other.rs -> cli/doctor.rs", "other.rs -> cli/plain.rs"},
        )

    def test_what_a_glob_brings_counts_where_it_is_used(self):
        files = {
            "lib.rs": "mod a; mod b; mod c;",
            "a.rs": "use crate::b::*; fn f(_: B) {}",
            "b.rs": "pub struct B; pub struct Other;",
            "c.rs": "use crate::b::*; fn f(x: X) { x.Other }",
        }
        self.assertEqual(self.arrows(files), {"a.rs -> b.rs"})

    def test_attributes_programs_macros_and_mod_rs_count(self):
        files = {
            "lib.rs": "#[macro_use] mod macros; mod a; pub mod b;",
            "macros.rs": "#[macro_export] macro_rules! both { () => {} }",
            "a.rs": "#[derive(Debug)] #[shape(body = crate::b::B)] struct A; fn f() { crate::both!() }",
            "b/mod.rs": "pub(crate) mod inner { pub(in crate::a) fn f() { super::super::a::g() } } pub struct B;",
            "main.rs": "use made_up::b::B; fn main() { made_up::b::B; }",
        }
        self.assertEqual(
            self.arrows(files),
            {"a.rs -> b/mod.rs", "a.rs -> macros.rs", "b/mod.rs -> a.rs", "main.rs -> b/mod.rs"},
        )

    def test_tests_comments_strings_and_other_crates_do_not_count(self):
        files = {
            "lib.rs": "mod a; mod b; mod http;",
            "a.rs": """
                //! crate::b::f( /* use crate::b::B; */
                /* nested /* use crate::b::B; */ crate::b::f() */
                use http::b; use ::b::B; use std::fmt::{self, Write as _};
                #[cfg(test)] use crate::b::B;
                #[cfg(test)] mod tests { use super::*; use crate::b::B; fn f() { "}" } }
                #[cfg(all(test, unix))] const X: [u8; 2] = { crate::b::f() };
                #[cfg(test)] mod more;
                struct S<'a> { #[cfg(test)] b: crate::b::B, c: &'a str }
                fn g() -> impl Sized + use<> { ("crate::b::f(\\"", r#"" crate::b::f( "#, '"', b'\\'', 'x', "//"); x.b::<u8>() }
            """,
            "a/more.rs": "use crate::b::B;",
            "b.rs": "pub struct B; pub fn f() {}",
            "http.rs": "",
        }
        self.assertEqual(self.arrows(files), set())

    def test_a_module_without_a_file_is_named(self):
        status, said = self.check({"lib.rs": "\nmod gone;"})
        self.assertEqual(status, 1)
        self.assertIn("lib.rs:2: there is no file of the module gone", said)


if __name__ == "__main__":
    unittest.main()
