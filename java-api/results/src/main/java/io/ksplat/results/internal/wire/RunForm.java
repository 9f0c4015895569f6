// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.NmiRecord;
import io.ksplat.results.ProgramRecord;
import io.ksplat.results.ResourceUsage;
import io.ksplat.results.RunRecord;
import io.ksplat.results.SampledSpan;
import io.ksplat.results.TimelineEvent;
import io.ksplat.results.Timings;
import io.ksplat.results.ToolRecord;
import io.ksplat.results.internal.StoredRun;
import java.time.Instant;
import java.util.List;

/** {@link RunRecord} as JSON. */
final class RunForm {
    private static final Value<Verdict> VERDICT = Values.word(Verdict.class, Enum::name);
    private static final Value<Control.Role> ROLE = Values.word(Control.Role.class, Enum::name);

    private static final Form<KernelName> KERNEL = f -> new KernelName(
            f.text("spec", KernelName::spec),
            f.text("release", KernelName::release),
            f.text("key", KernelName::key),
            f.optionalText("config", KernelName::config));

    /** Schema 1 has no roles. */
    private static final Form<Control> CONTROL = f -> {
        String name = f.key(Control::name);
        Control control = new Control(
                f.orElse("role", ROLE, () -> Control.Role.ofName(name), Control::role),
                name,
                f.bigNumber("required", Control::required),
                f.bigNumber("observed", Control::observed),
                f.optionalLong("most", Control::most));
        f.derived("passed", Values.FLAG, Control::passed);
        return control;
    };

    private static final Value<List<Control>> CONTROLS = Values.keyed(CONTROL, Control::name);

    private static final Form<NmiRecord> NMI = f -> new NmiRecord(
            f.text("source", NmiRecord::source),
            f.optionalInt("cpu", NmiRecord::cpu),
            f.optionalHex("address", NmiRecord::address),
            f.optionalText("where", NmiRecord::where),
            f.optionalObject("task", EvidenceForm.TASK, NmiRecord::task),
            f.optionalLong("atMs", NmiRecord::atMs));

    private static final Form<TimelineEvent> EVENT = f -> new TimelineEvent(
            f.bigNumber("atMs", TimelineEvent::atMs),
            f.optionalInt("cpu", TimelineEvent::cpu),
            f.text("event", TimelineEvent::event),
            f.text("what", TimelineEvent::what));

    private static final Form<SampledSpan> SAMPLED = f -> new SampledSpan(
            f.number("cpu", SampledSpan::cpu),
            f.bigNumber("fromMs", SampledSpan::fromMs),
            f.bigNumber("toMs", SampledSpan::toMs),
            f.text("context", SampledSpan::context),
            f.number("samples", SampledSpan::samples),
            f.list("functions", Values.TEXT, SampledSpan::functions));

    private static final Form<Timings> TIMINGS = f -> new Timings(
            f.optionalLong("bootMs", Timings::bootMs),
            f.optionalLong("restoreMs", Timings::restoreMs),
            f.optionalLong("firstEvidenceMs", Timings::firstEvidenceMs),
            f.bigNumber("totalMs", Timings::totalMs));

    private static final Form<ResourceUsage> USAGE = f -> new ResourceUsage(
            f.bigNumber("userMs", ResourceUsage::userMs),
            f.bigNumber("systemMs", ResourceUsage::systemMs),
            f.bigNumber("maxRssKib", ResourceUsage::maxRssKib),
            f.bigNumber("minorFaults", ResourceUsage::minorFaults),
            f.bigNumber("majorFaults", ResourceUsage::majorFaults),
            f.bigNumber("voluntarySwitches", ResourceUsage::voluntarySwitches),
            f.bigNumber("involuntarySwitches", ResourceUsage::involuntarySwitches));

    private static final Form<ProgramRecord> PROGRAM = f -> new ProgramRecord(
            f.optionalInt("exit", ProgramRecord::exit),
            f.optionalInt("signal", ProgramRecord::signal),
            f.text("stdout", ProgramRecord::stdout),
            f.text("stderr", ProgramRecord::stderr),
            f.optionalObject("rusage", USAGE, ProgramRecord::usage));

    private static final Form<ToolRecord> TOOL = f -> new ToolRecord(
            f.text("version", ToolRecord::version),
            f.list("arguments", Values.TEXT, ToolRecord::arguments),
            f.optionalLong("seed", ToolRecord::seed));

    static final Form<RunRecord> RUN = f -> {
        String reproducer = f.text("reproducer", RunRecord::reproducer);
        KernelName kernel = f.object("kernel", KERNEL, RunRecord::kernel);
        String target = f.orElse("target", Values.TEXT, () -> "qemu", RunRecord::target);
        int attempt = f.number("attempt", RunRecord::attempt);
        int bootRetries = f.number("bootRetries", RunRecord::bootRetries);
        Verdict verdict = f.required("verdict", VERDICT, RunRecord::verdict);
        Verdict expected = f.required("expected", VERDICT, RunRecord::expected);
        f.derived("asExpected", Values.FLAG, RunRecord::asExpected);
        return new RunRecord(
                reproducer,
                kernel,
                target,
                attempt,
                bootRetries,
                verdict,
                expected,
                f.optionalText("mismatch", RunRecord::mismatch),
                f.optionalText("because", RunRecord::because),
                f.optionalText("message", RunRecord::message),
                f.list("evidence", EvidenceForm.EVIDENCE, RunRecord::evidence),
                f.required("controls", CONTROLS, RunRecord::controls),
                f.list("nmis", NMI, RunRecord::nmis),
                f.list("timeline", EVENT, RunRecord::timeline),
                f.unless(List.of(), "samples", Values.list(Values.object(SAMPLED)), RunRecord::samples),
                f.list("notes", Values.TEXT, RunRecord::notes),
                f.object("timings", TIMINGS, RunRecord::timings),
                f.text("accelerator", RunRecord::accelerator),
                origin(f.text("origin", RunRecord::origin)),
                f.optionalObject("program", PROGRAM, RunRecord::program),
                f.optionalLong("watchedMs", RunRecord::watchedMs),
                f.optionalObject("tool", TOOL, RunRecord::tool));
    };

    /** {@code run.json}. */
    static final Form<StoredRun> FILE = f -> {
        f.derived("schema", Values.INT, stored -> ReportJson.SCHEMA);
        Instant begun = f.required("begun", Values.INSTANT, StoredRun::begun);
        Instant ended = f.required("ended", Values.INSTANT, StoredRun::ended);
        f.derivedFlag("unfinished", stored -> !stored.run().isFinished());
        return new StoredRun(f.object("run", RUN, StoredRun::run), begun, ended);
    };

    private RunForm() {}

    /** Schema 1 calls that of a log so. */
    private static String origin(String written) {
        return written.equals("log") ? "real" : written;
    }
}
