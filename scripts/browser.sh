#!/usr/bin/env bash
# The report's tests drive a headless Chromium. Where there is none and apt is at hand, install Debian's.
# Never fails: without a browser those tests are skipped, and pytest says so.
set -u
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done
if ! command -v apt-get >/dev/null 2>&1; then
    echo "no Chromium and no apt-get: the browser tests will be skipped" >&2
    exit 0
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true >/dev/null 2>&1; then
        echo "no Chromium, and apt-get needs root: the browser tests will be skipped" >&2
        exit 0
    fi
    as_root="sudo -n"
fi
for pause in 5 20 0; do
    if $as_root apt-get update -qq >/dev/null &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; then
        exit 0
    fi
    sleep "$pause"
done
echo "Chromium could not be installed: the browser tests will be skipped" >&2
exit 0
