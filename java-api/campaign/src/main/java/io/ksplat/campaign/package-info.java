// SPDX-License-Identifier: Apache-2.0
/** Many runs: plans, sweeps, patch trials, bisections and benchmarks. */
@NullMarked
package io.ksplat.campaign;

import org.jspecify.annotations.NullMarked;
