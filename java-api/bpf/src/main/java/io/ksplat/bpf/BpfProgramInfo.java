// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.util.Optional;

/**
 * A program in an object file.
 *
 * @param section its section's name without the leading {@code ?} of {@code SEC("?...")}
 * @param type libbpf's word for the program type that it infers from the section ("tracing"); "unspec" where the
 *     section says nothing to it, and loading will fail
 * @param attachType libbpf's word for the attach type ("trace_raw_tp"); for types that have none, its first one
 * @param attachPoint what the section names after its first slash ("nmi_handler" of "tp_btf/nmi_handler"), for types
 *     that attach to something by name
 * @param autoload false where the section asks for it with {@code ?}
 */
public record BpfProgramInfo(
        String name, String section, String type, String attachType, Optional<String> attachPoint, boolean autoload) {}
