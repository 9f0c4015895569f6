// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.engine.Conclusion;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Progress;
import io.ksplat.results.ProgramRecord;
import io.ksplat.results.ResourceUsage;
import io.ksplat.results.RunRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Programs on a real kernel, each beside one that differs in what decides. */
class ProgramScenarioTest {
    private static final String KERNEL = System.getProperty("ksplat.kernel", RunSettings.DEFAULT_KERNEL);
    private static Session session;

    @TempDir
    static Path report;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        session = Session.open(SessionOptions.standard(Progress.NONE));
    }

    @AfterAll
    static void close() {
        session.close();
    }

    private RunRecord run(String name, String text, String... arguments) throws Exception {
        return run(Files.writeString(folder.resolve(name), text), arguments);
    }

    private RunRecord run(Path file, String... arguments) throws Exception {
        return run(file, "as-written", arguments);
    }

    private RunRecord run(Path file, String nmis, String[] arguments) throws Exception {
        ProgramSpec.Kind kind = file.toString().endsWith(".c")
                ? ProgramSpec.Kind.C
                : file.toString().endsWith(".sh") ? ProgramSpec.Kind.SCRIPT : ProgramSpec.Kind.EXECUTABLE;
        ProgramSpec spec = ProgramSpec.read(file, kind, List.of(arguments), Map.of());
        Conclusion conclusion = session.run(
                        RunSettings.of(KERNEL).reportedIn(report).sending(nmis),
                        new ProgramScenario(String.valueOf(file.getFileName()), spec))
                .execute();
        return conclusion.record();
    }

    private static Control control(RunRecord run, String name) {
        return run.controls().stream()
                .filter(control -> control.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no control " + name + " in " + run.controls()));
    }

    /** As in a terminal, with the settings of its comment. */
    @Test
    void cleanIfItExitsWithStatusZero() throws Exception {
        Files.writeString(folder.resolve("said.h"), "#define SAID \"said\\n\"\n");
        RunRecord run = run("hello.c", """
                // ksplat: cflags=-DEXIT=0 env="ASKED=for this" lasts=30s
                #include <sched.h>
                #include <stdio.h>
                #include <stdlib.h>
                #include <unistd.h>
                #include "said.h"

                int main(int argc, char **argv)
                {
                	cpu_set_t set;
                	char folder[100];

                	sched_getaffinity(0, sizeof(set), &set);
                	printf("%s %s in %s as %d on %d CPUs, %s\\n", argv[0], argv[1], getcwd(folder, sizeof(folder)),
                	       (int)getuid(), CPU_COUNT(&set), getenv("ASKED"));
                	fprintf(stderr, SAID);
                	return EXIT;
                }
                """, "one two");
        assertThat(run.message()).isEmpty();
        assertThat(run.verdict()).isEqualTo(Verdict.CLEAN);
        ProgramRecord program = run.program().orElseThrow();
        assertThat(program)
                .isEqualTo(new ProgramRecord(
                        OptionalInt.of(0),
                        OptionalInt.empty(),
                        "./hello one two in /root as 0 on 2 CPUs, for this\n",
                        "said\n",
                        program.usage()));
        ResourceUsage usage = program.usage().orElseThrow();
        assertThat(usage.maxRssKib()).isPositive();
        assertThat(usage.minorFaults()).isPositive();
        assertThat(control(run, "exit:hello")).isEqualTo(Control.stimulus("exit:hello", 1, 1));
        assertThat(run.watchedMs().orElseThrow()).isLessThan(30_000);
    }

    /** It waits for NMIs that nothing in the machine sends. */
    @Test
    @Tag("full")
    void aStormComesAsLongAsItRuns() throws Exception {
        Path waits = Files.writeString(folder.resolve("waits.sh"), """
                #!/bin/sh
                # ksplat: boot=apic_extnmi=all lasts=60s
                until awk '/NMI:/ { exit !($2 > 20 && $3 > 20) }' /proc/interrupts; do
                	sleep 0.1
                done
                """);
        RunRecord run = run(waits, "storm:200", new String[0]);
        assertThat(run.message()).isEmpty();
        assertThat(run.verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(control(run, "storm").observed()).isGreaterThan(20);
        assertThat(run.nmis())
                .singleElement()
                .satisfies(storm -> assertThat(storm.source()).isEqualTo("storm:200"));
    }

    @Test
    void inconclusiveIfItFails() throws Exception {
        RunRecord run = run("fails.c", "int main(void) { return 3; }\n");
        assertThat(run.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(run.message()).contains("control exit:fails: it exited with status 3");
        assertThat(run.program().orElseThrow().exit()).hasValue(3);
    }

    @Test
    @Tag("full")
    void inconclusiveIfItIsKilled() throws Exception {
        RunRecord run = run("falls.c", "int main(void) { *(volatile int *)8 = 1; }\n");
        assertThat(run.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(run.message()).contains("control exit:falls: it was killed by SIGSEGV");
        assertThat(run.program().orElseThrow().signal()).hasValue(11);
    }

    @Test
    @Tag("full")
    void cleanIfItLasts() throws Exception {
        RunRecord run = run("loops.c", """
                // ksplat: lasts=2s
                #include <unistd.h>
                int main(void) { for (;;) usleep(1000); }
                """);
        assertThat(run.message()).isEmpty();
        assertThat(run.verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(run.program().orElseThrow().exit()).isEmpty();
        assertThat(run.program().orElseThrow().signal()).isEmpty();
    }

    @Test
    @Tag("full")
    void inconclusiveIfNobodySaysHowLong() throws Exception {
        RunRecord run = run("loops.c", """
                #include <unistd.h>
                int main(void) { for (;;) usleep(1000); }
                """);
        assertThat(run.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(run.message().orElseThrow())
                .contains("control exit:loops: it still runs: say how long it is to run (lasts=30s, --lasts 30s)");
    }

    @Test
    @Tag("full")
    void inconclusiveIfItFailsBeforeItsTime() throws Exception {
        RunRecord run = run("early.c", "// ksplat: lasts=30s\nint main(void) { return 1; }\n");
        assertThat(run.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(run.message()).contains("control exit:early: it exited with status 1");
    }

    private static final String UNLINKS = """
            #include <fcntl.h>
            #include <unistd.h>
            int main(void)
            {
            	for (int i = 0; i < 1000; i++) {
            		close(open("/tmp/file", O_CREAT | O_WRONLY, 0600));
            		unlink("/tmp/file");
            	}
            	return 0;
            }
            """;

    @ParameterizedTest
    @CsvSource({"1000, CLEAN", "1001, INCONCLUSIVE"})
    @Tag("full")
    void countsWhatItReaches(long times, Verdict verdict) throws Exception {
        RunRecord run = run("unlinks.c", "// ksplat: reaches=vfs_unlink:" + times + ",vfs_open\n" + UNLINKS);
        assertThat(run.verdict()).isEqualTo(verdict);
        assertThat(control(run, "reached:vfs_unlink")).isEqualTo(Control.effect("reached:vfs_unlink", times, 1000));
        assertThat(control(run, "reached:vfs_open").passed()).isTrue();
    }

    @Test
    @Tag("full")
    void unsupportedIfThatIsNoFunction() throws Exception {
        RunRecord run = run("unlinks.c", "// ksplat: reaches=vfs_unlinc\n" + UNLINKS);
        assertThat(run.verdict()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(run.message().orElseThrow()).contains("has no function vfs_unlinc (near: vfs_unlink");
    }

    @Test
    @Tag("full")
    void unsupportedIfThatCannotBeTraced() throws Exception {
        RunRecord run = run("unlinks.c", "// ksplat: reaches=asm_exc_nmi\n" + UNLINKS);
        assertThat(run.verdict()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(run.message().orElseThrow()).contains("has no function asm_exc_nmi");
    }

    /** Two threads of one file: the first one's page never comes. */
    private static final String READERS = """
            #include <fcntl.h>
            #include <linux/userfaultfd.h>
            #include <pthread.h>
            #include <sys/ioctl.h>
            #include <sys/mman.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            static int file;
            static void *page(int late)
            {
            	struct uffdio_api api = { .api = UFFD_API };
            	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
            	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            	int fd = late ? syscall(SYS_userfaultfd, O_CLOEXEC) : -1;
            	if (!late)
            		return at;
            	range.range.start = (unsigned long)at;
            	range.range.len = 4096;
            	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
            		_exit(9);
            	return at;
            }
            static void *reader(void *into)
            {
            	read(file, into, 4096);
            	return NULL;
            }
            int main(int argc, char **argv)
            {
            	static char here[4096];
            	pthread_t first, second;
            	file = open("/proc/self/exe", O_RDONLY);
            	pthread_create(&first, NULL, reader, page(argc > 1));
            	usleep(100000);
            	pthread_create(&second, NULL, reader, here);
            	for (;;)
            		usleep(1000);
            }
            """;

    @Test
    @Tag("full")
    void inconclusiveIfATaskDoesNotComeOn() throws Exception {
        RunRecord run = run("readers.c", "// ksplat: cflags=-pthread lasts=2s\n" + READERS, "late");
        assertThat(run.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(run.evidence()).anyMatch(found -> found.kind() == EvidenceKind.TASK_BLOCKED);
        assertThat(control(run, "exit:readers").passed()).isTrue();
    }

    @Test
    @Tag("full")
    void cleanIfAllTasksComeOn() throws Exception {
        RunRecord run = run("readers.c", "// ksplat: cflags=-pthread lasts=2s\n" + READERS);
        assertThat(run.message()).isEmpty();
        assertThat(run.verdict()).isEqualTo(Verdict.CLEAN);
    }

    @Test
    @Tag("full")
    void aCrashIsACrash() throws Exception {
        RunRecord run = run("crashes.sh", "echo c >/proc/sysrq-trigger\n");
        assertThat(run.verdict()).isEqualTo(Verdict.CRASH);
    }

    private static String ofBug(String title) {
        return "# " + title + "\n# https://syzkaller.appspot.com/bug?id=0123\n"
                + "# autogenerated by syzkaller (https://github.com/google/syzkaller)\n"
                + "echo c >/proc/sysrq-trigger\n";
    }

    @Test
    @Tag("full")
    void theBugThatItsHeaderNamesIsExpected() throws Exception {
        RunRecord run = run("crashes.sh", ofBug("kernel panic: sysrq triggered crash (2)"));
        assertThat(run.verdict()).isEqualTo(Verdict.CRASH);
        assertThat(run.expected()).isEqualTo(Verdict.CRASH);
        assertThat(run.mismatch()).isEmpty();
        assertThat(run.asExpected()).isTrue();
        assertThat(run.notes())
                .contains("it shows the bug that the reproducer is of: kernel panic: sysrq triggered crash");
    }

    @Test
    @Tag("full")
    void anotherBugIsNot() throws Exception {
        RunRecord run = run("crashes.sh", ofBug("WARNING in foo"));
        assertThat(run.verdict()).isEqualTo(Verdict.CRASH);
        assertThat(run.asExpected()).isFalse();
        assertThat(run.mismatch().orElseThrow())
                .isEqualTo("another bug: kernel panic: sysrq triggered crash; the reproducer is of WARNING in foo");
    }

    /** On a kernel without KASAN a CLEAN would mean nothing. */
    @Test
    void unsupportedIfTheKernelCannotReportItsBug() throws Exception {
        RunRecord run = run("crashes.sh", ofBug("KASAN: slab-use-after-free Read in foo"));
        assertThat(run.verdict()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(run.asExpected()).isTrue();
        assertThat(run.message().orElseThrow())
                .contains(
                        "was built without CONFIG_KASAN, and so reports no KASAN: slab-use-after-free Read in foo: name");
    }

    /** A tree of LTP in small: a header with the main, and the library that it calls. */
    private Path ltp(String fields) throws Exception {
        return ltp(fields, 0);
    }

    private Path ltp(String fields, int status) throws Exception {
        Path headers = Files.createDirectories(folder.resolve("my ltp/include"));
        Path library = Files.createDirectories(folder.resolve("my ltp/lib"));
        Files.writeString(headers.resolve("tst_test.h"), """
                #include <stddef.h>
                struct tst_test {
                	void (*test_all)(void);
                	const char *min_kver;
                	int min_cpus;
                	const char *const *needs_kconfigs;
                };
                int tst_run(struct tst_test *self);
                static struct tst_test test;
                int main(void) { return tst_run(&test); }
                """);
        Files.writeString(library.resolve("run.c"), """
                #include <stdio.h>
                #include <stdlib.h>
                #include <unistd.h>
                struct tst_test { void (*test_all)(void); };
                int tst_run(struct tst_test *self)
                {
                	self->test_all();
                	printf("%%ld CPUs, %%d\\n", sysconf(_SC_NPROCESSORS_ONLN), access(getenv("KCONFIG_PATH"), R_OK));
                	fprintf(stderr, "%s", %d == 32 ? "run.c:9: \\033[1;33mTCONF: \\033[0mno such call\\n\\nSummary:\\n" : "");
                	return %d;
                }
                """.formatted("%s", status, status));
        Process make = new ProcessBuilder("sh", "-c", "gcc -c run.c && ar rcs libltp.a run.o")
                .directory(library.toFile())
                .inheritIO()
                .start();
        assertThat(make.waitFor()).isZero();
        Path tests = Files.createDirectories(folder.resolve("my ltp/testcases/kernel"));
        return Files.writeString(
                tests.resolve("open99.c"),
                "#include \"tst_test.h\"\nstatic void run(void) {}\nstatic struct tst_test test = {\n\t.test_all = run,\n"
                        + fields + "};\n");
    }

    @Test
    void aTestOfLtpGetsWhatItNeeds() throws Exception {
        RunRecord run = run(ltp("\t.min_kver = \"3.10\",\n\t.min_cpus = 3,\n"
                + "\t.needs_kconfigs = (const char *[]) {\"CONFIG_NET=y & CONFIG_MODULES\", NULL},\n"));
        assertThat(run.message()).isEmpty();
        assertThat(run.verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(run.program().orElseThrow().stdout()).isEqualTo("3 CPUs, 0\n");
    }

    @Test
    void unsupportedIfATestOfLtpNeedsMore() throws Exception {
        RunRecord run = run(ltp("\t.needs_kconfigs = (const char *[]) {\"CONFIG_KASAN=y\", NULL},\n"));
        assertThat(run.verdict()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(run.asExpected()).isTrue();
        assertThat(run.message().orElseThrow())
                .contains(
                        "the test needs CONFIG_KASAN=y (.needs_kconfigs), and of this kernel CONFIG_KASAN is not set");
        assertThat(run(ltp("\t.min_kver = \"99.1\",\n")).message().orElseThrow())
                .contains("the test needs Linux 99.1 (.min_kver), and this is ");
        assertThat(run(ltpWithoutLibrary()).message().orElseThrow())
                .contains("is a test of LTP, and its tree has no lib/libltp.a yet: build it (cd ");
    }

    @Test
    void unsupportedIfATestOfLtpSaysSo() throws Exception {
        RunRecord run = run(ltp("", 32));
        assertThat(run.verdict()).as(run.toString()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(run.asExpected()).isTrue();
        assertThat(run.message()).contains("the test says that it cannot run here: run.c:9: TCONF: no such call");
        assertThat(run(ltp("", 33)).verdict()).as("some of it failed").isEqualTo(Verdict.INCONCLUSIVE);
    }

    private Path ltpWithoutLibrary() throws Exception {
        Path test = ltp("");
        Files.delete(folder.resolve("my ltp/lib/libltp.a"));
        return test;
    }

    @Test
    @Tag("full")
    void runsScripts() throws Exception {
        RunRecord run = run("says.sh", """
                #!/bin/sh -e
                # ksplat: user=nobody lasts=30s
                echo "$0 $1 $(id -u) $(pwd) $HOME"
                for at in /proc /sys /dev /dev/pts /dev/shm /tmp /run /sys/fs/cgroup /sys/fs/bpf /dev/hugepages \\
                        /sys/kernel/debug /sys/kernel/tracing; do
                    grep -q " $at " /proc/mounts || echo "$at is missing"
                done
                ping -c 1 -w 5 127.0.0.1 >/dev/null || ifconfig lo | grep -q UP || echo "no loopback"
                echo x >file
                cat <file
                """, "one");
        assertThat(run.program().orElseThrow().stdout()).isEqualTo("./says.sh one 65534 /home /home\nx\n");
        assertThat(run.verdict()).isEqualTo(Verdict.CLEAN);
    }

    @Test
    @Tag("full")
    void aScriptThatFailsIsInconclusive() throws Exception {
        RunRecord run = run("fails.sh", "exit 7\n");
        assertThat(run.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(run.message()).contains("control exit:fails.sh: it exited with status 7");
    }

    @Test
    @Tag("full")
    void runsExecutables() throws Exception {
        RunRecord run = run(executable("-static"));
        assertThat(run.message()).isEmpty();
        assertThat(run.verdict()).isEqualTo(Verdict.CLEAN);
    }

    @Test
    @Tag("full")
    void givesThemTheMachineThatTheyAskFor() throws Exception {
        RunRecord run = run("asks.c", """
                // ksplat: cpus=1 memory=512M boot=ksplat.asked=1
                #include <stdio.h>
                #include <string.h>
                #include <unistd.h>
                int main(void)
                {
                	char line[4096] = "";
                	fread(line, 1, sizeof(line) - 1, fopen("/proc/cmdline", "r"));
                	printf("%ld CPUs, %d, %d\\n", sysconf(_SC_NPROCESSORS_ONLN),
                	       sysconf(_SC_PHYS_PAGES) > 90000, strstr(line, "ksplat.asked=1") != NULL);
                	return 0;
                }
                """);
        assertThat(run.verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(run.program().orElseThrow().stdout()).isEqualTo("1 CPUs, 1, 1\n");
    }

    /** Whether a page that it touches on a node comes from there, and how many nodes there are. */
    private static String nodes(String setting) {
        return "// ksplat: cpus=4 memory=512M " + setting + """

                #define _GNU_SOURCE
                #include <sched.h>
                #include <stdio.h>
                #include <string.h>
                #include <sys/mman.h>
                #include <sys/syscall.h>
                #include <unistd.h>

                int main(void)
                {
                	char online[100] = "";
                	unsigned int cpu, here;
                	int there = -1;
                	cpu_set_t last;
                	char *page;

                	if (!fgets(online, sizeof(online), fopen("/sys/devices/system/node/online", "r")))
                		return 2;
                	online[strcspn(online, "\\n")] = 0;
                	CPU_ZERO(&last);
                	CPU_SET(3, &last);
                	if (sched_setaffinity(0, sizeof(last), &last) || getcpu(&cpu, &here))
                		return 3;
                	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                	*page = 1;
                	if (syscall(SYS_move_pages, 0, 1UL, &page, NULL, &there, 0))
                		return 4;
                	printf("nodes %s, CPU %u on %u, its page on %d\\n", online, cpu, here, there);
                	return strcmp(online, "0-1") != 0;
                }
                """;
    }

    @Test
    void aMachineHasTheNodesThatItsProgramAsksFor() throws Exception {
        RunRecord two = run("two.c", nodes("nodes=2"));
        assertThat(two.message()).isEmpty();
        assertThat(two.verdict()).isEqualTo(Verdict.CLEAN);
        assertThat(two.program().orElseThrow().stdout()).isEqualTo("nodes 0-1, CPU 3 on 1, its page on 1\n");
        RunRecord one = run("one.c", nodes("nodes=1"));
        assertThat(one.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(one.program().orElseThrow().stdout()).isEqualTo("nodes 0, CPU 3 on 0, its page on 0\n");
    }

    /** The kernel takes no table with this parameter, and goes on with one node. */
    @Test
    @Tag("full")
    void aMachineWithFewerNodesIsAnError() throws Exception {
        RunRecord run = run("off.c", nodes("nodes=2 boot=numa=off"));
        assertThat(run.verdict()).isEqualTo(Verdict.ERROR);
        assertThat(run.message())
                .hasValueSatisfying(why -> assertThat(why)
                        .contains("the machine was to have 2 NUMA nodes, and")
                        .contains("has 1 of them online"));
    }

    private Path executable(String... flags) throws Exception {
        Path source = Files.writeString(folder.resolve("source.c"), "int main(void) { return 0; }\n");
        List<String> command = new java.util.ArrayList<>(List.of("gcc", "-o", "program", source.toString()));
        command.addAll(List.of(flags));
        Process gcc = new ProcessBuilder(command)
                .directory(folder.toFile())
                .inheritIO()
                .start();
        assertThat(gcc.waitFor()).isZero();
        return folder.resolve("program");
    }

    /** Nothing starts for these. */
    @Test
    void whatCannotRunSaysWhy() throws Exception {
        assertThat(run("wrong.c", "int main(void)\n{\n\treturn nothing;\n}\n")
                        .message()
                        .orElseThrow())
                .matches(".*/wrong.c:3: gcc: ['‘]nothing['’] undeclared.*");
        assertThat(run("unlinked.c", "int nothing(void);\nint main(void) { return nothing(); }\n")
                        .message()
                        .orElseThrow())
                .matches(".*/unlinked.c: gcc exited with 1: .*undefined reference to .nothing'");
        assertThat(run(executable("-no-pie")).message().orElseThrow())
                .contains("/program is linked dynamically and asks for /lib64/ld-linux-x86-64.so.2, libc.so.6, which");
        assertThat(run(Files.writeString(folder.resolve("text"), "a text"))
                        .message()
                        .orElseThrow())
                .contains("/text is no program");
        RunRecord script = run("asks.sh", "#!/usr/bin/env bash\ntrue\n");
        assertThat(script.message().orElseThrow()).contains("/asks.sh asks for bash, which no machine has");
        assertThat(script.verdict()).isEqualTo(Verdict.ERROR);
    }
}
