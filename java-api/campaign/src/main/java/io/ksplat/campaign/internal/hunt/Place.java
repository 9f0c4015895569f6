// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

/**
 * A function or an event that an operation passes, to which a program can be attached.
 *
 * @param section where libbpf attaches a program: {@code fentry/FUNCTION}, {@code kprobe/FUNCTION}, {@code tp_btf/EVENT}
 * @param where its instruction, as {@code function+offset}
 */
record Place(String section, String where) {}
