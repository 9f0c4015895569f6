// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.internal.campaign.BenchRecord;
import io.ksplat.results.internal.campaign.BisectRecord;
import io.ksplat.results.internal.campaign.HuntRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import io.ksplat.results.internal.campaign.SweepRecord;

/** What many runs together say, as JSON: the fields that the commands print with {@code --json}, and what only pages show. */
final class CampaignForms {
    private static final Value<Verdict> VERDICT = Values.word(Verdict.class, Enum::name);

    private static final Form<SweepRecord.Point> POINT = f -> new SweepRecord.Point(
            f.number("n", SweepRecord.Point::n),
            f.required("address", Values.ADDRESS, SweepRecord.Point::address),
            f.text("function", SweepRecord.Point::function),
            f.bigNumber("offset", SweepRecord.Point::offset),
            f.required("verdict", VERDICT, SweepRecord.Point::verdict),
            f.optionalText("waitsFor", SweepRecord.Point::waitsFor),
            f.list("holds", Values.TEXT, SweepRecord.Point::holds),
            f.list("console", Values.TEXT, SweepRecord.Point::console),
            f.optionalText("message", SweepRecord.Point::message));

    private static final Form<SweepRecord.Stretch> STRETCH = f -> new SweepRecord.Stretch(
            f.number("from", SweepRecord.Stretch::from),
            f.number("to", SweepRecord.Stretch::to),
            f.number("measured", SweepRecord.Stretch::measured),
            f.number("inferred", SweepRecord.Stretch::inferred),
            f.required("verdict", VERDICT, SweepRecord.Stretch::verdict),
            f.optionalText("waitsFor", SweepRecord.Stretch::waitsFor));

    private static final Form<SweepRecord.Instruction> INSTRUCTION = f -> new SweepRecord.Instruction(
            f.bigNumber("offset", SweepRecord.Instruction::offset),
            f.text("text", SweepRecord.Instruction::text),
            f.text("effect", SweepRecord.Instruction::effect),
            f.list("visits", Values.INT, SweepRecord.Instruction::visits),
            f.unless(0, "more", Values.INT, SweepRecord.Instruction::more),
            f.optionalText("waitsFor", SweepRecord.Instruction::waitsFor));

    private static final Form<SweepRecord.Function> FUNCTION = f -> new SweepRecord.Function(
            f.text("name", SweepRecord.Function::name),
            f.required("address", Values.ADDRESS, SweepRecord.Function::address),
            f.bigNumber("size", SweepRecord.Function::size),
            f.list("code", INSTRUCTION, SweepRecord.Function::code));

    /** A sweep of an older ksplat has no path and no functions. */
    static final Form<SweepRecord> SWEEP = f -> new SweepRecord(
            f.text("reproducer", SweepRecord::reproducer),
            f.text("kernel", SweepRecord::kernel),
            f.text("key", SweepRecord::key),
            f.text("from", SweepRecord::from),
            f.number("cpu", SweepRecord::cpu),
            f.text("anchor", SweepRecord::anchor),
            f.required("seconds", Values.DOUBLE, SweepRecord::seconds),
            f.list("steps", POINT, SweepRecord::steps),
            f.list("refined", POINT, SweepRecord::refined),
            f.list("stretches", STRETCH, SweepRecord::stretches),
            f.list("path", Values.ADDRESS, SweepRecord::path),
            f.list("functions", FUNCTION, SweepRecord::functions));

    private static final Form<BisectRecord.End> END = f ->
            new BisectRecord.End(f.text("spec", BisectRecord.End::spec), f.text("release", BisectRecord.End::release));

    private static final Form<BisectRecord.Skipped> SKIPPED = f -> new BisectRecord.Skipped(
            f.text("what", BisectRecord.Skipped::what), f.text("reason", BisectRecord.Skipped::reason));

    private static final Form<BisectRecord.Member> MEMBER = f -> new BisectRecord.Member(
            f.text("what", BisectRecord.Member::what),
            f.optionalText("to", BisectRecord.Member::to),
            f.unless(1, "count", Values.INT, BisectRecord.Member::count),
            f.number("seen", BisectRecord.Member::seen),
            f.number("runs", BisectRecord.Member::runs),
            f.unless(false, "skipped", Values.FLAG, BisectRecord.Member::skipped),
            f.required("probability", Values.DOUBLE, BisectRecord.Member::probability));

    private static final Form<BisectRecord.Line> LINE = f -> new BisectRecord.Line(
            f.text("name", BisectRecord.Line::name), f.list("members", MEMBER, BisectRecord.Line::members));

    private static final Form<BisectRecord.Run> BISECT_RUN = f -> new BisectRecord.Run(
            f.text("what", BisectRecord.Run::what),
            f.optionalInt("position", BisectRecord.Run::position),
            f.text("outcome", BisectRecord.Run::outcome),
            f.text("word", BisectRecord.Run::word),
            f.optionalText("folder", BisectRecord.Run::folder));

    static final Form<BisectRecord> BISECT = f -> new BisectRecord(
            f.text("verdict", BisectRecord::verdict),
            f.required("errorBound", Values.DOUBLE, BisectRecord::errorBound),
            f.number("runs", BisectRecord::runs),
            f.optionalObject("from", END, BisectRecord::from),
            f.optionalObject("to", END, BisectRecord::to),
            f.optionalText("commit", BisectRecord::commit),
            f.list("skipped", SKIPPED, BisectRecord::skipped),
            f.list("remarks", Values.TEXT, BisectRecord::remarks),
            f.text("reproducer", BisectRecord::reproducer),
            f.text("find", BisectRecord::find),
            f.list("lines", LINE, BisectRecord::lines),
            f.list("history", BISECT_RUN, BisectRecord::history));

    private static final Form<PatchRecord.Sides> SIDES = f -> new PatchRecord.Sides(
            f.number("base", PatchRecord.Sides::base), f.number("patched", PatchRecord.Sides::patched));

    private static final Form<PatchRecord.After> AFTER = f -> new PatchRecord.After(
            f.text("patch", PatchRecord.After::patch), f.text("verdict", PatchRecord.After::verdict));

    private static final Form<PatchRecord.Side> SIDE = f -> new PatchRecord.Side(
            f.number("seen", PatchRecord.Side::seen),
            f.number("runs", PatchRecord.Side::runs),
            f.required("low", Values.DOUBLE, PatchRecord.Side::low),
            f.required("high", Values.DOUBLE, PatchRecord.Side::high),
            f.list("folders", Values.TEXT, PatchRecord.Side::folders));

    private static final Form<PatchRecord.Place> PLACE = f -> new PatchRecord.Place(
            f.text("file", PatchRecord.Place::file),
            f.number("line", PatchRecord.Place::line),
            f.text("function", PatchRecord.Place::function));

    private static final Form<PatchRecord.Comparison> COMPARISON = f -> new PatchRecord.Comparison(
            f.text("reproducer", PatchRecord.Comparison::reproducer),
            f.optionalText("verdict", PatchRecord.Comparison::verdict),
            f.required("errorBound", Values.DOUBLE, PatchRecord.Comparison::errorBound),
            f.text("why", PatchRecord.Comparison::why),
            f.object("base", SIDE, PatchRecord.Comparison::base),
            f.object("patched", SIDE, PatchRecord.Comparison::patched),
            f.optionalObject("at", PLACE, PatchRecord.Comparison::at));

    static final Form<PatchRecord> PATCH = f -> new PatchRecord(
            f.text("verdict", PatchRecord::verdict),
            f.required("errorBound", Values.DOUBLE, PatchRecord::errorBound),
            f.object("runs", SIDES, PatchRecord::runs),
            f.object("reproduced", SIDES, PatchRecord::reproduced),
            f.text("why", PatchRecord::why),
            f.text("base", PatchRecord::base),
            f.text("profile", PatchRecord::profile),
            f.list("series", Values.TEXT, PatchRecord::series),
            f.list("after", AFTER, PatchRecord::after),
            f.list("reproducers", COMPARISON, PatchRecord::reproducers));

    private static final Form<BenchRecord.Figure> FIGURE = f -> new BenchRecord.Figure(
            f.text("name", BenchRecord.Figure::name),
            f.text("unit", BenchRecord.Figure::unit),
            f.required("median", Values.DOUBLE, BenchRecord.Figure::median),
            f.required("min", Values.DOUBLE, BenchRecord.Figure::min),
            f.required("max", Values.DOUBLE, BenchRecord.Figure::max),
            f.number("runs", BenchRecord.Figure::runs),
            f.list("values", Values.DOUBLE, BenchRecord.Figure::values));

    private static final Form<BenchRecord.Ratio> RATIO = f -> new BenchRecord.Ratio(
            f.text("name", BenchRecord.Ratio::name),
            f.required("value", Values.DOUBLE, BenchRecord.Ratio::value),
            f.optionalDouble("low", BenchRecord.Ratio::low),
            f.optionalDouble("high", BenchRecord.Ratio::high));

    static final Form<BenchRecord> BENCH = f -> new BenchRecord(
            f.text("bench", BenchRecord::bench),
            f.required("environment", Values.map(), BenchRecord::environment),
            f.list("figures", FIGURE, BenchRecord::figures),
            f.list("ratios", RATIO, BenchRecord::ratios));

    private static final Form<HuntRecord.Finding> FINDING = f -> new HuntRecord.Finding(
            f.text("signature", HuntRecord.Finding::signature),
            f.text("lock", HuntRecord.Finding::lock),
            f.text("from", HuntRecord.Finding::from),
            f.text("to", HuntRecord.Finding::to),
            f.number("points", HuntRecord.Finding::points),
            f.flag("confirmed", HuntRecord.Finding::confirmed),
            f.flag("known", HuntRecord.Finding::known),
            f.optionalText("reason", HuntRecord.Finding::reason),
            f.text("reproducer", HuntRecord.Finding::reproducer));

    private static final Form<HuntRecord.Operation> OPERATION = f -> new HuntRecord.Operation(
            f.text("name", HuntRecord.Operation::name),
            f.text("mode", HuntRecord.Operation::mode),
            f.text("answer", HuntRecord.Operation::answer),
            f.number("instructions", HuntRecord.Operation::instructions),
            f.number("points", HuntRecord.Operation::points),
            f.number("succeeded", HuntRecord.Operation::succeeded),
            f.list("locks", Values.TEXT, HuntRecord.Operation::locks),
            f.list("findings", FINDING, HuntRecord.Operation::findings),
            f.optionalText("message", HuntRecord.Operation::message));

    static final Form<HuntRecord> HUNT = f -> new HuntRecord(
            f.text("kernel", HuntRecord::kernel),
            f.bigNumber("seed", HuntRecord::seed),
            f.list("operations", OPERATION, HuntRecord::operations),
            f.list("untried", Values.TEXT, HuntRecord::untried));

    private CampaignForms() {}
}
