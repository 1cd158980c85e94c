"""Plants what house.py looks for, and what it must let pass, and sees what it says."""

import tempfile
import unittest
from pathlib import Path

import house


class HouseTest(unittest.TestCase):
    def found(self, files):
        """What check_tree says of a tree of `files`: path -> text."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                Path(root, path).parent.mkdir(parents=True, exist_ok=True)
                Path(root, path).write_text(text)
            return house.check_tree(root)

    def include(self, path, included):
        return self.found({path: '#include "%s"\n' % included, included: ""})

    def declared(self, text, path="core/x.h"):
        return self.found({path: text})

    def test_includes_that_run_down(self):
        for path, included in [
            ("examples/a.cc", "keel.h"),
            ("examples/a.cc", "layers_support/model.h"),
            ("keel.h", "ops/nn/nn.h"),
            ("ops/nn/dropout.cc", "ops/random/random.h"),
            ("ops/nn/softmax.cc", "core/op.h"),
            ("ops/nn/softmax.cc", "ops/nn/softmax_kernel.h"),
            ("ops/conv/conv.cc", "ops/math/gemm_kernel.h"),
            ("core/function_test.cc", "ops/math/math.h"),
            ("ops/math/dot_test.cc", "testing/gradients.h"),
            ("benchmarks/nn.cc", "ops/nn/nn.h"),
        ]:
            self.assertEqual(self.include(path, included), [], path)

    def test_includes_that_run_up(self):
        for path, included, message in [
            ("core/op.cc", "ops/math/math.h", "ops/math/math.h stands above core"),
            ("cuda/stream.h", "ops/math/math.h", "ops/math/math.h stands above cuda"),
            ("ops/nn/nn.cc", "keel.h", "keel.h stands above ops"),
            ("keel.h", "layers_support/model.h", "layers_support/model.h stands above the root"),
            ("layers_support/model.cc", "examples/a.h", "examples/a.h stands above layers_support"),
            ("core/op.cc", "testing/gradients.h", "testing/gradients.h stands above core"),
            ("ops/math/dot.cc", "ops/nn/nn.h", "family nn stands above math"),
            ("ops/random/random.cu", "ops/conv/conv.h", "family conv stands above random"),
            ("core/a.cc", "tools/a.h", "tools/a.h is in a folder that has no place in RANKS"),
            ("ops/sound/sound.cc", "ops/math/math.h", "ops/sound is a family that has no place in FAMILIES"),
        ]:
            self.assertEqual(self.include(path, included), ["%s:1: %s" % (path, message)])

    def test_what_is_compiled_per_target(self):
        kernel = '#include "%s"\n#include "hwy/foreach_target.h"\n'
        self.assertEqual(self.found({"ops/nn/a_kernel.cc": kernel % "core/simd_targets.h"}), [])
        self.assertEqual(self.found({"ops/nn/a_kernel.cc": kernel % "ops/nn/a_kernel.h"}),
                         ["ops/nn/a_kernel.cc:1: the first include must be core/simd_targets.h"])

    def test_private_files_of_another_family(self):
        for included in ["ops/math/exp_kernel.h", "ops/math/exp-inl.h", "ops/math/exp.cc"]:
            self.assertEqual(self.include("ops/nn/a.cc", included),
                             ["ops/nn/a.cc:1: %s is private to family math" % included])
        self.assertEqual(self.include("ops/nn/a_test.cc", "ops/math/exp_kernel.h"),
                         ["ops/nn/a_test.cc:1: ops/math/exp_kernel.h is private to family math"])

    def test_includes_beside(self):
        self.assertEqual(
            self.found({"core/a.cc": '#include "b.h"\n', "core/b.h": ""}),
            ['core/a.cc:1: include "b.h" by its path from the root: "core/b.h"'])
        self.assertEqual(self.found({"core/a.cc": '#include "absl/types/span.h"\n'}), [])

    def test_declarations_without_comment(self):
        for text, line, name in [
            ("namespace keel {\nint f(int x);\n}\n", 2, "f"),
            ("namespace keel {\n\nclass A {\n  int x;\n};\n}\n", 3, "A"),
            ("namespace keel {\nenum class E : int { kA };\n}\n", 2, "E"),
            ("namespace keel {\ntemplate <typename T>\nT f(T x) {\n  return x;\n}\n}\n", 2, "f"),
            ("namespace keel {\ninline bool operator==(A a, A b) { return true; }\n}\n", 2, "operator=="),
            ("namespace keel {\ndecltype(auto) f(int x) { return x; }\n}\n", 2, "f"),
            ("// Of f.\nint f();\n\nint g();\n", 4, "g"),
            ("// Apart.\n\nint f();\n", 3, "f"),
            ("#define F \\\n  // no comment\nint f();\n", 3, "f"),
            ('const char* kText = "// no comment";\n\nint f(const char* s = "//");\n', 3, "f"),
            ("KEEL_UNARY(relu);\n", 1, "KEEL_UNARY"),
        ]:
            self.assertEqual(self.declared(text), ["core/x.h:%d: %s has no comment above it" % (line, name)])

    def test_declarations_with_comment(self):
        for text in [
            "// Of f.\nint f();\n",
            "/* Of f. */\nint f();\n",
            "int f();  // Of f.\n",
            "// Of both.\nint f(int);\nint f(long);\n",
            "// Of all.\nstruct A {\n  int x;\n};\nint g();\n",
            "// Of A.\nclass A {\n public:\n  int size() const;\n};\n",
        ]:
            self.assertEqual(self.declared(text), [], text)

    def test_what_needs_no_comment(self):
        for text in [
            "class A;\nenum class E : int;\ntemplate <typename T>\nstruct B;\n",
            "using A = int (*)(int);\ntypedef int B;\nstatic_assert(sizeof(int) == 4);\n",
            "inline constexpr int kA = f(1);\n",
            "namespace keel::internal {\nint f();\n}\n",
            "namespace {\nint f();\n}\n",
            "inline int A::f() { return 1; }\n",
            "template <>\nint f<int>();\n",
            "extern template int f<int>();\ntemplate class A<int>;\n",
        ]:
            self.assertEqual(self.declared(text), [], text)
        for path in ["core/x-inl.h", "core/x.cc", "testing/x.h", "cuda/x.h"]:
            self.assertEqual(self.declared("int f();\n", path), [], path)
        for path in ["keel.h", "ops/nn/x.h", "ops/nn/x_kernel.h", "core/plan/x.h", "layers_support/x.h"]:
            self.assertEqual(len(self.declared("int f();\n", path)), 1, path)

    def test_undone(self):
        for words in ["TO" "DO: x", "FIX" "ME", "(HA" "CK)", "not " "implemented", "Not " "yet implemented",
                      "Unimple" "mented"]:
            self.assertEqual(len(self.found({"ops/nn/a.cc": "int x;  // %s\n" % words})), 1, words)
        self.assertEqual(self.found({"a.cc": "// todos, hacker, implemented\n"}), [])

    def test_machine_flags(self):
        flag = "-mar" "ch=native"
        self.assertEqual(len(self.found({".bazelrc.txt": "", "ops/nn/BUILD": 'copts = ["%s"]' % flag})), 1)
        self.assertEqual(self.found({"README.md": flag}), [])

    def test_folders_that_are_not_the_tree(self):
        text = "// TO" "DO\n"
        self.assertEqual(self.found({".git/a.cc": text, "bazel-bin/a.cc": text}), [])
        self.assertEqual(len(self.found({".ci/run": text, ".bazelrc": text})), 2)


if __name__ == "__main__":
    unittest.main()
