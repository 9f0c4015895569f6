// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SourceNamesTest {
    @Test
    void findsProgramsBehindTheirAnnotations() {
        assertThat(SourceNames.of("""
                        char _license[] SEC("license") = "GPL";
                        struct { __uint(type, 1); } map SEC(".maps");
                        /* SEC("socket") int commented(void) {} */
                        SEC("socket")
                        __description("a (text) with SEC(x)")
                        __success __msg("call f(x)") __retval(POINTER_VALUE)
                        __naked void first(void)
                        {
                        }
                        SEC("?tp_btf/task_newtask")
                        __failure
                        int BPF_PROG(second, struct task_struct *task)
                        {
                            return helper(task);
                        }
                        SEC("tc") static int third(struct __sk_buff *skb) { return 0; }
                        """)).containsExactly("first", "second", "third");
    }

    @Test
    void ofTextThatIsNoCItFindsNothing() {
        assertThat(SourceNames.of("SEC(\"socket\" SEC( (((")).isEmpty();
        assertThat(SourceNames.of("")).isEmpty();
    }
}
