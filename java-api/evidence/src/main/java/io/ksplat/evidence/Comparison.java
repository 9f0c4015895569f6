// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Says whether two pieces of evidence show the same bug, and why.
 *
 * @param reasons what they share if they are the same bug, else how they differ; one clause each
 */
public record Comparison(boolean same, List<String> reasons) {
    public Comparison {
        reasons = List.copyOf(reasons);
    }

    static Comparison of(Evidence a, Evidence b) {
        if (a.signature().equals(b.signature())) {
            List<String> shared = new ArrayList<>();
            shared.add("both are " + a.kind().id());
            a.function()
                    .filter(name -> b.function().equals(a.function()))
                    .ifPresent(name -> shared.add("both name " + name));
            if (!classes(a).isEmpty() && classes(a).equals(classes(b))) {
                shared.add("same lock classes: " + String.join(", ", classes(a)));
            }
            shared.add("same signature: " + a.signature());
            return new Comparison(true, shared);
        }
        List<String> differ = new ArrayList<>();
        if (a.kind() != b.kind()) {
            differ.add("one is " + a.kind().id() + ", the other " + b.kind().id());
        }
        if (!classes(a).equals(classes(b))) {
            differ.add("lock classes: " + only(a, b) + " against " + only(b, a));
        }
        if (!a.function().equals(b.function())) {
            differ.add("functions: " + a.function().orElse("none") + " against "
                    + b.function().orElse("none"));
        }
        if (differ.isEmpty()) {
            differ.add("signatures: " + a.signature() + " against " + b.signature());
        }
        return new Comparison(false, differ);
    }

    private static Set<String> classes(Evidence evidence) {
        return evidence.locks().stream()
                .map(lock -> lock.lockClass().orElse(lock.name()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String only(Evidence one, Evidence other) {
        Set<String> left = new TreeSet<>(classes(one));
        left.removeAll(classes(other));
        return left.isEmpty() ? "none" : String.join(", ", left);
    }

    /** Returns the comparison as one line of text. */
    @Override
    public String toString() {
        return (same ? "the same bug: " : "different bugs: ") + String.join("; ", reasons);
    }
}
