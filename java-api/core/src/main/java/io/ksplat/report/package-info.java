// SPDX-License-Identifier: Apache-2.0
/** The files of a run: results.json, JUnit XML, evidence. No API: public for ksplat's other rooms and modules. */
@NullMarked
package io.ksplat.report;

import org.jspecify.annotations.NullMarked;
