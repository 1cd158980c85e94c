"""Counts the test cases of one `bazel test`: count_cases.py LOG TESTLOGS STATUS

LOG is what Bazel printed, TESTLOGS its folder of test.xml files, STATUS its exit status. Only
targets that the log's summary names count, so results that earlier runs left are not taken for
this one's. A target that fails counts as one failure at least: it may have failed outside its
cases, or not even have been built.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree

_SUMMARY = re.compile(
    r"^//(\S*):(\S+)\s+(?:\(cached\) )?(PASSED|FLAKY|FAILED|TIMEOUT|INCOMPLETE|REMOTE FAILURE|NO STATUS)"
)


def result_files(folder):
    """The test.xml files of one target: its own, or those of its shards."""
    if os.path.exists(os.path.join(folder, "test.xml")):
        return [os.path.join(folder, "test.xml")]
    shards = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    files = [os.path.join(folder, shard, "test.xml") for shard in shards if shard.startswith("shard_")]
    return [file for file in files if os.path.exists(file)]


def count_cases(file):
    """(passed, failed, skipped) of one test.xml."""
    passed = failed = skipped = 0
    for case in ElementTree.parse(file).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def count(log, testlogs):
    """(passed, failed, skipped) over all targets that `log`'s summary names."""
    totals = [0, 0, 0]
    for line in log.splitlines():
        match = _SUMMARY.match(line)
        if not match:
            continue
        package, name, verdict = match.groups()
        good = verdict in ("PASSED", "FLAKY")
        # What was not run now has no test.xml, or an old one.
        ran = verdict not in ("NO STATUS", "INCOMPLETE") and "FAILED TO BUILD" not in line
        cases = [0, 0, 0]
        for file in result_files(os.path.join(testlogs, package, name)) if ran else []:
            try:
                cases = [a + b for a, b in zip(cases, count_cases(file))]
            except ElementTree.ParseError:
                cases[1] += 1
        if good and sum(cases) == 0:
            cases[0] = 1
        if not good and cases[1] == 0:
            cases[1] = 1
        totals = [a + b for a, b in zip(totals, cases)]
    return totals


def main(log_path, testlogs, status):
    with open(log_path, errors="replace") as log:
        passed, failed, skipped = count(log.read(), testlogs)
    line = "%d passed, %d failed" % (passed, failed)
    print(line + (", %d skipped" % skipped if skipped else ""))
    return 0 if status == 0 and passed > 0 and failed == 0 else max(status, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
