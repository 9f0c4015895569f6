// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import java.io.IOException;
import java.io.OutputStream;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** Writes an XML document, an element a line. Its text may hold anything that a console does. */
final class XmlDocument {
    private final XMLStreamWriter xml;
    private int depth;
    private boolean endsWithElement;

    private XmlDocument(XMLStreamWriter xml) {
        this.xml = xml;
    }

    /** Writes one element, the document's only one on top. */
    @FunctionalInterface
    interface Content {
        void write(XmlDocument document) throws XMLStreamException;
    }

    static void write(OutputStream out, Content content) throws IOException {
        try {
            XMLStreamWriter xml = XMLOutputFactory.newInstance().createXMLStreamWriter(out, "UTF-8");
            xml.writeStartDocument("UTF-8", "1.0");
            content.write(new XmlDocument(xml));
            xml.writeEndDocument();
            xml.writeCharacters("\n");
            xml.close();
        } catch (XMLStreamException e) {
            throw e.getNestedException() instanceof IOException failed
                    ? failed
                    : new IOException("cannot write XML", e);
        }
    }

    void start(String element) throws XMLStreamException {
        line();
        xml.writeStartElement(element);
        depth++;
        endsWithElement = false;
    }

    /** An element of another name space than the default. */
    void start(String prefix, String element, String namespace) throws XMLStreamException {
        line();
        xml.writeStartElement(prefix, element, namespace);
        depth++;
        endsWithElement = false;
    }

    /** What name spaces the element that was started last makes known; an empty prefix for the default. */
    void namespace(String prefix, String namespace) throws XMLStreamException {
        xml.writeNamespace(prefix, namespace);
    }

    XmlDocument attribute(String name, String value) throws XMLStreamException {
        xml.writeAttribute(name, clean(value));
        return this;
    }

    void text(String text) throws XMLStreamException {
        xml.writeCharacters(clean(text));
        endsWithElement = false;
    }

    void end() throws XMLStreamException {
        depth--;
        if (endsWithElement) {
            line();
        }
        xml.writeEndElement();
        endsWithElement = true;
    }

    /** An element with nothing but attributes, which follow. */
    XmlDocument empty(String element) throws XMLStreamException {
        line();
        xml.writeEmptyElement(element);
        endsWithElement = true;
        return this;
    }

    XmlDocument empty(String prefix, String element, String namespace) throws XMLStreamException {
        line();
        xml.writeEmptyElement(prefix, element, namespace);
        endsWithElement = true;
        return this;
    }

    private void line() throws XMLStreamException {
        xml.writeCharacters("\n" + "  ".repeat(depth));
    }

    /** What XML 1.0 cannot hold becomes U+FFFD. */
    private static String clean(String text) {
        return text.codePoints()
                .map(c ->
                        c == '\n' || c == '\t' || (c >= 0x20 && c < 0xd800) || (c >= 0xe000 && c < 0xfffe) || c > 0xffff
                                ? c
                                : 0xfffd)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
