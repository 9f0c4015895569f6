# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# run.sh BUILD RUNS SEED: runs each fuzzer of the build folder so many times, counted, from the seeds in the tree. An input that breaks
# one stays in the build folder.
build=$1
runs=$2
seed=$3
failed=0
for target in agent guard; do
	grown=$(mktemp -d) || exit 3
	"$build/fuzz-$target" -runs="$runs" -seed="$seed" -max_len=1024 -timeout=1200 -print_final_stats=1 \
		-artifact_prefix="$build/$target-" "$grown" "fuzz/seeds/$target" >"$build/fuzz-$target.log" 2>&1
	status=$?
	rm -rf "$grown"
	if [ "$status" -eq 0 ]; then
		sed -n "s/^stat::number_of_executed_units: *\(.*\)/fuzz-$target: \1 executions/p" "$build/fuzz-$target.log"
		sed -n "s/^#.*DONE *\(cov: [0-9]*\).*/fuzz-$target: \1/p" "$build/fuzz-$target.log"
	else
		failed=1
		echo "fuzz-$target: ended with status $status"
		tail -n 60 "$build/fuzz-$target.log"
	fi
done
exit $failed
