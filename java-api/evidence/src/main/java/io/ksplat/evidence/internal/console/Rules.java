// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Noise;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** All rules, the specific ones before the general ones. */
final class Rules {
    static final List<Rule> ALL = all();

    static final Keywords KEYWORDS = new Keywords(keywords());

    private Rules() {}

    /** What the kernel itself prints before a head: pr_fmt() of its parts, severities. */
    private static final String OWN =
            "(?:(?:NMI )?[Ww]atchdog: |rcu: |smp: |csd: |INFO: |WARNING: |BUG: |ERROR: |Oops: |\\[ ?|\\*+ |sched: |sched_ext: |kmemleak: |kfence: |lockdep: |hung_task: |workqueue: |unchecked )*+";

    private static final Pattern OWN_END = Pattern.compile(OWN + "$");

    /** The names of drivers and devices before a head. */
    private static final Pattern PREFIX = Pattern.compile("(?:[\\w.()/-]+(?: [\\w.:@/-]+)?: )*+" + OWN);

    /** Boundaries within a line at which a head is looked for. */
    private static final Pattern BOUNDARY = Pattern.compile("[:\\]>)|}\"] ?|\\t| {2,}| - |(?<=kernel) ");

    /** What the kernels of phones write behind the stamp: level, CPU, task and time, each in brackets. */
    private static final Pattern VENDORS =
            Pattern.compile("(?:[ -]*[A-Z]?(?:\\[[^\\[\\]]{1,60}\\]|\\([^()]{1,60}\\)|@\\d{1,3}(?= )))+ *");

    private static final int MOST_BOUNDARIES = 16;

    /** Lines that quote the name of a task: sched_show_task() of kernel/sched/core.c, print_task() of kernel/sched/debug.c. */
    private static final Pattern TASK = Pattern.compile(
            "task:.{1,16} state:[A-Z]| ?[>A-Z]{0,2} .{1,18} +\\d+ +\\d+\\.\\d{6} |.{1,15}/\\d+ (?:\\[.*\\] )?(?:is (?:trying|freeing|leaving)|takes:|just changed|invoked oom-killer)");

    /** What stands before the name of a task, of a machine (dump_stack_print_info, lib/dump_stack.c) or of what a program gave a name to. */
    private static final Pattern QUOTES = Pattern.compile(
            "\\b(?:Comm: |comm: |Hardware name: |Workqueue: |Modules linked in:|held by |by task |CPU#\\d+: |comm=\"|name: |[Pp]rocess )|\\d+ \\($");

    /**
     * A rule that matches a line.
     *
     * @param start where the kernel's own text begins
     * @param isPrefixed whether the text before the head is in the form that drivers have
     */
    record Match(Rule rule, Matcher head, int start, boolean isPrefixed) {}

    /**
     * Returns the rule whose report a line begins. The text of a line with the kernel's stamp is the kernel's own from its beginning:
     * further on it quotes, for example the name of a task.
     */
    static Optional<Match> match(Line line) {
        if (line.seconds().isEmpty()) {
            return match(line.text());
        }
        if (TASK.matcher(line.text()).lookingAt()) {
            return Optional.empty();
        }
        Optional<Match> whole = match(line.text(), 0);
        if (whole.isPresent()) {
            return whole;
        }
        Matcher vendors = VENDORS.matcher(line.text());
        return vendors.lookingAt() ? match(line.text().substring(vendors.end()), vendors.end()) : Optional.empty();
    }

    /** Returns the rule whose report the text begins, wherever the kernel's own text begins in it. */
    static Optional<Match> match(String text) {
        Optional<Match> whole = match(text, 0);
        if (whole.isPresent()) {
            return whole;
        }
        Matcher boundary = BOUNDARY.matcher(text);
        for (int i = 0; i < MOST_BOUNDARIES && boundary.find(); i++) {
            Optional<Match> part = match(text.substring(boundary.end()), boundary.end());
            if (part.isPresent()) {
                return part;
            }
        }
        return Optional.empty();
    }

    private static Optional<Match> match(String text, int skipped) {
        if (text.length() < Keywords.SHORTEST) {
            return Optional.empty();
        }
        for (Rule rule : ALL) {
            if (text.contains(rule.keyword())) {
                Matcher matcher = rule.head().matcher(text);
                if (matcher.find()) {
                    String before = text.substring(0, matcher.start());
                    if (QUOTES.matcher(before).find()) {
                        continue;
                    }
                    Matcher own = OWN_END.matcher(before);
                    int start = own.find() ? own.start() : matcher.start();
                    boolean prefixed = skipped == 0 && PREFIX.matcher(before).matches();
                    return Optional.of(new Match(rule, matcher, skipped + start, prefixed));
                }
            }
        }
        return Optional.empty();
    }

    private static List<Rule> all() {
        List<Rule> rules = new ArrayList<>();
        rules.addAll(StreamRules.RULES);
        rules.addAll(LockRules.RULES);
        rules.addAll(StallRules.RULES);
        rules.addAll(MemoryRules.RULES);
        rules.addAll(FaultRules.RULES);
        rules.addAll(WarningRules.RULES);
        rules.addAll(Net.RULES);
        return List.copyOf(rules);
    }

    private static List<String> keywords() {
        Set<String> words = new LinkedHashSet<>();
        ALL.forEach(rule -> words.add(rule.keyword()));
        for (Noise noise : Noise.values()) {
            words.add(noise.keyword());
        }
        // a search for the shorter word finds the longer one too
        return words.stream()
                .filter(word -> words.stream().noneMatch(other -> !other.equals(word) && word.contains(other)))
                .toList();
    }
}
