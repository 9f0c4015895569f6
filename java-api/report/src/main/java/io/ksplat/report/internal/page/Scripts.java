// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

/** How a page asks for its script. */
public final class Scripts {
    private Scripts() {}

    /**
     * Returns what loads the script where scripts run. Where they do not, as in Jenkins, what stands between the two elements is a
     * comment: a script that is refused would be an error in the browser's console.
     */
    public static String of(String root) {
        return "<noscript><!--</noscript><script src=\"" + root
                + "ksplat-report.js\" defer></script><noscript>--></noscript>";
    }
}
