// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.machine.internal.forensics.memory.KernelData;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Finds the entry that a task on its own stack has put into a queue of waiters, and the queue's head. */
final class Queues {
    /** A longer list is a loop in corrupted memory. */
    private static final int MOST = 4096;

    private final KernelData data;
    private final Set<Long> tasks;

    /** @param tasks every task: an element of a queue that names none of them is its head */
    Queues(KernelData data, Set<Long> tasks) {
        this.data = data;
        this.tasks = tasks;
    }

    /**
     * An entry in a queue.
     *
     * @param entry the address of the entry
     * @param head the address of the head's list
     */
    record Place(long entry, long head) {}

    /**
     * Returns the place of a task in a queue.
     *
     * @param type of the entry, such as {@code swait_queue}
     * @param who the member that names the task
     * @param link the member that links the entries
     */
    Optional<Place> find(long task, StackWords stack, String type, String who, String link) {
        OptionalLong whoAt = data.address(0, type, who);
        OptionalLong linkAt = data.address(0, type, link);
        if (whoAt.isEmpty() || linkAt.isEmpty()) {
            return Optional.empty();
        }
        long delta = whoAt.getAsLong() - linkAt.getAsLong();
        for (StackWords.Word word : stack.innermost()) {
            if (word.value() == task) {
                Optional<Long> head = head(word.address() - delta, delta);
                if (head.isPresent()) {
                    return Optional.of(new Place(word.address() - whoAt.getAsLong(), head.get()));
                }
            }
        }
        return Optional.empty();
    }

    /** Goes round the ring that an entry is part of; its head is the one element that names no task. */
    private Optional<Long> head(long start, long delta) {
        List<Long> heads = new ArrayList<>();
        Set<Long> seen = new HashSet<>(Set.of(start));
        OptionalLong next = data.word(start);
        while (next.isPresent() && next.getAsLong() != start) {
            long at = next.getAsLong();
            if (at >= 0 || seen.size() >= MOST || !seen.add(at)) {
                return Optional.empty();
            }
            OptionalLong who = data.word(at + delta);
            if (who.isEmpty() || !tasks.contains(who.getAsLong())) {
                heads.add(at);
            }
            next = data.word(at);
        }
        return next.isPresent() && heads.size() == 1 ? Optional.of(heads.get(0)) : Optional.empty();
    }

    /** Returns whether a list leads to an element. */
    boolean leadsTo(long list, long element) {
        Set<Long> seen = new HashSet<>();
        OptionalLong next = data.word(list);
        while (next.isPresent() && next.getAsLong() != list && next.getAsLong() < 0 && seen.size() < MOST) {
            if (next.getAsLong() == element) {
                return true;
            }
            if (!seen.add(next.getAsLong())) {
                return false;
            }
            next = data.word(next.getAsLong());
        }
        return false;
    }
}
