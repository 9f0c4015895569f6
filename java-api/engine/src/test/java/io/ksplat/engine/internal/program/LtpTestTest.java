// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.kernel.internal.image.KernelConfig;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LtpTestTest {
    private static final String WHOLE = """
            // SPDX-License-Identifier: GPL-2.0-or-later
            #include "tst_test.h"
            static const char *const drivers[] = { "tun", "loop", NULL };
            /* struct tst_test test = { .min_cpus = 99 } */
            static void run(void) { tst_res(TPASS, "a string with } and , and .min_cpus = 7"); }
            static struct tst_test test = {
            	.test_all = run,
            	.needs_root = 1,
            	.min_kver = "5.10", /* commit 0123456789ab, (a comment) */
            	.min_cpus = 4,
            	.min_mem_avail = 2 * 1024,
            	.timeout = 20,
            	.caps = (struct tst_cap []) { TST_CAP(TST_CAP_DROP, CAP_NET_RAW), {} },
            	.needs_kconfigs = (const char *[]) {
            		"CONFIG_USER_NS=y",
            #ifdef ANY
            		"CONFIG_A|"
            		"CONFIG_B",
            #endif
            		NULL,
            	},
            	.needs_drivers = drivers,
            	.needs_cmds = (struct tst_cmd[]) {
            		{.cmd = "parted", .optional = 1},
            		{.cmd = "mkfs.ext4 >= 1.43.0"},
            		{}
            	},
            	.supported_archs = (const char *const []) { "x86_64", "aarch64", NULL },
            	.tags = (const struct tst_tag[]) {
            		{"linux-git", "43a6684519ab"},
            		{"CVE", "2017-2671"},
            		{}
            	}
            };
            """;

    private static LtpTest test(String fields) {
        return LtpTest.read("static struct tst_test test = {" + fields + "};").orElseThrow();
    }

    @Test
    void allThatItSays() {
        assertThat(LtpTest.read(WHOLE))
                .contains(new LtpTest(
                        Optional.of("5.10"),
                        List.of("CONFIG_USER_NS=y", "CONFIG_A|CONFIG_B"),
                        4,
                        2048,
                        0,
                        true,
                        List.of("tun", "loop"),
                        List.of("mkfs.ext4"),
                        List.of("x86_64", "aarch64"),
                        List.of("linux-git 43a6684519ab", "CVE-2017-2671"),
                        Optional.of(Duration.ofSeconds(20)),
                        List.of()));
    }

    @Test
    void otherProgramsSayNothing() {
        assertThat(LtpTest.read("int main(void) { return 0; }")).isEmpty();
        assertThat(LtpTest.read("// static struct tst_test test = { .min_cpus = 2 };"))
                .isEmpty();
    }

    @Test
    void theOlderFormOfCommands() {
        assertThat(test(".needs_cmds = (const char *[]) {\"ip\", \"tc > 5.0\", NULL}")
                        .commands())
                .containsExactly("ip", "tc");
    }

    /** What a macro stands for only a compiler knows. */
    @Test
    void whatCannotBeReadIsSaid() {
        LtpTest test = test(".min_cpus = CPUS, .needs_kconfigs = configs, .min_kver = VERSION");
        assertThat(test.unread()).containsExactly("min_cpus", "needs_kconfigs", "min_kver");
        assertThat(test.notes())
                .containsExactly("ksplat could not read .min_cpus, .needs_kconfigs, .min_kver of the test, which checks"
                        + " that itself");
    }

    @Test
    void whatIsCutOffIsReadAsFarAsItGoes() {
        assertThat(LtpTest.read("struct tst_test test = { .min_cpus = 2, .tags = (struct tst_tag[]) { {\"CVE\", \"1\"")
                        .orElseThrow()
                        .cpus())
                .isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                ".min_cpus = 4; the test needs 4 CPUs (.min_cpus), and the machine has 2",
                ".min_mem_avail = 300; the test needs 300 MiB of memory that are available (.min_mem_avail), and the"
                        + " machine has 256 MiB in all",
                ".min_swap_avail = 10; the test needs 10 MiB of swap",
                ".needs_root = 1; the test needs root (.needs_root), and another user is to run it",
                ".needs_cmds = (const char *[]) {\"ip\"}; the test needs the commands ip (.needs_cmds): name a root",
                ".supported_archs = (const char *[]) {\"s390x\"}; the test is for s390x"
            })
    void whatAMachineLacks(String fields, String message) {
        MachineNeeds small = new MachineNeeds(2, 256);
        assertThat(test(fields).lackingOf(small, "x86_64", false).orElseThrow()).contains(message);
    }

    @Test
    void whatAMachineHas() {
        LtpTest test = test(".min_cpus = 2, .min_mem_avail = 100, .needs_root = 1, .supported_archs = a");
        assertThat(test.lackingOf(new MachineNeeds(2, 256), "x86_64", true)).isEmpty();
        assertThat(test(".needs_cmds = (const char *[]) {\"ip\"}")
                        .lackingOf(
                                new MachineNeeds(2, 256, 1, List.of(), Optional.of("debian"), List.of()),
                                "x86_64",
                                true))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                ".min_kver = \"6.13\"; the test needs Linux 6.13 (.min_kver), and this is 6.12.118",
                ".min_kver = \"6.12.119\"; the test needs Linux 6.12.119",
                ".needs_kconfigs = (const char *[]) {\"CONFIG_A\", \"CONFIG_B=y | CONFIG_C\"}; the test needs"
                        + " CONFIG_B=y | CONFIG_C (.needs_kconfigs), and of this kernel CONFIG_B=m, CONFIG_C is not set"
            })
    void whatAKernelLacks(String fields, String message) {
        KernelConfig config = KernelConfig.parse("CONFIG_A=y\nCONFIG_B=m\n");
        assertThat(test(fields).lackingIn("6.12.118", Optional.of(config)).orElseThrow())
                .contains(message);
    }

    @Test
    void whatAKernelHas() {
        KernelConfig config = KernelConfig.parse("CONFIG_A=y\n");
        LtpTest test = test(".min_kver = \"6.12\", .needs_kconfigs = (const char *[]) {\"CONFIG_A\", NULL}");
        assertThat(test.lackingIn("6.12.118", Optional.of(config))).isEmpty();
        assertThat(test.lackingIn("6.12.118", Optional.empty())).isEmpty();
    }
}
