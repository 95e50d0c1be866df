"""How uncovered lines and their reasons are matched."""

import unittest

from fake_checkout import FakeCheckout

import checkout
import coverage

SOURCE = "int f() {\n    if (never()) {\n        die();\n    }\n    return 1;\n}\n"
LCOV = "SF:{root}/core/f.cpp\nDA:1,4\nDA:2,4\nDA:3,0\nDA:4,0\nDA:5,4\nend_of_record\nSF:{root}/core/tests/f_test.cpp\nDA:1,0\n"


class Coverage(FakeCheckout):
    def setUp(self):
        super().setUp()
        self.script(self.root / "core" / "f.cpp", SOURCE)

    def counts(self):
        return coverage.parse_lcov(LCOV.format(root=self.root), self.root)

    def reasons(self, text):
        self.script(self.root / "core" / "UNCOVERED.md", text)
        return coverage.read_reasons(self.root)

    def test_only_what_is_production_counts(self):
        self.assertEqual(self.counts(), {"core/f.cpp": {1: 4, 2: 4, 3: 0, 4: 0, 5: 4}})

    def test_a_line_without_a_reason_is_told(self):
        uncovered, _ = coverage.unexplained(self.counts(), self.reasons("# Uncovered\n"), self.root)
        self.assertEqual(uncovered, [("core/f.cpp", 3, "die();", False), ("core/f.cpp", 4, "}", False)])

    def test_a_reason_holds_for_the_brackets_below(self):
        uncovered, stale = coverage.unexplained(self.counts(), self.reasons('core/f.cpp: "die();" - cannot happen\n'),
                                                self.root)
        self.assertTrue(all(line[3] for line in uncovered))
        self.assertEqual(stale, [])

    def test_a_reason_for_a_covered_line_is_stale(self):
        _, stale = coverage.unexplained(self.counts(), self.reasons('- `core/f.cpp: "return 1;"` - was not reached\n'),
                                        self.root)
        self.assertEqual(stale, [("core/f.cpp", "return 1;")])

    def test_a_reason_without_words_is_an_error(self):
        with self.assertRaisesRegex(checkout.Unusable, "UNCOVERED.md:1"):
            self.reasons('core/f.cpp: "die();" -\n')


if __name__ == "__main__":
    unittest.main()
