// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.util.Optional;

/**
 * A program in an object file.
 *
 * @param section the name of its section, without the leading {@code ?} of {@code SEC("?...")}
 * @param type libbpf's name of the program type that the section implies ("tracing"); "unspec" if it implies none, and loading
 *     will fail
 * @param attachType libbpf's name of the attach type ("trace_raw_tp"); the first one for program types that have none
 * @param attachPoint what the section names after its first slash ("nmi_handler" of "tp_btf/nmi_handler"); empty for types that do
 *     not attach by name
 * @param autoload whether libbpf loads it by default; {@code ?} before the section prevents that
 */
public record BpfProgramInfo(
        String name, String section, String type, String attachType, Optional<String> attachPoint, boolean autoload) {}
