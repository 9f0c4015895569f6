#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# ksplat in one file: this script and, after its last line, a packed Java runtime with ksplat. The first start unpacks it into the
# user's cache, to a folder that its hash names, whole or not at all. A folder that is not as it was unpacked is made again.
set -u

hash=@HASH@
files=@FILES@
begin=@BEGIN@

# git bisect run would take 3 for "bad"; 128 stops it.
failure=3
[ "${1:-}" != bisect-step ] || failure=128

fail() {
	printf 'ksplat: %s\n' "$*" >&2
	exit $failure
}

# Prints a digest of the names, sizes and times of a folder's files: it changes if one was cut short, changed or removed. Java checks
# by itself the archive of classes that is made here.
state() {
	(cd "$1" && find . -type f ! -path './lib/*.jsa' -printf '%P %s %T@\n' | LC_ALL=C sort | sha256sum | cut -d' ' -f1)
}

is_whole() {
	[ -d "$home" ] && [ "$(state "$home")" = "$files" ]
}

unpack() {
	command -v xz >/dev/null || fail "xz is missing: install xz (Debian: xz-utils)"
	printf 'ksplat: unpacking to %s\n' "$home" >&2
	[ "$(tail -n "+$begin" "$0" | sha256sum | cut -d' ' -f1)" = "$hash" ] || fail "$0 is damaged: fetch it again"
	fresh=$(mktemp -d "$runtimes/.new-XXXXXX") || fail "cannot write to $runtimes"
	trap 'rm -rf "$fresh"' EXIT
	trap 'exit 130' INT HUP TERM
	mkdir "$fresh/home"
	tail -n "+$begin" "$0" | xz -dc | tar -xf - --no-same-owner -C "$fresh/home"
	[ "$(state "$fresh/home")" = "$files" ] || fail "cannot unpack to $fresh: is the disk full?"
	[ ! -e "$home" ] || mv -T "$home" "$fresh/bad" || fail "cannot replace $home"
	mv -T "$fresh/home" "$home" || fail "cannot make $home"
	rm -rf "$fresh"
	trap - EXIT INT HUP TERM
	# It has the jars' paths in it. Without one, Java starts slower.
	PATH=$home/runtime/bin:$PATH "$home/scripts/archive" "$home/lib" >/dev/null 2>&1 || rm -f "$home/lib/.classes.jsa"
}

cache=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}/.cache
# The XDG base directory specification: ignore a path that is not absolute.
case ${XDG_CACHE_HOME:-} in /*) cache=$XDG_CACHE_HOME ;; esac
runtimes=$cache/ksplat/runtime
home=$runtimes/$hash
if ! is_whole; then
	mkdir -p "$runtimes" || fail "cannot make $runtimes"
	exec 9>"$runtimes/.lock"
	flock 9
	is_whole || unpack
	exec 9>&-
fi
exec "$home/ksplat" "$@"
