// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.history;

import java.io.IOException;
import java.sql.SQLException;
import java.util.regex.Pattern;

/** The history's database cannot be used; tells it in one line. */
final class HistoryException extends IOException {
    private static final long serialVersionUID = 1;
    private static final Pattern PASSWORD = Pattern.compile("(?i)(password=)[^&]*|(//[^/@:]*:)[^/@]*@");

    HistoryException(String message) {
        super(message);
    }

    private HistoryException(String message, SQLException cause) {
        super(message, cause);
    }

    static HistoryException of(String address, SQLException cause) {
        String why = String.valueOf(cause.getMessage()).replaceAll("\\s+", " ").strip();
        return new HistoryException("cannot use the history " + withoutPassword(address) + ": " + why, cause);
    }

    /** Returns an address as it may be printed. */
    static String withoutPassword(String address) {
        return PASSWORD.matcher(address).replaceAll(found -> found.group(1) != null ? "$1***" : "$2***@");
    }
}
