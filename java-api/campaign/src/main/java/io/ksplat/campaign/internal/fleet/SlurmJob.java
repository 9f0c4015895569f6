// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.campaign.Parallelism;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The batch scripts of a plan for Slurm: an array with a task for each shard, and a job that joins what they wrote.
 *
 * @param ksplat the launcher, as the nodes find it
 * @param plan the plan, as the nodes find it
 * @param report what all nodes write into
 * @param joint where the joint report goes
 * @param jobs attempts at a time in a task
 * @param options those of sbatch, as {@code --partition=fast}
 */
public record SlurmJob(Path ksplat, Path plan, Path report, Path joint, int shards, int jobs, List<String> options) {
    /** Slurm's own lines know no quotes. */
    private static final String PLAIN = "[A-Za-z0-9/._+@:=,-]+";

    public SlurmJob {
        options = List.copyOf(options);
        for (Path path : List.of(ksplat, plan, report, joint)) {
            if (!path.isAbsolute() || !path.toString().matches(PLAIN)) {
                throw new IllegalArgumentException(
                        "\"" + path + "\" is no path for a batch script of Slurm: only letters,"
                                + " digits and / . _ + @ : = , - may be in it");
            }
        }
        for (String option : options) {
            if (!option.matches("--[a-z][a-z-]*(=" + PLAIN + ")?")) {
                throw new IllegalArgumentException(
                        "\"" + option + "\" is no option of sbatch; write --option=--partition=NAME");
            }
        }
    }

    /**
     * Returns the script of the array. Only a ksplat that failed or was killed is tried again, twice at most, and on another node if there
     * is one: a node whose disk is full would take task after task and fail each.
     */
    public String array() {
        return head("ksplat", "#SBATCH --array=1-" + shards, jobs, Parallelism.memoryMiB(jobs), "%a")
                + """
                log=%1$s/log/$SLURM_ARRAY_TASK_ID
                # Not SLURM_JOB_ID: that of the last task is the number of the array, and means all of it.
                task=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
                # The nodes where this shard failed. A controller that is killed forgets which those were, and how often.
                failed() {
                	sed -n "s/^ksplat ended with [0-9]* on \\(.*\\) in array $SLURM_ARRAY_JOB_ID: .*/\\1/p" "$log"
                }
                elsewhere() {
                	sinfo -h -N -p "$SLURM_JOB_PARTITION" -t idle,alloc,mix -o %%N | grep -vxF "$(failed)" | head -n 1
                }
                again() {
                	# The requeue ends this script, which has to name the nodes first.
                	trap '' TERM
                	for try in 1 2 3 4 5; do
                		scontrol requeue "$task" && break
                		# The controller may be starting again.
                		[ $try = 5 ] && exit 3
                		sleep 10
                	done
                	if [ -n "$(elsewhere)" ]; then
                		said=$(scontrol show job "$task" | sed -n 's/.* ExcNodeList=\\([^ (]*\\).*/\\1/p')
                		scontrol update JobId="$task" ExcNodeList="$said${said:+,}$(failed | sort -u | paste -sd,)"
                	fi
                	exit 3
                }
                restarts=${SLURM_RESTART_COUNT:-0}
                if [ "$restarts" -lt 10 ] && failed | grep -qxF "$SLURMD_NODENAME" && [ -n "$(elsewhere)" ]; then
                	again
                fi
                %2$s run --plan %3$s --shard auto --report %1$s --resume --jobs %4$d
                code=$?
                if { [ $code = 3 ] || [ $code = 137 ]; } && [ "$(failed | wc -l)" -lt 2 ] && [ "$restarts" -lt 10 ]; then
                	echo "ksplat ended with $code on $SLURMD_NODENAME in array $SLURM_ARRAY_JOB_ID: back into the queue"
                	again
                fi
                exit $code
                """.formatted(report, ksplat, plan, jobs);
    }

    /** Returns the script of the joint report. */
    public String merge() {
        return head("ksplat-merge", "", 1, Parallelism.memoryMiB(0), "merge") + "exec " + ksplat + " merge " + report
                + " --report " + joint + "\n";
    }

    private String head(String name, String array, int cpus, long memory, String log) {
        return """
                #!/bin/bash
                #SBATCH --job-name=%s
                %s
                #SBATCH --requeue
                #SBATCH --open-mode=append
                #SBATCH --cpus-per-task=%d
                #SBATCH --mem=%dM
                #SBATCH --output=%s/log/%s
                %s
                """.formatted(
                        name,
                        array,
                        cpus,
                        memory,
                        report,
                        log,
                        options.stream().map(option -> "#SBATCH " + option).collect(Collectors.joining("\n")))
                .replaceAll("\n{2,}", "\n");
    }
}
