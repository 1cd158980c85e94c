"""The static libraries behind C++ targets, for tests that ask what a program is made of."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

def _archives_impl(ctx):
    files = []
    for dep in ctx.attr.deps:
        for linker_input in dep[CcInfo].linking_context.linker_inputs.to_list():
            for library in linker_input.libraries:
                file = library.pic_static_library or library.static_library
                if file and file not in files:
                    files.append(file)
    listing = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(listing, "".join([file.short_path + "\n" for file in files]))
    return [DefaultInfo(files = depset([listing]), runfiles = ctx.runfiles(files = files))]

archives = rule(
    implementation = _archives_impl,
    attrs = {"deps": attr.label_list(providers = [CcInfo])},
    doc = "A file with a path per line, from the runfiles' root; the libraries come along as runfiles.",
)
