// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit.internal;

import io.ksplat.engine.RunSettings;
import io.ksplat.junit.Kernels;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContext;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContextProvider;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** Makes one invocation of a class for each kernel that {@link Kernels} names. */
public final class KernelsExtension implements ClassTemplateInvocationContextProvider {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(KernelsExtension.class);

    /** The kernel of the invocation that a test belongs to. */
    static Optional<String> kernel(ExtensionContext context) {
        return Optional.ofNullable(context.getStore(NAMESPACE).get(RunSettings.Keys.KERNEL, String.class));
    }

    @Override
    public boolean supportsClassTemplate(ExtensionContext context) {
        return AnnotationSupport.isAnnotated(context.getRequiredTestClass(), Kernels.class);
    }

    @Override
    public Stream<? extends ClassTemplateInvocationContext> provideClassTemplateInvocationContexts(
            ExtensionContext context) {
        Optional<String> given = JUnitSettings.kernel(context);
        String[] named = AnnotationSupport.findAnnotation(context.getRequiredTestClass(), Kernels.class)
                .map(Kernels::value)
                .orElseThrow();
        if (named.length == 0) {
            throw new IllegalStateException(
                    context.getRequiredTestClass().getName() + ": @Kernels names no kernel, so nothing would run");
        }
        return given.map(Stream::of).orElseGet(() -> Arrays.stream(named)).map(On::new);
    }

    private record On(String kernel) implements ClassTemplateInvocationContext {
        @Override
        public String getDisplayName(int index) {
            return kernel;
        }

        @Override
        public void prepareInvocation(ExtensionContext context) {
            context.getStore(NAMESPACE).put(RunSettings.Keys.KERNEL, kernel);
        }
    }
}
