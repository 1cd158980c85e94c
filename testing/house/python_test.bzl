"""A test that is one Python script, under any Bazel: it needs no Python rules, only python3."""

def _python_test_impl(ctx):
    launcher = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(
        launcher,
        '#!/usr/bin/env bash\nexec python3 -B "%s" "$@"\n' % ctx.file.main.short_path,
        is_executable = True,
    )
    return [DefaultInfo(
        executable = launcher,
        runfiles = ctx.runfiles(files = [ctx.file.main] + ctx.files.data),
    )]

python_test = rule(
    implementation = _python_test_impl,
    attrs = {
        "data": attr.label_list(allow_files = True, doc = "What the script reads or imports."),
        "main": attr.label(allow_single_file = [".py"], mandatory = True),
    },
    test = True,
)
