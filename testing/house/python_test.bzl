"""A test that is one Python script, under any Bazel: it needs no Python rules, only python3."""

def _python_test_impl(ctx):
    launcher = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(
        launcher,
        '#!/usr/bin/env bash\nexec python3 -B "%s" "$@"\n' % ctx.file.main.short_path,
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = [ctx.file.main] + ctx.files.data)
    for target in ctx.attr.data:
        runfiles = runfiles.merge(target[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = launcher, runfiles = runfiles)]

python_test = rule(
    implementation = _python_test_impl,
    attrs = {
        "data": attr.label_list(allow_files = True, doc = "What the script reads, runs or imports."),
        "main": attr.label(allow_single_file = [".py"], mandatory = True),
    },
    doc = "`args` may name files of `data` as $(rootpath LABEL).",
    test = True,
)
