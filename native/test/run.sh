# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Runs the test programs of the build folder $1 and adds up their last lines, "N passed, N failed".
build=$1
passed=0
failed=0
for name in agent guard tsc; do
	# A test that hangs has failed: nothing here takes more than a few seconds.
	out=$(timeout -k 5 120 "$build/test-$name" "$build")
	status=$?
	printf '%s\n' "$out" | sed "s/^/test-$name: /"
	counts=$(printf '%s\n' "$out" | sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
	if [ -z "$counts" ]; then
		echo "test-$name: ended with status $status before its summary"
		counts="0 1"
	fi
	passed=$((passed + ${counts% *}))
	failed=$((failed + ${counts#* }))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
