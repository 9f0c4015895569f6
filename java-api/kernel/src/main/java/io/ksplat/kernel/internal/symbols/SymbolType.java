// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.symbols;

/** The letters of nm(1) that kallsyms gives to symbols. */
public final class SymbolType {
    private SymbolType() {}

    /** Returns whether a letter is that of code. */
    public static boolean isText(int letter) {
        return letter == 'T' || letter == 't' || letter == 'W' || letter == 'w';
    }
}
