// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report;

/**
 * The kernel of a run.
 *
 * @param spec as the user gave it
 * @param release as {@code uname -r} prints it; empty where the run ended before it was known
 * @param key tells apart what shares a release, and is fit for a file name
 */
public record KernelName(String spec, String release, String key) {}
