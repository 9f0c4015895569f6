// SPDX-License-Identifier: Apache-2.0
/** What targets implement, and the running kernel as one. */
@NullMarked
package io.ksplat.bpf.internal;

import org.jspecify.annotations.NullMarked;
