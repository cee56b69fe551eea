#!/usr/bin/env bash
# scripts/tests.sh PYTHON [options of pytest]: the test suite, two files at a time.
# Many tests start real servers, engines and browsers; on a machine that is busy with something else one of them may
# come too late. So a handful of failures is asked again, one test at a time: what fails then fails the suite, and
# what passes then is named as unsteady, to be mended.
set -uo pipefail
cd "$(dirname "$0")/.."
python=$1
shift
"$python" -m pytest -n "${JOBS:-2}" --dist loadfile -rs "$@"
code=$?
if [ "$code" -ne 1 ]; then
  exit "$code"
fi
failed=$("$python" -c 'import json; print(*json.load(open(".pytest_cache/v/cache/lastfailed")), sep="\n")') || exit 1
if [ -z "$failed" ] || [ "$(wc -l <<<"$failed")" -gt 5 ]; then
  exit 1
fi
printf '\nAsked again, one at a time:\n%s\n' "$failed"
"$python" -m pytest --last-failed --last-failed-no-failures none -p no:xdist "$@" || exit 1
printf '\nUNSTEADY (failed among the others, passed alone):\n%s\n' "$failed"
