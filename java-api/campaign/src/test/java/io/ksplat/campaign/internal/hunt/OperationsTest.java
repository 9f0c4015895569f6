// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.results.internal.campaign.HuntRecord;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OperationsTest {
    private static final String PAIR = "map-update/hash+map-delete/hash";

    private static List<String> names(List<Operation> operations) {
        return operations.stream().map(Operation::name).toList();
    }

    @Test
    void anNmiMayDoSomethingElse() {
        Operation pair = Operations.named(List.of(PAIR)).get(0);
        assertThat(pair.name()).isEqualTo(PAIR);
        assertThat(pair.inTask()).isEqualTo("map-update/hash");
        assertThat(pair.inNmi()).isEqualTo("map-delete/hash");
        assertThat(pair.macros()).containsExactly("ACTION_update", "VARIANT_hash");
        assertThat(pair.hasOneObject()).isTrue();
        assertThat(Operations.named(List.of("map-update/hash+map-delete/lpm-trie"))
                        .get(0)
                        .hasOneObject())
                .as("of another map")
                .isFalse();
        assertThat(Operations.named(List.of("linked/list-push+linked/list-move"))
                        .get(0)
                        .hasOneObject())
                .as("of another variant")
                .isFalse();
        assertThat(Operations.named(List.of("map-update/hash")).get(0).hasOneObject())
                .as("the same: there is no other")
                .isFalse();
    }

    @Test
    void bothGetWhatTheyNeed() {
        Operation pair = Operations.named(List.of("storage-lookup/cgroup+kptr-drop/task"))
                .get(0);
        assertThat(pair.kfuncs()).containsExactly("bpf_task_from_pid", "bpf_task_release");
        assertThat(pair.functions()).containsExactly("bpf_cgrp_storage_get");
        assertThat(pair.boot()).isEqualTo("rcu_nocbs=all rcutree.enable_rcu_lazy=0");
        assertThat(Operations.named(List.of("kptr-drop/task+kptr-delete/task"))
                        .get(0)
                        .boot())
                .as("each parameter once")
                .isEqualTo("rcu_nocbs=all rcutree.enable_rcu_lazy=0");
    }

    @Test
    void eachOperationMeetsEachOther() {
        List<Operation> inTask = Operations.named(List.of("map-push"));
        assertThat(names(Operations.against(inTask, Operations.named(List.of("map-push/queue", "map-pop/queue")))))
                .as("none meets itself")
                .containsExactly(
                        "map-push/queue+map-pop/queue",
                        "map-push/stack+map-push/queue",
                        "map-push/stack+map-pop/queue",
                        "map-push/bloom-filter+map-push/queue",
                        "map-push/bloom-filter+map-pop/queue");
        assertThat(names(Operations.named(List.of("map-push/stack+map-pop"))))
                .containsExactly("map-push/stack+map-pop/queue", "map-push/stack+map-pop/stack");
    }

    @Test
    void whatIsNoPairIsRefused() {
        List<Operation> one = Operations.named(List.of("map-update/hash"));
        assertThatThrownBy(() -> Operations.against(one, one))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("name another operation than map-update/hash");
        assertThatThrownBy(() -> Operations.against(Operations.named(List.of(PAIR)), one))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the NMI of " + PAIR + " does something else already");
        assertThatThrownBy(() -> Operations.named(List.of("map-update/hash+map-delete/nothing")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("there is no operation map-delete/nothing; the nearest: ")
                .hasMessageEndingWith("; all of them: ksplat hunt --list")
                .message()
                .hasSizeLessThan(200);
        assertThatThrownBy(() -> Operations.named(List.of("map-updat/hash")))
                .hasMessageContaining("the nearest: map-update/hash, ");
        assertThatThrownBy(() -> Operations.named(List.of("map-updat")))
                .hasMessageContaining("the nearest: map-update, ");
        assertThatThrownBy(() -> Operations.named(List.of(PAIR + "+map-lookup/hash")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("there is no operation map-delete/hash+map-lookup/hash");
    }

    @Test
    void aPairStandsBehindWhatItsTaskDoesAlone() {
        assertThat(Operations.inOrder(List.of(
                        "map-delete/hash",
                        "map-update/hash+map-lookup/hash",
                        PAIR,
                        "map-update/hash-prealloc",
                        "map-update/hash",
                        PAIR)))
                .containsExactly(
                        "map-update/hash",
                        PAIR,
                        "map-update/hash+map-lookup/hash",
                        "map-update/hash-prealloc",
                        "map-delete/hash");
        assertThat(Operations.inOrder(List.of())).isEmpty();
    }

    /** Else a page would show the run of one beside the finding of the other. */
    @Test
    void aPairHasAReproducerOfItsOwn() {
        String own = Operations.named(List.of(PAIR)).get(0).id(HuntMode.NMI, 2);
        assertThat(own).isEqualTo("hunt-map-update-hash-nmi-map-delete-hash-lock-2");
        assertThat(HuntRecord.isOf(tried(PAIR), own)).isTrue();
        assertThat(HuntRecord.isOf(tried("map-update/hash"), own)).isFalse();
        assertThat(HuntRecord.isOf(tried(PAIR), "hunt-map-update-hash-lock-2")).isFalse();
    }

    private static HuntRecord.Operation tried(String name) {
        return new HuntRecord.Operation(name, HuntRecord.NMI, "SAFE", 1, 1, 1, List.of(), List.of(), Optional.empty());
    }
}
