// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnnotationsTest {
    private static Annotations read(String... tags) {
        List<String> all = Arrays.asList(tags);
        return Annotations.of(Tag.read(all, Tag.spelling(all)));
    }

    private static List<String> texts(Messages messages) {
        return messages.all().stream().map(Message::text).toList();
    }

    @Test
    void theThreeSpellingsSayTheSame() {
        Annotations old = read("comment:test_expect_failure", "comment:test_expect_msg=a", "comment:test_expect_msg=b");
        Annotations middle =
                read("comment:test_expect_msg=11=b", "comment:test_expect_msg=9=a", "comment:test_expect_failure");
        Annotations young =
                read("comment:11:test_expect_msg=b", "comment:9:test_expect_msg=a", "comment:10:test_expect_failure");
        for (Annotations one : List.of(old, middle, young)) {
            assertThat(one.privileged().failure()).isTrue();
            assertThat(texts(one.privileged().log())).containsExactly("a", "b");
            assertThat(one.modes()).containsExactly(Mode.PRIVILEGED);
        }
    }

    @Test
    void aMessageMayBeginWithANumber() {
        assertThat(texts(read("comment:test_expect_msg=1=2", "comment:test_expect_msg=x")
                        .privileged()
                        .log()))
                .containsExactly("1=2", "x");
        assertThat(texts(read("comment:7:test_expect_msg=1=2").privileged().log()))
                .containsExactly("1=2");
    }

    @Test
    void otherTagsAreNoAnnotations() {
        assertThat(read("exception_callback:handler", "contains:node:list").modes())
                .as("nothing is said: it must load, with all privileges")
                .containsExactly(Mode.PRIVILEGED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "comment:1:test_expect_a_miracle",
                "comment:1:test_expect_miracle=x",
                "comment:test_retval_somehow=3",
                "comment:1:test_expect_success=3",
                "comment:1:test_log_level",
                "comment:1:test_description_unpriv=x",
                "comment:1:test_kconfig=CONFIG_X",
                "comment:nonsense"
            })
    void anUnknownAnnotationIsAnError(String tag) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> read("comment:0:test_expect_success", tag))
                .withMessageContaining("is not known");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "test_retval=three",
                "test_prog_flags=BPF_F_NOTHING",
                "test_arch=PDP11",
                "load_mode=sometimes",
                "test_caps_unpriv=CAP_BPF",
                "test_jited=ret",
                "test_expect_msg={{(}}"
            })
    void aSenselessValueIsAnError(String tag) {
        assertThatIllegalArgumentException().isThrownBy(() -> read("comment:0:" + tag));
    }

    @Test
    void unprivilegedInheritsWhatItDoesNotSay() {
        Annotations both = read(
                "comment:0:test_expect_failure",
                "comment:1:test_expect_msg=why",
                "comment:2:test_retval=7",
                "comment:3:test_expect_success_unpriv");
        assertThat(both.modes()).containsExactlyInAnyOrder(Mode.PRIVILEGED, Mode.UNPRIVILEGED);
        assertThat(both.unprivileged().failure()).isFalse();
        assertThat(texts(both.unprivileged().log())).containsExactly("why");
        assertThat(both.unprivileged().retval()).isEqualTo(OptionalInt.of(7));
        assertThat(both.privileged().runs()).as("what must not load is not run").isFalse();
        assertThat(both.unprivileged().runs()).isTrue();
        assertThat(read("comment:0:test_expect_failure", "comment:1:test_expect_msg_unpriv=x")
                        .unprivileged()
                        .failure())
                .isTrue();
    }

    @Test
    void valuesAreReadAsTestLoaderReadsThem() {
        assertThat(read("comment:0:test_retval=0xffffffff").privileged().retval())
                .hasValue(-1);
        assertThat(read("comment:0:test_retval=_INT_MIN").privileged().retval()).hasValue(Integer.MIN_VALUE);
        assertThat(read("comment:0:test_caps_unpriv=39|38").capabilities()).isEqualTo(1L << 39 | 1L << 38);
        assertThat(read(
                                "comment:0:test_prog_flags=BPF_F_ANY_ALIGNMENT",
                                "comment:1:test_prog_flags=!BPF_F_TEST_RND_HI32",
                                "comment:2:test_prog_flags=0x400")
                        .flags())
                .isEqualTo(new LoadFlags(2 | 0x400, 1 << 7));
        assertThat(read("comment:0:test_log_level=4", "comment:1:test_log_always")
                        .logLevel())
                .isEqualTo(4);
        assertThat(read("comment:0:test_skip=broken").skipped()).contains("broken");
        assertThat(read("comment:0:load_mode=no_jited").jit()).contains(false);
        assertThat(read("comment:0:test_btf_path=x").btf()).contains("x");
        assertThat(read("comment:0:test_btf_func_path=x").unsupported()).containsExactly("__btf_func_path");
    }

    @Test
    void machineCodeIsOfTheArchitectureBeforeIt() {
        Annotations code = read(
                "comment:0:test_arch=ARM64",
                "comment:1:test_jited=ldr",
                "comment:2:test_arch=X86_64",
                "comment:3:test_jited=movq",
                "comment:4:test_jited=...",
                "comment:5:test_jited=retq");
        assertThat(code.architectures()).containsExactlyInAnyOrder("ARM64", "X86_64");
        assertThat(code.privileged().jited().all())
                .extracting(Message::text, Message::nextLine)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("movq", true),
                        org.assertj.core.groups.Tuple.tuple("retq", false));
    }
}
