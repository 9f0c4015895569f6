// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

/** What a type of record is as a JSON object: names each field once, for writing and for reading. */
@FunctionalInterface
public interface Form<T> {
    /** Writes or reads every field, in the order of the object, and returns the record. */
    T exchange(Fields<T> fields);
}
