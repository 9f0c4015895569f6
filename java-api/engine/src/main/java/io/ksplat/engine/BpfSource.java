// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

/**
 * A BPF C file.
 *
 * <pre>{@code
 * BpfSource beside = new BpfSource(getClass(), "tracer.bpf.c");
 * }</pre>
 *
 * @param owner the class that it lies beside, as a resource
 * @param name the file's name
 */
public record BpfSource(Class<?> owner, String name) {}
