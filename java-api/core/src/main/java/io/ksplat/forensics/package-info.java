// SPDX-License-Identifier: Apache-2.0
/** Reading a hung machine from outside: registers, memory, unwinding, symbolizing. No API: public for ksplat's other rooms and modules. */
@NullMarked
package io.ksplat.forensics;

import org.jspecify.annotations.NullMarked;
