#!/usr/bin/env bash
# pip with patience: a registry that hiccups must not fail a build. Usage: pip_install.sh PYTHON ARGUMENTS...
set -euo pipefail
python=$1
shift
for pause in 2 10 30 0; do
    if "$python" -m pip install --quiet --quiet --disable-pip-version-check --retries 8 --timeout 90 "$@"; then
        exit 0
    fi
    if [ "$pause" -gt 0 ]; then
        echo "pip failed; trying again in $pause s" >&2
        sleep "$pause"
    fi
done
echo "pip failed four times: $*" >&2
exit 1
