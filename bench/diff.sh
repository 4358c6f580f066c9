#!/usr/bin/env bash
# Compares two made-up scans with ndiff and with portdelta, in turn: bench/diff.sh [HOSTS...]
# Needs Debian's ndiff and time. Prints user seconds, peak memory and wall seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/portdelta" ./cmd/portdelta
for hosts in "${@:-2000}"; do
	go run ./bench/nmapscan -hosts "$hosts" -dir "$dir"
	for _ in 1 2 3; do
		for tool in "ndiff" "$dir/portdelta diff"; do
			# Both say with 1 that the scans differ.
			/usr/bin/time -f "$hosts hosts, ${tool##*/}: %U s user, %M KiB, %e s" \
				$tool "$dir/old.xml" "$dir/new.xml" 2>&1 >/dev/null | grep hosts, || true
		done
	done
done
