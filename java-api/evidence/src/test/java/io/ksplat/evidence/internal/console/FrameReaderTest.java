// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Frame;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameReaderTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "foo_bar+0x1c/0x40",
                "[<ffffffff81da5ce2>] foo_bar+0x1c/0x40",
                "[<ffffffff81da5ce2>] foo_bar+0x1c/0x40 [module]",
                "foo_bar+0x1c/0x40 [module 0123abcd]",
                "foo_bar+0x1c/0x40 (P)",
                "foo_bar+0x1c/0x40 fs/open.c:12",
                "[c000000001f0bb10] [c0000000000b1d14] foo_bar+0x1c/0x40 (unreliable)",
                "[<00000000002a7b52>] foo_bar+0x1c/0x40",
                "([<00000000002a7b52>] foo_bar+0x1c/0x40)",
                "[<9000000000223fe4>] foo_bar+0x1c/0x40",
                "[<80101010>] foo_bar+0x1c/0x40"
            })
    void everyArchitecturesFramesAreRead(String line) {
        assertThat(FrameReader.frames(line)).singleElement().satisfies(frame -> {
            assertThat(frame.function()).isEqualTo("foo_bar");
            assertThat(frame.offset()).hasValue(0x1c);
            assertThat(frame.certain()).isTrue();
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "RIP: 0010:foo_bar+0x1c/0x40",
                "RIP: 0010:[<ffffffff81da5ce2>]  [<ffffffff81da5ce2>] foo_bar+0x1c/0x40",
                "RIP: 0010:[<ffffffff81da5ce2>] foo_bar+0x1c/0x40",
                "IP: foo_bar+0x1c/0x40",
                "IP: [<ffffffff81da5ce2>] foo_bar+0x1c/0x40",
                "EIP: foo_bar+0x1c/0x40",
                "EIP is at foo_bar+0x1c/0x40",
                "PC is at foo_bar+0x1c/0x40",
                "pc : foo_bar+0x1c/0x40",
                "pc : [<ffff800008195d30>] foo_bar+0x1c/0x40",
                "NIP [c0000000000b1d14] foo_bar+0x1c/0x40",
                "epc : foo_bar+0x1c/0x40",
                "epc   : 80101010 foo_bar+0x1c/0x40",
                "Krnl PSW : 0704c00180000000 00000000002a7b52 (foo_bar+0x1c/0x40)"
            })
    void everyArchitecturesInstructionPointerIsRead(String line) {
        assertThat(FrameReader.pointer(line)).map(Frame::function).hasValue("foo_bar");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[<8010e2a8>] (foo_bar) from [<801097f8>] (caller+0x18/0x1c)",
                "(foo_bar) from (caller+0x18/0x1c)",
                "foo_bar from caller+0x18/0x1c"
            })
    void armNamesCalledAndCaller(String line) {
        assertThat(FrameReader.frames(line)).extracting(Frame::function).containsExactly("foo_bar", "caller");
    }

    @Test
    void aQuestionMarkMeansAStaleAddress() {
        assertThat(FrameReader.frames("? foo_bar+0x1c/0x40")).singleElement().matches(frame -> !frame.certain());
        assertThat(FrameReader.frames("[<ffffffff81da5ce2>] ? foo_bar+0x1c/0x40"))
                .singleElement()
                .matches(frame -> !frame.certain());
    }

    @Test
    void inlinedFramesHaveNoOffset() {
        assertThat(FrameReader.frames("foo_bar fs/open.c:12 [inline]"))
                .singleElement()
                .satisfies(frame -> {
                    assertThat(frame.inlined()).isTrue();
                    assertThat(frame.offset()).isEmpty();
                    assertThat(frame.line()).hasValue(12);
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"RIP: 0033:0x457099", "hello world", "task:cat state:D", "a from b"})
    void otherLinesHoldNoFrame(String line) {
        assertThat(FrameReader.frames(line)).isEmpty();
        assertThat(FrameReader.pointer(line)).isEmpty();
    }
}
