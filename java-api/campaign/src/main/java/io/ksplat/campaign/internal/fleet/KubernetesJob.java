// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.campaign.Parallelism;
import java.util.List;
import java.util.Optional;

/**
 * The manifests of a plan for Kubernetes, as JSON, which kubectl takes as well as YAML: an Indexed Job with a pod for each shard, and
 * a Job that joins what they wrote.
 *
 * @param name of the first job; that of the other one ends with {@code -merge}
 * @param image has ksplat as its entry point
 * @param claim the persistent volume claim that all pods write into, with the plan as {@code plan.json}
 * @param parallel pods at a time
 * @param kvm the resource by which a device plugin gives a pod /dev/kvm; empty: TCG
 */
public record KubernetesJob(
        String name, String image, String claim, int shards, int parallel, int jobs, Optional<String> kvm) {
    private static final String MOUNT = "/ksplat";
    private static final int RETRIES = 2;

    public KubernetesJob {
        for (String label : List.of(name, claim)) {
            if (!label.matches("[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?")) {
                throw new IllegalArgumentException("\"" + label + "\" is no name for Kubernetes: lower-case letters,"
                        + " digits and hyphens, 52 at most");
            }
        }
    }

    /** Returns the job of the shards. Verdicts (1) and usage (2) are not tried again; whatever else fails is, twice. */
    public String array() {
        ObjectNode job = job(name);
        ObjectNode spec = job.putObject("spec");
        spec.put("completionMode", "Indexed").put("completions", shards).put("parallelism", parallel);
        spec.put("backoffLimitPerIndex", RETRIES).put("maxFailedIndexes", shards);
        ObjectNode rule =
                spec.putObject("podFailurePolicy").putArray("rules").addObject().put("action", "FailIndex");
        rule.putObject("onExitCodes")
                .put("containerName", "ksplat")
                .put("operator", "In")
                .putArray("values")
                .add(1)
                .add(2);
        ObjectNode container = pod(
                spec,
                jobs,
                Parallelism.memoryMiB(jobs),
                List.of(
                        "run",
                        "--plan",
                        MOUNT + "/plan.json",
                        "--shard",
                        "auto",
                        "--report",
                        MOUNT + "/shards",
                        "--resume",
                        "--jobs",
                        Integer.toString(jobs)));
        container.putArray("env").addObject().put("name", ShardName.COUNT).put("value", Integer.toString(shards));
        kvm.ifPresent(resource -> ((ObjectNode) container.path("resources").path("limits")).put(resource, "1"));
        return job.toPrettyString() + "\n";
    }

    /** Returns the job of the joint report. */
    public String merge() {
        ObjectNode job = job(name + "-merge");
        ObjectNode spec = job.putObject("spec").put("backoffLimit", 0);
        pod(spec, 1, Parallelism.memoryMiB(0), List.of("merge", MOUNT + "/shards", "--report", MOUNT + "/joint"));
        return job.toPrettyString() + "\n";
    }

    private static ObjectNode job(String name) {
        ObjectNode job = JsonNodeFactory.instance.objectNode();
        job.put("apiVersion", "batch/v1").put("kind", "Job");
        job.putObject("metadata").put("name", name);
        return job;
    }

    private ObjectNode pod(ObjectNode spec, int cpus, long memory, List<String> arguments) {
        ObjectNode pod = spec.putObject("template").putObject("spec").put("restartPolicy", "Never");
        ObjectNode container = pod.putArray("containers").addObject();
        container.put("name", "ksplat").put("image", image);
        arguments.forEach(container.putArray("args")::add);
        ObjectNode resources = container.putObject("resources");
        for (String bound : List.of("requests", "limits")) {
            resources.putObject(bound).put("cpu", Integer.toString(cpus)).put("memory", memory + "Mi");
        }
        container.putArray("volumeMounts").addObject().put("name", "work").put("mountPath", MOUNT);
        pod.putArray("volumes")
                .addObject()
                .put("name", "work")
                .putObject("persistentVolumeClaim")
                .put("claimName", claim);
        return container;
    }
}
