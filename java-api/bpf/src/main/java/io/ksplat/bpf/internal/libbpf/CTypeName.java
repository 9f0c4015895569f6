// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import io.ksplat.bpf.BtfType;

/** Names types as C does, for messages. */
final class CTypeName {
    private CTypeName() {}

    static String of(BtfType type) {
        if (type instanceof BtfType.Int number) {
            return number.name();
        } else if (type instanceof BtfType.Real real) {
            return real.name();
        } else if (type instanceof BtfType.Bool) {
            return "_Bool";
        } else if (type instanceof BtfType.Char) {
            return "char";
        } else if (type instanceof BtfType.Ptr pointer) {
            return pointer.target() + " *";
        } else if (type instanceof BtfType.Array array) {
            return of(array.element()) + "[" + array.length() + "]";
        } else if (type instanceof BtfType.Struct struct) {
            return ((struct.union() ? "union " : "struct ") + struct.name()).strip();
        } else if (type instanceof BtfType.Enumeration enumeration) {
            return ("enum " + enumeration.name()).strip();
        } else if (type instanceof BtfType.Opaque opaque) {
            return opaque.name();
        }
        throw new IllegalStateException("unknown type: " + type);
    }
}
